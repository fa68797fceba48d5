"""Means over whole periods: what is left of a run without the teeth within a period."""

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to


def over_periods(
    engine: Compiled, at: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return R_t / t and x_t near these t, as means over the period of P steps around each.

        mean of R over the period / t,    mean of x over the period

    On Figure 1's problem Adam's R_t / t is a band, 2,020 / t wide: R rises by 2,020 where the big
    slope is shown at x = 1, and falls by 20 at every other step. The mean is the middle of it.

    Args:
        engine: of one run whose losses repeat.
        at: increasing steps, from (P + 1) / 2 on.
    """
    period = engine.setup.problem.period
    around = at[:, None] + np.arange(period) - (period - 1) // 2
    wanted = np.unique(around)
    _, records = run_to(engine, int(wanted[-1]), wanted)
    place = np.searchsorted(wanted, around)
    regret = (records.average_regret * records.step)[place].mean(axis=1)
    return regret / at, records.x[place].mean(axis=1)
