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
