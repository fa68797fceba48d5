"""Sequences over the steps k = 1, 2, ...: alpha_k, beta1_k, and which steps are recorded.

A schedule is a pure function (k, start, rate) -> value, in numba's subset of Python.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Schedule = Callable[[int, float, float], float]

LOG_RECORDS = 10_000
PICTURE_RECORDS = 1500  # two or three a pixel of a picture with logarithmic time


def constant(k: int, start: float, rate: float) -> float:
    """Keep start at every step, as in the seed program and in most of deep learning."""
    return start


def inverse_sqrt(k: int, start: float, rate: float) -> float:
    """Decay as start / sqrt(k), as the regret bounds assume (Reddi et al. 2018, Corollary 1)."""
    return start / math.sqrt(k)


def shifted_inverse_sqrt(k: int, start: float, rate: float) -> float:
    """Decay as start / sqrt(1 + rate k), slowly at first (Taniguchi et al. 2024, Figure 1)."""
    return start / math.sqrt(1 + rate * k)


def inverse_power(k: int, start: float, rate: float) -> float:
    """Decay as start / k^rate with a power in (0, 1]; in Reddi et al. 2018 it is 1/2."""
    return start / math.pow(float(k), rate)


def exponential(k: int, start: float, rate: float) -> float:
    """Decay as start rate^(k - 1), the beta1_t of Reddi et al. 2018, Corollary 1."""
    return start * math.pow(rate, float(k - 1))


def harmonic(k: int, start: float, rate: float) -> float:
    """Decay as start / k, which that corollary allows, too."""
    return start / k


# Each in words; k is the number of the step.
FORMULAS: dict[Schedule, str] = {
    constant: "{start:g}",
    inverse_sqrt: "{start:g} / sqrt(k)",
    shifted_inverse_sqrt: "{start:g} / sqrt(1 + {rate:g} k)",
    inverse_power: "{start:g} / k^{rate:g}",
    exponential: "{start:g} * {rate:g}^(k-1)",
    harmonic: "{start:g} / k",
}
SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "inverse_sqrt": inverse_sqrt,
    "shifted_inverse_sqrt": shifted_inverse_sqrt,
    "inverse_power": inverse_power,
}
BETA1_SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "exponential": exponential,
    "harmonic": harmonic,
}


def record_steps(steps: int, every: int | None, spread: int = LOG_RECORDS) -> NDArray[np.int64]:
    """Return the steps to record: every, 2 every, ..., and the last.

    With `every` None they are about `spread`, evenly over the logarithm of the step, with the first
    and the last among them.
    """
    if every is None:
        return _log_steps(steps, spread)
    recorded = np.arange(every, steps + 1, every, dtype=np.int64)
    if steps % every:
        recorded = np.append(recorded, steps)
    return recorded


def with_early_steps(recorded: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return these steps, and those between them that a picture needs.

    On logarithmic time all of Adam's rise comes before the first few multiples of 1000. So about
    PICTURE_RECORDS steps are added, spread evenly over the logarithm from the first step on.
    """
    early = _log_steps(int(recorded[-1]), PICTURE_RECORDS)
    place = np.searchsorted(recorded, early)
    new = recorded[place] != early
    return np.insert(recorded, place[new], early[new])


def is_tracked(step: NDArray[np.int64], steps: int, every: int | None) -> NDArray[np.bool_]:
    """Return which of these steps `record_steps(steps, every)` holds; with None, all."""
    if every is None:
        return np.ones(step.size, np.bool_)
    return np.asarray((step % every == 0) | (step == steps))


def _log_steps(steps: int, number: int) -> NDArray[np.int64]:
    """Return about so many steps, evenly over the logarithm; the first and the last among them."""
    # without the last one, which rounding may lift beyond 2^63 - 1
    spread = np.geomspace(1, steps, number)[:-1].astype(np.int64)
    return np.unique(np.append(spread[spread < steps], steps))
