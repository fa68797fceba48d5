"""Runs for figures: compiled, held to the reference engine over their first steps, on all cores."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.batch import Batch
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.base import Engine, Records, Setup
from amsgrad.engines.reference import Reference
from amsgrad.engines.base import State
from amsgrad.rules.rule import Rule
from amsgrad.verification import Disagreement

VERIFIED = 200  # steps
NOTHING = np.empty(0, np.int64)  # is recorded
LANES = 256  # runs in a block: enough for vector instructions, and few enough for the cache

T = TypeVar("T")
R = TypeVar("R")


def on_all_cores(function: Callable[[T], R], arguments: Iterable[T]) -> list[R]:
    """`map`, in threads: compiled code runs side by side."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, arguments))


def hold(engine: Engine[Any], setup: Setup, rule: Rule, start: State | None = None) -> None:
    """Compare a scalar engine's state with the reference engine's, after the first steps.

    Args:
        engine: one that was made for this setup and rule.
        start: where the run begins, if not at its beginning.

    Raises:
        Disagreement: x, a variable of the memory or a sum differs in a bit.
    """
    plain = Reference(setup, rule)
    begin = plain.init() if start is None else start
    expected, _ = plain.advance(begin, VERIFIED, NOTHING)
    found, _ = engine.advance(begin, VERIFIED, NOTHING)
    if found != expected:
        raise Disagreement(f"after {VERIFIED} steps: {found}, but by the definition {expected}")


def run(setup: Setup, rule: Rule, record_at: NDArray[np.int64]) -> Records:
    """Run to the last of these steps and record them.

    Raises:
        Disagreement: the compiled engine left the path of the reference engine.
    """
    engine = Compiled(setup, rule)
    hold(engine, setup, rule)
    return engine.advance(engine.init(), int(record_at[-1]), record_at)[1]


def run_many(
    setups: Sequence[Setup], rules: Sequence[Rule], record_at: NDArray[np.int64]
) -> Records:
    """The same for many setups of one kind, each with its rule.

    The columns have the shape (steps, runs); the first and the last run of each block are compared.

    Raises:
        Disagreement: as above.
    """

    def block(start: int) -> Records:
        engine = Batch(setups[start : start + LANES], rules[start : start + LANES])
        found, _ = engine.advance(engine.init(), VERIFIED, NOTHING)
        for i in (0, len(engine.setups) - 1):
            plain = Reference(engine.setups[i], engine.rules[i])
            expected, _ = plain.advance(plain.init(), VERIFIED, NOTHING)
            memory = tuple(entry[i] for entry in found.memory)
            if (found.x[i], memory) != (expected.x, tuple(expected.memory)):
                raise Disagreement(f"after {VERIFIED} steps: x = {found.x[i]}, memory {memory}, but"
                                   f" by the definition {expected}")  # fmt: skip
        return engine.advance(engine.init(), int(record_at[-1]), record_at)[1]

    parts = on_all_cores(block, range(0, len(setups), LANES))
    columns = zip(*(part[1:] for part in parts), strict=True)
    return Records(record_at, *(np.concatenate(column, axis=1) for column in columns))


def variable(dims: str | tuple[str, ...], values: Any, long_name: str, units: str = "1") -> Any:
    """A variable of a data set with what netCDF's conventions ask for."""
    return (dims, values, {"long_name": long_name, "units": units})
