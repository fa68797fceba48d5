"""Compute a chunk: one batch, or cell by cell where that is cheaper or a batch fails."""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.batch import Batch
from amsgrad.cycles.engine import Certified
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.base import Setup
from amsgrad.cycles.search import find_cycle
from amsgrad.engines.reference import Reference
from amsgrad.rules.rule import Rule
from amsgrad.verification import Disagreement
from experiments.config.build import build_rule, build_setup
from experiments.sweeps.chunk_file import STATUS
from experiments.sweeps.follow import NOTHING, Alone, follow
from experiments.sweeps.quantities import series_steps
from experiments.sweeps.work import Stopped, Work

VERIFIED = 200  # steps of the first cell, which plain Python repeats, to the bit
DIVERGED = "NaN or infinity was met"

# Threads that meet a new kernel at once would each make it.
_compiling = threading.Lock()


class Result(NamedTuple):
    """What was kept, each array with one element a cell, or (records, cells) for a series."""

    status: NDArray[np.int8]  # number in STATUS
    errors: dict[int, str]  # by number in the chunk, of those that did not finish
    arrays: dict[str, NDArray[np.float64]]


def compute(work: Work, stop: Callable[[], bool]) -> Result:
    """Run all cells; a cell that fails does not touch the others.

    Raises:
        Stopped: `stop` said so.
    """
    result = _empty(work)
    cells: dict[int, tuple[Setup, Rule]] = {}
    for i in range(work.cells.size):
        try:
            config = work.config(i)
            cells[i] = build_setup(config), build_rule(config)
        except Exception as error:
            _fail(result, i, error)
    if not cells:
        return result
    try:
        _compute(work, cells, result, stop)
    except Disagreement as error:  # a kernel that is wrong: no cell of it can be trusted
        for i in cells:
            _fail(result, i, error)
    return result


def _compute(
    work: Work, cells: dict[int, tuple[Setup, Rule]], result: Result, stop: Callable[[], bool]
) -> None:
    if not work.certified:
        try:
            _together(work, cells, result, stop)
        except (Stopped, Disagreement):
            raise
        except Exception:  # which of them it was is found cell by cell
            _one_by_one(work, cells, result, stop)
    else:
        _one_by_one(work, cells, result, stop)


def _together(
    work: Work, cells: dict[int, tuple[Setup, Rule]], result: Result, stop: Callable[[], bool]
) -> None:
    setups, rules = zip(*cells.values(), strict=True)
    with _compiling:
        engine = Batch(setups, rules)
    _verify(engine, setups[0], rules[0], _verified(work))
    lanes = len(cells)
    x_star = setups[0].problem.x_star
    kept = follow(engine, lanes, steps=work.steps, keep=work.keep, x_star=x_star, stop=stop)
    _take(result, np.array(list(cells)), kept)


def _one_by_one(
    work: Work, cells: dict[int, tuple[Setup, Rule]], result: Result, stop: Callable[[], bool]
) -> None:
    _prepare(work, *next(iter(cells.values())))
    for i, (setup, rule) in cells.items():
        if stop():
            raise Stopped
        try:
            fast = Certified(setup, rule, work.steps) if work.certified else Compiled(setup, rule)
            engine = Alone(fast)
            x_star = setup.problem.x_star
            kept = follow(engine, 1, steps=work.steps, keep=work.keep, x_star=x_star, stop=stop)
        except Stopped:
            raise
        except Exception as error:
            _fail(result, i, error)
        else:
            _take(result, np.array([i]), kept)


def _prepare(work: Work, setup: Setup, rule: Rule) -> None:
    with _compiling:
        plain = Compiled(setup, rule)
        if work.certified:
            find_cycle(setup, rule, plain.init(), 0)  # makes its loops, and takes no step
    _verify(plain, setup, rule, _verified(work))


def _verify(engine: Any, setup: Setup, rule: Rule, steps: int) -> None:
    """Hold the first steps of the first lane to the reference engine, to the bit."""
    with _compiling:
        state, _ = engine.advance(engine.init(), max(steps, 1), NOTHING)
    if steps == 0:
        return
    definition = Reference(setup, rule)
    expected, _ = definition.advance(definition.init(), steps, NOTHING)
    for name, entry, ours in (
        ("x", expected.x, state.x),
        *zip(expected.memory._fields, expected.memory, state.memory, strict=True),
    ):
        found = np.atleast_1d(ours)[0]
        if np.asarray(entry).tobytes() != np.asarray(found, np.asarray(entry).dtype).tobytes():
            raise Disagreement(
                f"after {steps} steps {name} is {found}, but the reference engine has {entry}"
            )


def _verified(work: Work) -> int:
    return min(VERIFIED, work.steps, work.configs[0].verify)


def _empty(work: Work) -> Result:
    lanes = work.cells.size
    arrays = {name: np.full(lanes, np.nan) for name in work.keep.variables}
    if work.keep.series is not None:
        records = series_steps(work.steps, work.keep.series).size
        for name in ("series_x", "series_average_regret"):
            arrays[name] = np.full((records, lanes), np.nan)
    return Result(np.zeros(lanes, np.int8), {}, arrays)


def _take(result: Result, at: NDArray[np.int64], kept: dict[str, NDArray[Any]]) -> None:
    finite = kept.pop("finite")
    result.status[at] = np.where(finite, 0, STATUS.index("diverged"))
    result.errors.update(dict.fromkeys(at[~finite].tolist(), DIVERGED))
    for name, array in kept.items():
        result.arrays[name][..., at] = array


def _fail(result: Result, i: int, error: Exception) -> None:
    result.status[i] = STATUS.index("failed")
    reason = " ".join(str(error).split())[:300]
    result.errors[i] = f"{type(error).__name__}: {reason}"
