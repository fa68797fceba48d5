"""How what a rule goes by depends on the slopes of a period: exact weights, one row per step."""

from fractions import Fraction
from typing import Any

import numpy as np

from amsgrad.rules.form import Form


def numerators(form: Form, period: int) -> Any:
    """Return the weights of the n_i of a form, as fractions: row i has those of n_i."""
    own = identity(period)
    if form.numerator == "gradient":
        return own
    if form.numerator == "window":
        return window(form, period)
    m = moving(form.beta1, period)
    if form.numerator == "momentum":
        return m
    share = Fraction(str(form.share))
    return share * np.roll(m, form.late, axis=0) + (1 - share) * own


def identity(period: int) -> Any:
    """Return the weights of the slopes themselves, as fractions."""
    return np.array([[Fraction(int(i == j)) for j in range(period)] for i in range(period)])


def moving(beta: float, period: int) -> Any:
    """Return the weights of a moving average: row i has those of i, as exact fractions."""
    b = Fraction(str(beta))
    age = [(1 - b) * b**k / (1 - b**period) for k in range(period)]
    return np.array([[age[(i - j) % period] for j in range(period)] for i in range(period)])


def window(form: Form, period: int) -> Any:
    """Return the weights of the mean of the last gradients, as exact fractions."""
    b = Fraction(str(form.beta1))
    whole = sum(b**k for k in range(form.window))
    weights = np.full((period, period), Fraction(0))
    for i in range(period):
        for k in range(form.window):
            weights[i, (i - k) % period] += b**k / whole
    return weights


def along(period: int) -> Any:
    """Return how the slopes go along each coordinate of `Boxes`, a row each.

    Where a slope or S rises, g_{P-1} falls or rises.
    """
    rows = np.zeros((period - 1, period))
    rows[:-1, 1:-1] = np.eye(period - 2)
    rows[:, -1] = [-1] * (period - 2) + [1]
    return rows
