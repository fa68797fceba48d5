"""Periodic slopes, and the limit of their exponential moving averages."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from amsgrad.problems.problem import Problem

LONGEST = 1_000_000  # steps of the longest period allowed
MANY = 200  # sequences from which on a loop over the period is faster than one filter a sequence
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


def average_each(values: Floats, beta: ArrayLike) -> Floats:
    """Return the periodic state for each of many sequences, of shape (..., P).

    The formula is that of `averages`.

    Args:
        values: a period along the last axis, of any number of sequences.
        beta: in [0, 1), one number; or one for each sequence, of shape (..., 1).

    >>> average_each(np.array([[3.0, 0.0], [0.0, 6.0]]), 0.5).tolist()
    [[2.0, 1.0], [2.0, 4.0]]
    >>> average_each(np.array([3.0, 0.0]), [[0.0], [0.5]]).tolist()
    [[3.0, 0.0], [2.0, 1.0]]
    """
    from scipy.signal import lfilter

    one, decay = np.ndim(beta) == 0, np.asarray(beta, float)
    if one and beta == 0:
        return values
    with np.errstate(divide="ignore"):
        share = -np.expm1(values.shape[-1] * np.log(decay))  # 1 for beta = 0
    if one and values.size < MANY * values.shape[-1]:
        filters = [1 - decay], [1, -decay]
        last = lfilter(*filters, values)[..., -1:] / share
        states: Floats = lfilter(*filters, values, zi=decay * last)[0]
        return states
    if not one and values.ndim == 1:  # the same values: each beta once
        different, of = np.unique(decay[..., 0], return_inverse=True)
        return np.moveaxis(averages(values, different)[:, of.reshape(decay.shape[:-1])], 0, -1)
    new = np.moveaxis((1 - decay) * values, -1, 0).copy()
    if not one:
        decay, share = decay[..., 0], share[..., 0]
    state = np.zeros(new.shape[1:])
    for value in new:
        state = decay * state + value
    state /= share
    for value in new:  # from here on new holds the states
        state = decay * state + value
        value[...] = state
    return np.moveaxis(new, 0, -1)


def excess(values: Floats, beta: ArrayLike) -> Floats:
    """Return `average_each` minus the mean of the period, summed by parts.

        s_i - mean = (1 - beta) (H_i - A(H)_{i-1}),    H_i = sum_{j <= i} (values_j - mean)

    with the averages A(H) of H: nothing cancels as beta -> 1.

    Args:
        values, beta: as for `average_each`.

    >>> excess(np.array([[3.0, 0.0]]), 0.5).tolist()
    [[0.5, -0.5]]
    """
    height = np.cumsum(values - values.mean(-1, keepdims=True), axis=-1)
    late = np.roll(average_each(height, beta), 1, -1)
    return (1 - np.asarray(beta, float)) * (height - late)


def decayed_maximum(values: Floats, beta: ArrayLike) -> Floats:
    """Return the largest beta^j values_{i-j}, j >= 0, for each of many sequences.

    Args:
        values: >= 0, a period along the last axis.
        beta: as for `average_each`.

    >>> decayed_maximum(np.array([4.0, 1.0, 1.5]), 0.5).tolist()
    [4.0, 2.0, 1.5]
    """
    decay = np.asarray(beta, float)
    twice = np.concatenate([values, values], -1)
    place = np.arange(float(twice.shape[-1]))
    with np.errstate(divide="ignore"):
        # beta^j values_{i-j} in units of beta^i; a beta of 0 stands for a very small one
        height = np.log(twice) - place * np.log(np.maximum(decay, 1e-300))
    new = height >= np.maximum.accumulate(height, -1)
    since = np.maximum.accumulate(np.where(new, place, 0.0), -1)
    largest = np.take_along_axis(np.broadcast_to(twice, since.shape), since.astype(int), -1)
    decayed: Floats = largest * decay ** (place - since)
    return decayed[..., values.shape[-1] :]
