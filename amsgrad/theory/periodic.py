"""Periodic slopes, and the limit of their exponential moving averages."""

import numpy as np
from numpy.typing import NDArray

from amsgrad.problems.problem import Problem

LONGEST = 1_000_000  # steps of the longest period allowed
FAR = 8.0  # the x at which linearity is checked where F is unbounded

Floats = NDArray[np.float64]


def slopes(problem: Problem) -> Floats:
    """Return the slopes g_0, ..., g_{P-1} of one period of a problem, from t = 0 on.

    Raises:
        ValueError: the losses are random or not linear, or the period is too long.

    >>> from amsgrad.problems.theorem1 import Theorem1
    >>> slopes(Theorem1(big=4))
    array([-1.,  4., -1.])
    """
    name, period = type(problem).__name__, problem.period
    if problem.random:
        raise ValueError(f"The slopes of a period do not exist: the losses of {name} are random")
    if period > LONGEST:
        raise ValueError(f"period must be at most {LONGEST:,} here, but {period:,} was given")
    p = problem.parameters(float)
    shown = [problem.select(t, t, p) for t in range(period)]
    middle = [problem.gradient(f, 0.0, p) for f in shown]
    for x in (max(problem.lower, -FAR), min(problem.upper, FAR)):
        if [problem.gradient(f, x, p) for f in shown] != middle:
            raise ValueError(f"The slopes of a period do not exist: {name} is not linear in x")
    return np.array(middle, float)


def averages(values: Floats, beta: Floats) -> Floats:
    """Return the periodic state of s_i = beta s_{i-1} + (1 - beta) values_i, of shape (P, betas).

        s_i = (1 - beta) / (1 - beta^P) sum_{j < P} beta^j values_{i-j}        indices modulo P

    It is the geometric sum over the whole past, folded into one period. After a period from s = 0
    the last s is 1 - beta^P times its value here: divide by that, and go through a period again.
    1 - beta^P is -expm1(P log beta), which keeps its digits as beta -> 1.

    Args:
        values: of one period.
        beta: the decays, numbers in [0, 1).

    >>> averages(np.array([3.0, 0.0]), np.array([0.0, 0.5])).tolist()
    [[3.0, 2.0], [0.0, 1.0]]
    """
    with np.errstate(divide="ignore"):
        share = -np.expm1(values.size * np.log(beta))  # 1 for beta = 0
    last, states = np.zeros_like(beta), np.empty((values.size, beta.size))
    for divisor in (1.0, share):
        last = last / divisor
        for i, value in enumerate(values):
            last = beta * last + (1 - beta) * value
            states[i] = last
    return states
