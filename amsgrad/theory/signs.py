"""The signs of the numerators of a rule that goes by signs, over a period: in floats, and exactly.

Let n_i be a mixture share m_{i - late} + (1 - share) g_i, with the moving average m of beta; m and
g alone have share = 1 and 0. The n_i of a run come to the periodic ones, so in the long run their
signs are the same, but for an n_i that is 0: there what is left of the start decides, which fades
and never ends, or rounding. Such signs are 0 here, and `Signs.open` says which they are. An n_i
without a memory has no start: the sign of a gradient 0 is 0.

In floats n is the mean of the slopes plus what is summed by parts (`periodic.excess`), so that
little cancels as beta -> 1. Exactly, with beta = a / b, share = s / q and whole slopes,

    t_i = sum_{j < P} a^j b^(P-1-j) g_{i-j},        b t_i = a t_{i-1} + (b^P - a^P) g_i
    q (b^P - a^P) n_i = s (b - a) t_{i - late} + (q - s) (b^P - a^P) g_i
"""

from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.theory.intervals import exactly
from amsgrad.theory.periodic import Floats, excess


class Signs(NamedTuple):
    """The signs of n_0, ..., n_{P-1}, and which of them are not known."""

    sign: Any
    open: Any


class Mixture(NamedTuple):
    """The numerator of a form as a mixture."""

    share: Any
    beta: Any
    late: int

    @property
    def remembers(self) -> bool:
        """True if n has more than the last gradients: what is 0 in the limit is not before."""
        return bool(np.any(self.share) and np.any(self.beta))


def mixture(form: Form) -> Mixture:
    """Return the numerator of a form that goes by signs."""
    if form.numerator == "gradient":
        return Mixture(0.0, 0.0, 0)
    share = 1.0 if form.numerator == "momentum" else form.share
    return Mixture(share, form.beta1, form.late)


def signs(form: Form, g: Floats) -> Signs:
    """Return the signs in floats, for slopes of shape (..., P).

    Those of n_i within the rounding of 0 are open; that is an estimate on the safe side.
    """
    share, beta, late = mixed = mixture(form)
    if not mixed.remembers:
        parts = share * np.roll(g, late, -1), (1 - share) * g
        n, size = sum(parts), sum(map(np.abs, parts))
        return Signs(np.sign(n), (n != 0) & (np.abs(n) <= 4 * np.finfo(float).eps * size))
    mean = g.mean(-1, keepdims=True)
    parts = share * np.roll(excess(g, beta), late, -1), (1 - share) * (g - mean)
    n = mean + parts[0] + parts[1]
    size = np.abs(mean) + sum(np.abs(part).max(-1, keepdims=True) for part in parts)
    return Signs(np.sign(n), np.abs(n) <= 8 * g.shape[-1] * np.finfo(float).eps * size)


def exact_signs(form: Form, slopes: list[Fraction]) -> Signs:
    """Return the signs of slopes as fractions; the numbers of the form are decimals."""
    mixed = mixture(form)
    share, beta = exactly(mixed.share), exactly(mixed.beta)
    unit = lcm(*(g.denominator for g in slopes))
    g = [int(x * unit) for x in slopes]
    a, b, period = beta.numerator, beta.denominator, len(g)
    whole = b**period - a**period
    t = sum(a**j * b ** (period - 1 - j) * g[-1 - j] for j in range(period))
    sums = []
    for x in g:
        t = (a * t + whole * x) // b
        sums.append(t)
    s, q = share.numerator, share.denominator
    n = [
        s * (b - a) * sums[(i - mixed.late) % period] + (q - s) * whole * x for i, x in enumerate(g)
    ]
    return Signs([(x > 0) - (x < 0) for x in n], [mixed.remembers and x == 0 for x in n])
