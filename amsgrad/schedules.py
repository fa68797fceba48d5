"""Sequences over the steps k = 1, 2, ...: alpha_k, beta1_k, and which steps are recorded.

A schedule is a pure function (k, start, rate) -> value, in numba's subset of Python.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Schedule = Callable[[int, float, float], float]

LOG_RECORDS = 10_000


def constant(k: int, start: float, rate: float) -> float:
    """Keep start at every step, as in the seed program and in most of deep learning."""
    return start


def inverse_sqrt(k: int, start: float, rate: float) -> float:
    """Decay as start / sqrt(k), as the regret bounds assume (Reddi et al. 2018, Corollary 1)."""
    return start / math.sqrt(k)


def shifted_inverse_sqrt(k: int, start: float, rate: float) -> float:
    """Decay as start / sqrt(1 + rate k), slowly at first (Taniguchi et al. 2024, Figure 1)."""
    return start / math.sqrt(1 + rate * k)


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
    exponential: "{start:g} * {rate:g}^(k-1)",
    harmonic: "{start:g} / k",
}
SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "inverse_sqrt": inverse_sqrt,
    "shifted_inverse_sqrt": shifted_inverse_sqrt,
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
        # without the last one, which rounding may lift beyond 2^63 - 1
        found = np.geomspace(1, steps, spread)[:-1].astype(np.int64)
        return np.unique(np.append(found[found < steps], steps))
    recorded = np.arange(every, steps + 1, every, dtype=np.int64)
    if steps % every:
        recorded = np.append(recorded, steps)
    return recorded
