"""Slopes as one text: numbers with commas between them, and VALUExCOUNT for repeats."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from amsgrad.field_types import FieldType, Real
from amsgrad.options import shown

LONGEST = 1_000_000  # steps of a period
LONGEST_TEXT = 50_000  # characters, which a configuration file can hold
ENTRY = re.compile(r"([^x,\s]+)(?:x(\d{1,7}))?", re.ASCII)
REAL = Real()


class Run(NamedTuple):
    """A slope that comes so many times, one step after another."""

    slope: float
    times: int


class SlopeText(FieldType):
    """The slopes of a period, of which not all are 0, as their shortest text.

    It reads texts, whose numbers are separated by commas or white space, lists of numbers or of
    their texts, and a single number.

    >>> SlopeText().read("1010, -10x50 -10x50")
    '1010,-10x100'
    >>> SlopeText().read([3, -1.0, -1])
    '3,-1x2'
    """

    metavar = "SLOPES"

    def __str__(self) -> str:
        return (
            "numbers such as 1010,-10x100, where the -10 comes 100 times, not all 0 and at most"
            f" {LONGEST:,}"
        )

    def read(self, given: object) -> str:
        if isinstance(given, str):
            return _checked(runs_in(given))
        if isinstance(given, np.ndarray):
            given = given.tolist()
        return _checked(map(_entry, given if isinstance(given, list | tuple) else [given]))

    def hint(self, given: object) -> str:
        try:
            self.read(given)
        except (TypeError, ValueError, ArithmeticError) as error:
            return f" ({error})" if str(error) else ""
        return ""

    def is_one(self, given: Any) -> bool:
        """Return True for a list of single numbers, or of texts of such as 3 or -1x2."""
        try:
            return [_entry(entry) for entry in given] != []
        except (TypeError, ValueError, ArithmeticError):
            return False

    def size(self, value: str) -> float:
        return max(abs(run.slope) for run in runs(value))


@lru_cache(maxsize=256)
def runs(text: str) -> tuple[Run, ...]:
    """Return the runs of equal slopes of a text that `SlopeText` has read."""
    return tuple(map(_run, text.split(",")))


def numbers_of(text: str) -> list[float]:
    """Return the slopes of a text that `SlopeText` has read.

    >>> numbers_of("3,-1x2")
    [3.0, -1.0, -1.0]
    """
    return [run.slope for run in runs(text) for _ in range(run.times)]


def text_of(numbers: Iterable[float]) -> str:
    """Return the shortest text of slopes.

    Raises:
        ValueError: they are not slopes that `SlopeText` reads.

    >>> text_of([0.5, -1, -1])
    '0.5,-1x2'
    """
    return _checked(map(_entry, numbers))


@lru_cache(maxsize=256)
def exact_sum(text: str) -> Fraction:
    """Return the sum of the decimals as they are written: in floating point 0.3 - 3 * 0.1 is not 0.

    >>> exact_sum("0.3,-0.1x3")
    Fraction(0, 1)
    """
    return sum((Fraction(str(run.slope)) * run.times for run in runs(text)), Fraction(0))


def runs_in(text: str) -> Iterator[Run]:
    """Return what a text of slopes shows, with commas or white space between the numbers.

    Raises:
        ValueError: the reason, in words.
    """
    found = text.strip()
    return map(_run, re.split(r"\s*,\s*|\s+", found) if found else [])


def _entry(given: object) -> Run:
    return _run(given.strip()) if isinstance(given, str) else Run(REAL.read(given) + 0.0, 1)


def _run(text: str) -> Run:
    match = ENTRY.fullmatch(text)
    slope = None
    if match is not None:
        with suppress(ValueError):
            slope = REAL.read(match[1]) + 0.0  # not -0
    if match is None or slope is None:
        raise ValueError(f"{shown(text)} is not a finite number")
    times = int(match[2] or 1)
    if not times:
        raise ValueError(f"{text} comes no time")
    return Run(slope, times)


def _checked(found: Iterable[Run]) -> str:
    """Return the text of runs, of which neighbours of one slope become one."""
    joined, steps = [], 0
    for slope, alike in groupby(found, lambda run: run.slope):
        times = sum(run.times for run in alike)
        joined.append(_short(slope) + (f"x{times}" if times > 1 else ""))
        steps += times
    if joined in ([], ["0"], [f"0x{steps}"]):
        raise ValueError("all of them are 0" if joined else "there are none")
    if steps > LONGEST:
        raise ValueError(f"there are {steps:,}")
    text = ",".join(joined)
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"as one text they have {len(text):,} characters, above {LONGEST_TEXT:,}")
    return text


def _short(slope: float) -> str:
    return str(int(slope)) if slope.is_integer() and abs(slope) < 1e16 else repr(slope)
