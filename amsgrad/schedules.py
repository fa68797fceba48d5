"""Step sizes alpha_k, and the steps that are recorded; k = 1, 2, ... counts the steps taken."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Schedule = Callable[[int, float], float]


def constant(k: int, lr: float) -> float:
    """alpha_k = alpha: the seed program, and most of deep learning."""
    return lr


def inverse_sqrt(k: int, lr: float) -> float:
    """alpha_k = alpha / sqrt(k): what the regret bounds assume (Reddi et al. 2018, Corollary 1)."""
    return lr / math.sqrt(k)


SCHEDULES: dict[str, Schedule] = {"constant": constant, "inverse_sqrt": inverse_sqrt}


def record_steps(steps: int, every: int) -> NDArray[np.int64]:
    """The recorded steps: every, 2 every, ..., and the last."""
    recorded = np.arange(every, steps + 1, every, dtype=np.int64)
    if steps % every:
        recorded = np.append(recorded, steps)
    return recorded
