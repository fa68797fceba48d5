"""Advance a batch to its end and take from it what is kept, in memory that does not grow."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.base import Engine, Records, State
from amsgrad.engines.driver import drive
from amsgrad.regret import RegretSum, value
from experiments.sweeps.quantities import Keep, series_steps
from experiments.sweeps.work import Stopped

BLOCK = 1024  # steps of the last share that are recorded, and added up, at a time


def silent(steps: int) -> None:
    """Tell nobody."""


def follow(
    engine: Engine[State],
    lanes: int,
    *,
    steps: int,
    keep: Keep,
    x_star: float | NDArray[np.float64],
    stop: Callable[[], bool],
    tell: Callable[[int], None] = silent,
) -> dict[str, NDArray[Any]]:
    """Return what is kept of each run; `finite` is False for those that met NaN or infinity.

    Args:
        engine: of one run, or of a batch.
        lanes: the number of its runs.
        steps: the number of steps of each.
        keep: the quantities.
        x_star: the comparator, of all runs or of each.
        stop: asked between two pieces.
        tell: told after each piece how many steps are done.

    Raises:
        Stopped: `stop` returned True.
    """
    window = steps  # from this step on each step is looked at
    if keep.mean_log_distance is not None:
        window -= max(int(steps * keep.share), 1)
    wanted = np.array([steps], np.int64)
    if keep.series is not None:
        wanted = series_steps(steps, keep.series)
    series = np.full((2, wanted.size, lanes), np.nan)
    hindsight = np.full(lanes, np.nan)
    filled, logs, off = 0, np.zeros(lanes), np.zeros(lanes)
    begin = state = engine.init()
    for state, records in _pieces(engine, begin, steps, window, wanted, lanes, stop):
        tell(state.steps)
        if not np.any(state.finite):
            break
        x = records.x.reshape(-1, lanes)
        if state.steps > window:
            distance = np.abs(x - x_star).T.copy()
            # one step at x* exactly would outweigh all others
            log = np.log10(np.where(distance == 0, 1.0, distance))
            logs += log.sum(axis=1)  # along memory, as alone: the order of a sum has its bits
            off += (distance != 0).sum(axis=1)
        asked = np.isin(records.step, wanted, assume_unique=True)
        end = filled + int(asked.sum())
        average = records.average_regret.reshape(-1, lanes)
        series[:, filled:end] = x[asked], average[asked]
        filled = end
        if state.steps == steps:
            hindsight = records.average_hindsight_regret.reshape(-1, lanes)[-1]
    if state.steps < steps and np.any(state.finite):
        raise Stopped
    x = np.atleast_1d(np.asarray(state.x, np.float64))
    finite = np.atleast_1d(state.finite) & np.isfinite(x)
    certificate = engine.certificate
    everything = {
        "x": x,
        "average_regret": value(RegretSum(*map(np.atleast_1d, state.regret))) / steps,
        "average_hindsight_regret": hindsight,
        "limit": np.full(lanes, np.nan if certificate is None else certificate.limit),
        "kappa": np.full(lanes, np.nan),
        "arrival": np.full(lanes, np.nan),
        "mean_log_distance": np.where(off == 0, -np.inf, logs / np.maximum(off, 1)),
    }
    if keep.mean_log_distance is not None:
        converged = everything["mean_log_distance"] < keep.mean_log_distance
    else:
        converged = np.abs(x - x_star) < (keep.distance or 0.0)
    everything["converged"] = converged.astype(np.float64)
    kept = {name: np.where(finite, everything[name], np.nan) for name in keep.variables}
    if keep.series is not None:
        kept["series_x"], kept["series_average_regret"] = np.where(finite, series, np.nan)
    return {"finite": finite, **kept}


def _pieces(
    engine: Engine[State],
    start: State,
    steps: int,
    window: int,
    wanted: NDArray[np.int64],
    lanes: int,
    stop: Callable[[], bool],
) -> Iterator[tuple[State, Records]]:
    """Record the wanted steps up to the window, and from there on every step."""
    piece = None  # on its cycle, a run costs nothing
    if engine.certificate is None:
        piece = partial(engine.piece, lanes)
    end, record_at = window, wanted
    while start.steps < steps:
        state = start
        for state, records in drive(engine, start, end, record_at, piece=piece, stop=stop):
            yield state, records
        if state.steps < end or not np.any(state.finite):
            return
        start, end = state, min(steps, end + BLOCK)
        record_at = np.arange(start.steps + 1, end + 1)
