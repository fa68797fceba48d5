"""Runs for figures: compiled, held to the reference engine over their first steps, on all cores."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.batch import Batch
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.contract import Records, Setup
from amsgrad.engines.reference import Reference
from amsgrad.problems.problem import Problem
from amsgrad.rules.rule import Rule
from amsgrad.verification import Disagreement, follow, verify

VERIFIED = 200  # steps
LANES = 256  # runs in a block: enough for vector instructions, and few enough for the cache

T = TypeVar("T")
R = TypeVar("R")


def on_all_cores(function: Callable[[T], R], arguments: Iterable[T]) -> list[R]:
    """`map`, in threads: compiled code runs side by side."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, arguments))


def run(setup: Setup, rule: Rule, record_at: NDArray[np.int64]) -> Records:
    """Run to the last of these steps and record them.

    Raises:
        Disagreement: the compiled engine left the path of the reference engine.
    """
    engine = Compiled(setup, rule)
    verify(engine, rule, follow(Reference(setup, rule), "the reference engine", VERIFIED), 0.0)
    return engine.advance(engine.init(), int(record_at[-1]), record_at)[1]


def run_many(
    setup: Setup, rule: Rule, problems: Sequence[Problem], record_at: NDArray[np.int64]
) -> Records:
    """The same for many problems in one call; the columns have the shape (steps, problems).

    Raises:
        Disagreement: the first of them left the path of the reference engine.
    """
    setups = [replace(setup, problem=problem) for problem in problems]
    engine = Batch(setups, [rule] * len(problems))
    alone = run(setups[0], rule, np.array([VERIFIED]))
    _, beginning = engine.advance(engine.init(), VERIFIED, np.array([VERIFIED]))
    if beginning.x[0, 0] != alone.x[0]:
        raise Disagreement(f"after {VERIFIED} steps the batch engine leaves the compiled one")
    return engine.advance(engine.init(), int(record_at[-1]), record_at)[1]


def run_map(
    setups: Sequence[Setup], rules: Sequence[Rule], record_at: NDArray[np.int64]
) -> Records:
    """Run many setups of one kind, each with its rule; the columns have the shape (steps, runs).

    Raises:
        Disagreement: a block's first run left the path of the reference engine.
    """

    def block(start: int) -> Records:
        some, theirs = setups[start : start + LANES], rules[start : start + LANES]
        engine = Batch(some, theirs)
        _, beginning = engine.advance(engine.init(), VERIFIED, np.array([VERIFIED]))
        plain = Reference(some[0], theirs[0])
        _, expected = plain.advance(plain.init(), VERIFIED, np.array([VERIFIED]))
        if beginning.x[0, 0] != expected.x[0]:
            raise Disagreement(f"after {VERIFIED} steps the batch engine leaves the reference one")
        return engine.advance(engine.init(), int(record_at[-1]), record_at)[1]

    parts = on_all_cores(block, range(0, len(setups), LANES))
    columns = zip(*(part[1:] for part in parts), strict=True)
    return Records(record_at, *(np.concatenate(column, axis=1) for column in columns))


def variable(dims: str | tuple[str, ...], values: Any, long_name: str, units: str = "1") -> Any:
    """A variable of a data set with what netCDF's conventions ask for."""
    return (dims, values, {"long_name": long_name, "units": units})
