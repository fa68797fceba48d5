"""Types of options that only the commands have: folders, files, addresses, texts."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from amsgrad.field_types import FieldType, OneOf

FORMATS = ("png", "svg", "pdf")


class Place(FieldType):
    """The path of a folder or a file."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.metavar = what.upper()

    def __str__(self) -> str:
        return f"the name of a {self.what}"

    def read(self, given: object) -> Path:
        if not isinstance(given, str | Path) or not str(given).strip() or "\0" in str(given):
            raise ValueError
        try:
            return Path(given).expanduser()
        except RuntimeError:  # of a user who does not exist
            raise ValueError from None


class Address(FieldType):
    """The address of a dashboard."""

    metavar = "URL"

    def __str__(self) -> str:
        return "http(s)://host[:port]"

    def read(self, given: object) -> str:
        form = r"(https?://(?:[\w.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?)/?"
        match = re.fullmatch(form, str(given), re.ASCII | re.IGNORECASE)
        if not match or int(match[2] or 1) not in range(1, 2**16):
            raise ValueError
        return match[1]


class Text(FieldType):
    """Any text of at least one letter that can be seen."""

    def __init__(self, metavar: str, what: str) -> None:
        self.metavar = metavar
        self.what = what

    def __str__(self) -> str:
        return self.what

    def read(self, given: object) -> Any:
        if not isinstance(given, str) or not given.strip():
            raise ValueError
        return given


class Several(FieldType):
    """Values of one type with commas between them, each once; "all" stands for all that are here.

    Args:
        each: the type.
        here: the values that "all" stands for, if there are such.
    """

    def __init__(self, each: FieldType, here: Collection[str] = ()) -> None:
        self.each = each
        self.here = here
        self.metavar = each.metavar

    def __str__(self) -> str:
        return f"{self.each}, several with commas" + (", or all" if self.here else "")

    def read(self, given: object) -> tuple[Any, ...]:
        values: list[Any] = []
        for part in str(given).split(","):
            one = part.strip()
            values.extend(self.here if one == "all" and self.here else [self.each.read(one)])
        return tuple(dict.fromkeys(values))

    def hint(self, given: object) -> str:
        hints = (self.each.hint(part.strip()) for part in str(given).split(","))
        return next(filter(None, hints), "")


class Formats(FieldType):
    """Kinds of picture files, with commas between them."""

    metavar = "LIST"

    def __str__(self) -> str:
        return f"a list of {', '.join(FORMATS)}, with commas"

    def read(self, given: object) -> str:
        chosen = {OneOf(FORMATS).read(part.strip().lower()) for part in str(given).split(",")}
        return ",".join(form for form in FORMATS if form in chosen)
