"""What an option may be: read alike from a command line, a file and Python, and said in words."""

import difflib
import math
import reprlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

INT64 = 2**63 - 1  # the compiled engines count steps in int64


class ConfigError(ValueError):
    """A setting that cannot be; the message is one sentence for the person who gave it."""


def shown(given: object) -> str:
    """`given` in a sentence: short and on one line, whatever it holds."""
    if given is None:
        return "null"
    plain = isinstance(given, str) and given.isprintable() and given.strip()
    text = str(given) if plain else " ".join(reprlib.repr(given).split())
    return text if len(text) <= 80 else text[:77] + "..."


def closest(given: object, names: Iterable[str], dashes: str = "") -> str:
    """A question for a misspelt name: '; did you mean --lr?', or nothing where none is near."""
    near = difflib.get_close_matches(str(given).lower(), list(names), n=1)
    return f"; did you mean {dashes}{near[0]}?" if near else ""


class Kind:
    """What a setting may be: `read` gives the value or raises, `str` says in words what it takes.

    A value is read alike from a command line, from a file and from Python, so a text is as good
    as the number that it spells.
    """

    metavar = "NAME"  # how --help calls a value

    def read(self, given: object) -> Any:
        """The value that `given` stands for; TypeError, ValueError or ArithmeticError."""
        raise NotImplementedError

    def hint(self, given: object) -> str:
        """What the person may have meant; appended to the error."""
        return ""


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number in [least, most]; 1e7 and 10_000_000 are whole numbers, 1.5 is not."""

    metavar = "N"

    least: int
    most: int = INT64

    def __str__(self) -> str:
        most = "2**63 - 1" if self.most == INT64 else self.most
        return f"a whole number from {self.least} to {most}"

    def read(self, given: object) -> int:
        number = Decimal(_text_or_number(given))  # a float would round 1.234567890123456789e18
        if not self.least <= number <= self.most or number != int(number):
            raise ValueError
        return int(number)


@dataclass(frozen=True)
class Real(Kind):
    """A finite number in [least, most], in [least, below), or, with `above`, open at its start."""

    metavar = "X"

    least: float = -math.inf
    most: float = math.inf
    below: float = math.inf
    above: float = -math.inf

    def __str__(self) -> str:
        if self.above > -math.inf:
            end = f"{self.below:g})" if self.below < math.inf else f"{self.most:g}]"
            return f"a number in ({self.above:g}, {end}"
        if self.below < math.inf:
            return f"a number in [{self.least:g}, {self.below:g})"
        if self.most < math.inf:
            return f"a number in [{self.least:g}, {self.most:g}]"
        return "a finite number" + (f", {self.least:g} or more" if self.least > -math.inf else "")

    def read(self, given: object) -> float:
        number = float(_text_or_number(given))
        inside = self.least <= number <= self.most and self.above < number < self.below
        if not inside or not math.isfinite(number):
            raise ValueError
        return number


@dataclass(frozen=True)
class OneOf(Kind):
    """One of a few names."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return " or ".join(filter(None, [", ".join(self.names[:-1]), self.names[-1]]))

    def read(self, given: object) -> str:
        if not isinstance(given, str) or given not in self.names:
            raise ValueError
        return given

    def hint(self, given: object) -> str:
        return closest(given, self.names)


@dataclass(frozen=True)
class Optimizer(OneOf):
    """The name of a rule, or package.module:Class; only the form of the latter is checked."""

    def __str__(self) -> str:
        return f"{', '.join(self.names)} or package.module:Class of a torch optimizer"

    def read(self, given: object) -> str:
        return given if isinstance(given, str) and _is_path(given) else super().read(given)

    def hint(self, given: object) -> str:
        path = ":".join(str(given).rsplit(".", 1))
        return f"; did you mean {path}?" if _is_path(path) else super().hint(given)


def _is_path(text: str) -> bool:
    module, _, name = text.partition(":")
    return all(part.isidentifier() for part in [*module.split("."), name])


def _text_or_number(given: object) -> str | int | float:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise TypeError
    return given


class Setting(NamedTuple):
    """What is known of one option: what it may be, a sentence for --help, and its default."""

    kind: Kind
    sentence: str
    default: Any

    def read(self, given: object, label: str) -> Any:
        """The value of `given`, or a ConfigError that calls the setting `label`."""
        if given is None and self.default is None:
            return None
        try:
            return self.kind.read(given)
        except (TypeError, ValueError, ArithmeticError):
            hint = self.kind.hint(given)
            message = f"{label} must be {self.kind}, but {shown(given)} was given{hint}"
            raise ConfigError(message) from None
