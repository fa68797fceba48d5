"""Advance a batch to its end and take from it what is kept, in memory that does not grow."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.cycles.engine import Certified
from amsgrad.engines.base import Records
from amsgrad.engines.base import State
from amsgrad.regret import RegretSum, value
from experiments.sweeps.quantities import Keep, series_steps
from experiments.sweeps.work import Stopped

BLOCK = 1024  # steps of the last share that are recorded, and added up, at a time
PIECE = 50_000_000  # cells x steps between two looks at Ctrl-C: some 0.1 s
NOTHING = np.empty(0, np.int64)


class Alone:
    """A scalar engine as a batch of one run."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine

    def init(self) -> State:
        state: State = self.engine.init()
        return state

    def advance(
        self, state: State, steps: int, record_at: NDArray[np.int64]
    ) -> tuple[State, Records]:
        state, (step, *columns) = self.engine.advance(state, steps, record_at)
        return state, Records(step, *(column[:, None] for column in columns))


def follow(
    engine: Any,
    lanes: int,
    *,
    steps: int,
    keep: Keep,
    x_star: float,
    stop: Callable[[], bool],
) -> dict[str, NDArray[Any]]:
    """What is kept of each lane; `finite` says which lanes never met NaN or infinity.

    Raises:
        Stopped: `stop` said so.
    """
    window = steps
    if keep.mean_log_distance is not None:
        window -= max(int(steps * keep.share), 1)
    wanted = np.array([steps], np.int64)
    if keep.series is not None:
        wanted = series_steps(steps, keep.series)
    series = np.full((2, wanted.size, lanes), np.nan)
    filled, logs, off = 0, np.zeros(lanes), np.zeros(lanes)
    state = engine.init()
    last = None
    while state.steps < steps:
        if stop():
            raise Stopped
        end = _next_stop(engine, state.steps, steps, window, lanes)
        inside = state.steps >= window
        asked = wanted[(wanted > state.steps) & (wanted <= end)]
        every = np.arange(state.steps + 1, end + 1) if inside else asked
        state, records = engine.advance(state, end - state.steps, every)
        if records.step.size < every.size:  # a scalar engine has met NaN
            break
        if inside:
            distance = np.abs(records.x - x_star).T.copy()
            # one step at x* exactly would outweigh all others
            log = np.log10(np.where(distance == 0, 1.0, distance))
            logs += log.sum(axis=1)  # along memory, as alone: the order of a sum has its bits
            off += (distance != 0).sum(axis=1)
        at = np.searchsorted(every, asked)
        series[:, filled : filled + asked.size] = records.x[at], records.average_regret[at]
        filled += asked.size
        last = records
    x = np.atleast_1d(np.asarray(state.x, np.float64))
    finite = np.atleast_1d(state.finite) & np.isfinite(x)
    kept: dict[str, NDArray[Any]] = {"finite": finite}
    regret = RegretSum(*map(np.atleast_1d, state.regret))
    everything = {
        "x": x,
        "average_regret": value(regret) / steps,
        "average_hindsight_regret": (
            np.full(lanes, np.nan) if last is None else last.average_hindsight_regret[-1]
        ),
        "limit": np.full(lanes, _limit(engine)),
        "mean_log_distance": np.where(off == 0, -np.inf, logs / np.maximum(off, 1)),
    }
    if keep.mean_log_distance is not None:
        converged = everything["mean_log_distance"] < keep.mean_log_distance
    else:
        converged = np.abs(x - x_star) < (keep.distance or 0.0)
    everything["converged"] = converged.astype(np.float64)
    kept |= {name: np.where(finite, everything[name], np.nan) for name in keep.variables}
    if keep.series is not None:
        kept["series_x"], kept["series_average_regret"] = np.where(finite, series, np.nan)
    return kept


def _next_stop(engine: Any, done: int, steps: int, window: int, lanes: int) -> int:
    if done >= window:
        return min(steps, done + BLOCK)
    if isinstance(engine, Alone) and isinstance(engine.engine, Certified):
        return window  # its steps cost nothing
    return min(window, done + max(BLOCK, PIECE // lanes))


def _limit(engine: Any) -> float:
    certificate = getattr(getattr(engine, "engine", None), "certificate", None)
    return float("nan") if certificate is None else float(certificate.limit)
