"""The step size with which a computed curve comes closest to points read off a figure."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Fit(NamedTuple):
    """The best step size, and how far the curve stays from the readings."""

    lr: float
    rms: float  # root mean square of the differences
    largest: float  # their largest size


def fit_step_size(
    curve: Callable[[float], NDArray[np.float64]],
    readings: NDArray[np.float64],
    lowest: float,
    highest: float,
) -> Fit:
    """Minimise the mean square of curve(lr) - readings over lr in [lowest, highest].

    Args:
        curve: the computed values at the places of the readings, smooth in lr.
        readings: what was read there; all have the same weight.
        lowest, highest: bounds of lr; between them the mean square must have one minimum.

    >>> fit_step_size(lambda lr: 2 * lr * np.ones(3), np.full(3, 0.5), 0.1, 1.0).lr
    0.25
    """
    from scipy.optimize import minimize_scalar

    def mean_square(lr: float) -> float:
        return float(np.mean((curve(lr) - readings) ** 2))

    found = minimize_scalar(
        mean_square, bounds=(lowest, highest), method="bounded", options={"xatol": 1e-4}
    )
    lr = round(float(found.x), 4)
    differences = curve(lr) - readings
    return Fit(lr, float(np.sqrt(np.mean(differences**2))), float(np.abs(differences).max()))


class Found(NamedTuple):
    """A number of a fit, and the range in which it may lie."""

    best: float
    least: float
    most: float


class Terms(NamedTuple):
    """The terms of an average regret."""

    limit: Found
    kappa: Found
    constant: Found


def fit_terms(
    t: NDArray[np.int64],
    readings: NDArray[np.float64],
    accuracy: NDArray[np.float64],
    limit: float | None = None,
    power: float = 0.5,
) -> Terms:
    """Fit limit + kappa t^-p + constant / t to readings of R_t / t.

    That is the law of a run at alpha / t^p (`amsgrad/laws/law.py`): kappa is linear in alpha, the
    constant holds the way to the end of F. Best are the least squares, weighted by the accuracy; a
    number may lie where for some values of the other ones every reading is met within its accuracy
    (a linear program).

    Args:
        t: times of the readings.
        readings: values there.
        accuracy: how far off each may be, > 0.
        limit: of the average regret; None to fit it, too.
        power: p.

    Returns:
        The terms; their ranges are NaN where no values meet all readings.

    >>> t = np.array([100, 400, 900])
    >>> fit_terms(t, 0.2 + 3 / np.sqrt(t) + 5 / t, np.full(3, 1e-3), 0.2).kappa.best.__round__(9)
    3.0
    """
    from scipy.optimize import linprog

    columns = np.column_stack([np.ones(t.size), t**-power, 1 / t])
    if limit is not None:
        readings, columns = readings - limit, columns[:, 1:]
    best, *_ = np.linalg.lstsq(columns / accuracy[:, None], readings / accuracy, rcond=None)
    sides = np.vstack([columns, -columns])
    most = np.concatenate([readings + accuracy, accuracy - readings])
    found = []
    for i, value in enumerate(best):
        ends = []
        for sign in (1, -1):
            cost = sign * (np.arange(best.size) == i)
            # in units of the best values, so that all are near 1
            solved = linprog(cost * best, sides * best, most, bounds=[(None, None)] * best.size)
            ends.append(float(solved.x[i] * value) if solved.success else np.nan)
        found.append(Found(float(value), min(ends), max(ends)))
    if limit is not None:
        found.insert(0, Found(limit, limit, limit))
    return Terms(*found)
