"""The types of options: each reads a value from a text, a number or Python.

A value is read in the same way from a command line, from a file and from Python: the text "0.9"
gives the number 0.9.
"""

import difflib
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral
from numbers import Real as AnyReal
from typing import Any

INT64 = 2**63 - 1  # the compiled engines count steps in int64


class FieldType:
    """The values that an option may have; `str` of it describes them in words."""

    metavar = "NAME"  # the name of a value in --help

    def read(self, given: object) -> Any:
        """Return the value that `given` stands for.

        Raises:
            TypeError, ValueError, ArithmeticError: it does not stand for an allowed value.
        """
        raise NotImplementedError

    def hint(self, given: object) -> str:
        """Return a guess at what was meant, to be added to the error, or an empty text."""
        return ""

    def is_one(self, given: Collection[Any]) -> bool:
        """Return whether a list is one value, and not several."""
        return False

    def size(self, value: Any) -> float:
        """Return the largest size of a number that the precision of a run must hold."""
        return 0.0


@dataclass(frozen=True)
class Whole(FieldType):
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
class Real(FieldType):
    """A finite number in [least, most], in [least, below), or, with `above`, open at its start."""

    metavar = "X"

    least: float = -math.inf
    most: float = math.inf
    below: float = math.inf
    above: float = -math.inf

    def __str__(self) -> str:
        if self.above > -math.inf:
            if self.most == self.below == math.inf:
                return f"a finite number above {self.above:g}"
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

    def size(self, value: float) -> float:
        return abs(value)


@dataclass(frozen=True)
class OneOf(FieldType):
    """One of a few names; they may be those of a registry, which grows."""

    names: Collection[str]

    def __str__(self) -> str:
        *others, last = self.names
        return " or ".join(filter(None, [", ".join(others), last]))

    def read(self, given: object) -> str:
        if not isinstance(given, str) or given not in self.names:
            raise ValueError
        return given

    def hint(self, given: object) -> str:
        return closest(given, self.names)


def closest(given: object, names: Iterable[str], dashes: str = "") -> str:
    """Return a question for a misspelt name: '; did you mean --lr?', or an empty text."""
    near = difflib.get_close_matches(str(given).lower(), list(names), n=1)
    return f"; did you mean {dashes}{near[0]}?" if near else ""


def _text_or_number(given: object) -> str | int | float:
    if isinstance(given, bool) or not isinstance(given, str | int | float | AnyReal):
        raise TypeError
    if isinstance(given, str | int | float):
        return given
    return int(given) if isinstance(given, Integral) else float(given)
