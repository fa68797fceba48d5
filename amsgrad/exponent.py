"""How fast the regret grows: the exponent e of R_t ~ t^e over the last decade of the steps."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FEWEST = 10  # records in the last decade


def regret_exponent(step: NDArray[np.int64], average_regret: NDArray[np.float64]) -> Any:
    """Return the slope of log R_t against log t, by least squares over T/10 <= t <= T.

    It is 1 where x stays away from x*, and 1/2 where the regret is as the bounds allow it for steps
    alpha / sqrt(t). The records should lie evenly over log t.

    Args:
        step: numbers t of the recorded steps, increasing; T is the last.
        average_regret: R_t / t at these steps; of many runs with the records as the first axis.

    Returns:
        A number for each run; NaN where R_t is not above 0 at each of these records, or where
        there are fewer than FEWEST of them.

    >>> t = np.unique(np.geomspace(1, 1e5, 200).astype(int))
    >>> round(float(regret_exponent(t, 3 / np.sqrt(t))), 6)
    0.5
    """
    late = step >= step[-1] / 10 if step.size else np.zeros(0, bool)
    total = (average_regret[late].T * step[late]).T
    if late.sum() < FEWEST:
        return np.full(total.shape[1:], np.nan)[()]
    with np.errstate(all="ignore"):
        logs = np.where(total > 0, np.log(total), np.nan)
    at = np.log(step[late]) - np.log(step[late]).mean()
    return np.asarray((logs.T @ at) / (at @ at))[()]
