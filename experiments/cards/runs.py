"""The runs of one cell of a rule, as lanes of one batch: every step size with every seed."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amsgrad.config.build import build_setup
from amsgrad.engines.base import Engine, Records, State
from amsgrad.engines.batch import Batch
from amsgrad.engines.driver import drive
from amsgrad.engines.reference import Reference
from amsgrad.schedules import record_steps
from amsgrad.verification import VERIFIED, verify_to_the_bit
from experiments.cards.plan import PlannedCell
from experiments.sweeps.work import Stopped

RECORDS = 1000  # evenly over the logarithm of the step
PIECE = 20_000_000  # runs x steps between two looks at Ctrl-C: about 0.2 s


class Runs(NamedTuple):
    """The records and the ends of the runs of a cell; the last axis has a run for each lane."""

    step: NDArray[np.int64]  # the recorded steps
    x: NDArray[np.float64]  # x at them, before the update
    average_regret: NDArray[np.float64]  # R / step at them
    x_last: NDArray[np.float64]  # after the last update
    finite: NDArray[np.bool_]  # False for a run that met NaN or infinity

    def part(self, first: int, last: int) -> "Runs":
        """Return the runs from the number `first` to the one before `last`."""
        own = slice(first, last)
        series = self.x[:, own], self.average_regret[:, own]
        return Runs(self.step, *series, self.x_last[own], self.finite[own])


def run_rule(cell: PlannedCell, stop: Callable[[], bool]) -> Runs:
    """Return the runs of a cell whose optimizer is a rule, a batch for each step size.

    In a batch of one step size the coefficients of a step are computed once for all lanes.

    Raises:
        Disagreement: a batch leaves the path of the reference engine.
        Stopped: `stop` returned True.
    """
    configs, seeds = cell.runs, len(cell.seeds)
    parts = []
    for first in range(0, len(configs), seeds):
        own = [(build_setup(one), one.make_rule()) for one in configs[first : first + seeds]]
        engine = Batch(*zip(*own, strict=True))
        steps = min(VERIFIED, cell.config.steps)
        verify_to_the_bit(engine, Reference(*own[-1]), steps, run=seeds - 1)
        parts.append(follow(engine, seeds, cell.config.steps, stop))
    step, *columns = zip(*parts, strict=True)
    return Runs(step[0], *(np.concatenate(column, axis=-1) for column in columns))


def follow(engine: Engine[Any], lanes: int, steps: int, stop: Callable[[], bool]) -> Runs:
    """Advance an engine of many runs to its end.

    Raises:
        Stopped: `stop` returned True.
    """
    at = record_steps(steps, None, RECORDS)
    piece = partial(max, 1, PIECE // lanes)
    state: State = engine.init()
    parts = []
    for end, records in drive(engine, state, steps, at, piece=piece, stop=stop):
        state = end
        parts.append(records)
    if state.steps < steps and np.any(state.finite):
        raise Stopped
    records = Records.join(parts)
    x_last = np.asarray(state.x, float)
    finite = state.finite & np.isfinite(x_last)
    return Runs(records.step, records.x, records.average_regret, x_last, finite)
