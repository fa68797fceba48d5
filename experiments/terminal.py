"""The one printer of all commands: results on standard output, everything else beside it."""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from experiments.files.strict_json import to_json


def say(text: str, end: str = "\n") -> None:
    """Print on standard error; a closed terminal costs nothing."""
    with suppress(OSError, ValueError, AttributeError):  # a full pipe; a closed or missing stream
        print(text, end=end, file=sys.stderr, flush=True)


def is_live() -> bool:
    """Return whether standard error is a terminal, on which a line can be written over."""
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # a missing or closed stream
        return False


def show(
    lines: Sequence[str], summary: Mapping[str, object] | None = None, *, json: bool = False
) -> str | None:
    """Print a result: its lines, or with `json` the summary as the last line of standard output.

    Returns:
        Why standard output cannot take it; None where it was printed.
    """
    if json:
        say("\n".join(lines))
    try:
        print(to_json(summary or {}) if json else "\n".join(lines), flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left in the buffer goes there
        return error.strerror
    return None


def show_lists(**lists: Mapping[str, str]) -> None:
    """Print lists of names, each with a line, under their titles."""
    for title, entries in lists.items():
        show([f"{title}:", *(f"  {name:15} {line}" for name, line in entries.items())])
