"""Where the numbers of each run lie on the device: three buffers, a row per number.

    reals     in the run's precision: x, the memory, and what the problem keeps in that precision
    doubles   in float64: the sums, step size and rates, and the other real numbers
    words     in 64 bits: finite, whole numbers, random bits

An element of a row is a run's, so that neighbouring threads read neighbouring numbers.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.base import Setup
from amsgrad.engines.jit import named
from amsgrad.rules.rule import Rule

X, FINITE = 0, 0  # rows of reals and of words
SUMS = ("total", "error", "open")  # of regrets in rows 0 to 2 of doubles, of slopes in 3 to 5
LR, LR_RATE, BETA1, BETA1_RATE = 6, 7, 8, 9


class Place(NamedTuple):
    """The place of one entry of a NamedTuple.

    Args:
        buffer: its name.
        first: the first row.
        length: of an array, a row per element; 0 for a number.
        dtype: what the functions of the rule and of the problem are given.
    """

    buffer: str
    first: int
    length: int
    dtype: str

    @property
    def rows(self) -> slice:
        """The rows of the buffer."""
        return slice(self.first, self.first + max(self.length, 1))

    @property
    def code(self) -> str:
        """The expression that reads it for run i, in numba's subset of Python."""
        if self.length:
            return f"{self.buffer}[{self.rows.start}:{self.rows.stop}, i]"
        entry = f"{self.buffer}[{self.first}, i]"
        if self.dtype == "bool":
            return f"{entry} != 0"
        return entry if self.dtype in ("real", "float64", "int64") else f"np.{self.dtype}({entry})"


class Layout(NamedTuple):
    """The places of all that differs from run to run, and how many rows each buffer has."""

    memory: tuple[Place, ...]
    parameters: tuple[Place, ...]
    hyper: tuple[Place, ...]
    reals: int
    doubles: int
    words: int


class Unplaced(ValueError):
    """An entry of a NamedTuple is neither a number nor a row of numbers."""


def layout_of(setups: Sequence[Setup], rules: Sequence[Rule]) -> Layout:
    """Return where the numbers of these runs, of one kind, lie.

    Raises:
        Unplaced: the rule's h or the problem's parameters hold something else than numbers.
    """
    real = np.dtype(setups[0].dtype)
    free = {"reals": 1, "doubles": BETA1_RATE + 1, "words": 1}

    def place(column: NDArray[Any], whose: str) -> Place:
        sort = column.dtype.kind
        if sort not in "biuf" or column.ndim > 2 or (column.ndim == 2 and sort not in "fi"):
            raise Unplaced(f"{whose} has an entry that is neither a number nor a row of numbers")
        if column.dtype == real:
            buffer, dtype = "reals", "real"
        else:
            buffer, dtype = "doubles" if sort == "f" else "words", column.dtype.name
        length = column.shape[1] if column.ndim == 2 else 0
        first = free[buffer]
        free[buffer] += max(length, 1)
        return Place(buffer, first, length, dtype)

    memory = tuple(place(np.zeros(1, real), "") for _ in rules[0].memory._fields)
    numbers = [setup.problem.parameters(setup.dtype) for setup in setups]
    parameters = tuple(place(column, "the problem") for column in columns(numbers))
    hyper = tuple(place(column, "the rule") for column in columns([rule.h for rule in rules]))
    return Layout(memory, parameters, hyper, **free)


def columns(rows: Sequence[Any]) -> list[NDArray[Any]]:
    """Return an array per entry of these NamedTuples, with an element, or a row, per run."""
    return [np.array(column) for column in zip(*rows, strict=True)]


def fill(layout: Layout, setups: Sequence[Setup], rules: Sequence[Rule]) -> dict[str, NDArray[Any]]:
    """Return the three buffers with the runs before their first step."""
    n, real = len(setups), setups[0].dtype
    buffers: dict[str, NDArray[Any]] = {
        "reals": np.zeros((layout.reals, n), real),
        "doubles": np.zeros((layout.doubles, n)),
        "words": np.zeros((layout.words, n), np.int64),
    }
    buffers["reals"][X] = [setup.x0 for setup in setups]
    buffers["words"][FINITE] = 1
    buffers["doubles"][LR] = [setup.lr for setup in setups]
    buffers["doubles"][LR_RATE] = [setup.schedule_rate for setup in setups]
    buffers["doubles"][BETA1] = [rule.beta1 for rule in rules]
    buffers["doubles"][BETA1_RATE] = [setup.beta1_rate for setup in setups]
    starts = [rule.start or [0.0] * len(rule.memory._fields) for rule in rules]
    numbers = [setup.problem.parameters(real) for setup in setups]
    placed = [
        *zip(layout.memory, columns(starts), strict=True),
        *zip(layout.parameters, columns(numbers), strict=True),
        *zip(layout.hyper, columns([rule.h for rule in rules]), strict=True),
    ]
    for place, column in placed:
        into = buffers[place.buffer][place.rows]
        # of 64 random bits the same bits, as a number that may be negative
        into[:] = column.view(np.int64) if column.dtype == np.uint64 else column.T
    return buffers


def reader(cls: type[Any], places: Sequence[Place], **fixed: str) -> Any:
    """Return the function that reads a NamedTuple of run i, in numba's subset of Python.

    Args:
        fixed: expressions in the place of entries.
    """
    entries = (fixed.get(f, p.code) for f, p in zip(cls._fields, places, strict=True))
    names = {"cls": cls, "np": np}
    read = eval(f"lambda reals, doubles, words, i: cls({', '.join(entries)})", names)
    return named(read, cls, tuple(places), fixed)


def writer(cls: type[Any], places: Sequence[Place]) -> Any:
    """Return the function that writes the rule's memory of run i, likewise."""
    lines = [f"    reals[{place.first}, i] = row[{j}]" for j, place in enumerate(places)]
    names: dict[str, Any] = {}
    exec("\n".join(["def write(reals, i, row):", *lines]), names)
    return named(names["write"], cls, tuple(places))
