"""How unlevel slopes may be while a rule still goes the wrong way, bounded over boxes of slopes.

For a rule whose steps have a closed form with a moving average w (`amsgrad/rules/form.py`), let r
be the mean of the squares over the period. The numerators sum to S, as the slopes do, so that

    D = factor / divisor(r) (S - B),    B = -sum_i n_i c_i,    c_i = divisor(r) / divisor(w_i) - 1

**D has the sign of S - B**: on slopes with S > 0 the rule fails exactly if S < B. We call B(g) the
bias. It is small where the squares differ little from their moving average, and is computed without
cancellation. With t_i = (w_i - r) / r, s_i = sqrt(1 + t_i) - 1 and e = eps / sqrt(r)

    root + eps         c_i = -s_i / (1 + s_i + e)
    root of w + eps    the same with e = 0, and r + eps below t
    max(root, eps)     the same with e = 0 where both roots are above eps; elsewhere no bound

where the weights of w_i - r are exact before they are rounded once.

The bound over a box of slopes is that of the mean value theorem, B(middle) + sum_k |dB/dg_k| h_k,
with the derivatives bounded over the box by arithmetic on balls (`balls.py`). It holds in real
arithmetic whatever is rounded, and is off by the order of h^2. (The bias is ours; bounds of this
kind are in Moore, Kearfott and Cloud, Introduction to Interval Analysis, 2009, chapter 6.)
"""

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.search import balls
from amsgrad.search.balls import MOST_TERMS, Ball, Floats, apply, exact, nearest, sqrt, total


class Boxes(NamedTuple):
    """Boxes of slopes of one period in units of the largest: g_0 = 1 or -1, all within [-1, 1].

    The coordinates are g_1, ..., g_{P-2} and the sum S, from which g_{P-1} follows.
    """

    first: Floats  # (boxes,): g_0
    low: Floats  # (boxes, P - 1)
    high: Floats


class Bound(NamedTuple):
    """Bounds of the bias over boxes."""

    upper: Floats  # (boxes,): of B in the whole box
    middle: Floats  # (boxes,): a lower bound of B in its middle
    smear: Floats  # (boxes, P - 1): how far S - B may go as a coordinate leaves the middle


class Bias:
    """The bias of one form at one period.

    Args:
        form: with a moving average, and the power 1.
        period: 2 to MOST_TERMS, for which the roundings are counted.
    """

    def __init__(self, form: Form, period: int) -> None:
        if period > MOST_TERMS:
            raise ValueError(f"the bias is of periods up to {MOST_TERMS}, but {period} was given")
        if form.never_fails or form.power != 1:
            raise ValueError("the bias is of forms with a moving average and the power 1")
        self._form, self.period = form, period
        own = np.array([[Fraction(int(i == j)) for j in range(period)] for i in range(period)])
        momentum = moving(form.beta1, period)
        numerators = {"gradient": own, "momentum": momentum, "window": window(form, period)}
        self._numerators = nearest(numerators[form.numerator])
        self._squared = nearest(own - momentum if form.of == "deviation" else own)
        late = np.roll(moving(form.beta2, period), form.lag, axis=0)
        self._centred = nearest(late - Fraction(1, period))
        along = np.zeros((period - 1, period))  # where a slope or S rises, g_{P-1} falls or rises
        along[:-1, 1:-1] = np.eye(period - 2)
        along[:, -1] = [-1] * (period - 2) + [1]
        self._along = exact(along)

    def bound(self, boxes: Boxes, largest: tuple[int, int]) -> Bound:
        """Bound the bias of slopes whose max|g| lies between these two."""
        half = (boxes.high - boxes.low) / 2
        middle = boxes.low + half
        half = half + 2 * self.period * balls.UNIT  # the coordinates, rounded, are at most P
        eps = self._eps(*largest)
        with np.errstate(all="ignore"):  # what is lost has no bound
            at = self._parts(boxes.first, exact(middle), eps).bias
            over = self._parts(boxes.first, Ball(middle, half), eps)
            slope = self._derivatives(over)
            reach = total(exact(slope.size) * exact(half))
            upper = np.fmin(over.bias.upper, (at + reach).upper)
            upper[(over.n.lower >= 0).all(-1)] = -np.inf
            smear = (slope - np.eye(self.period - 1)[-1]).size * half
        return Bound(upper, at.lower, smear)

    def _eps(self, least: int, most: int) -> Ball:
        """Return eps in units of the largest slope."""
        power = 2 if self._form.divisor == "root of w + eps" else 1
        eps = Fraction(str(self._form.eps))
        return balls.hull(nearest(eps / most**power), nearest(eps / least**power))

    def _parts(self, first: Floats, coordinates: Ball, eps: Ball) -> "_Parts":
        g = _slopes(first, coordinates)
        n, h = apply(self._numerators, g), apply(self._squared, g)
        squares = h * h
        r = _column(total(squares) / float(self.period))
        root = r + eps if self._form.divisor == "root of w + eps" else r
        t = apply(self._centred, squares) / root
        u = sqrt(t + 1.0)
        e = eps / sqrt(r) if self._form.divisor == "root + eps" else exact(np.zeros_like(r.mid))
        c = -(t / ((u + 1.0) * (u + e)))
        if self._form.divisor == "max(root, eps)":
            low = np.minimum(r.lower, (r * (t + 1.0)).lower.min(-1, keepdims=True))
            c = Ball(c.mid, np.where(low > (eps * eps).upper, c.rad, np.inf))
        return _Parts(n, h, r, root, t, u, e, c, -total(n * c))

    def _derivatives(self, over: "_Parts") -> Ball:
        """Return dB along each coordinate."""
        p = _Parts(*(Ball(part.mid[:, None], part.rad[:, None]) for part in over))
        n, h = apply(self._numerators, self._along), apply(self._squared, self._along)
        squares = p.h * h * 2.0
        r = _column(total(squares) / float(self.period))
        t = (apply(self._centred, squares) - p.t * r) / p.root
        u = t / (p.u * 2.0)
        e = -(p.e * r / (p.r * 2.0))
        s = p.t / (p.u + 1.0)
        c = (s * e - u * (p.e + 1.0)) / ((p.u + p.e) * (p.u + p.e))
        return -total(n * p.c + p.n * c)


class _Parts(NamedTuple):
    n: Ball
    h: Ball
    r: Ball
    root: Ball  # what t is measured in: r, or r + eps
    t: Ball
    u: Ball  # 1 + s
    e: Ball
    c: Ball
    bias: Ball


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


def _slopes(first: Floats, coordinates: Ball) -> Ball:
    others = Ball(coordinates.mid[:, :-1], coordinates.rad[:, :-1])
    s = Ball(coordinates.mid[:, -1], coordinates.rad[:, -1])
    last = s - exact(first) - total(others)
    return Ball(
        np.column_stack([first, others.mid, last.mid]),
        np.column_stack([np.zeros_like(first), others.rad, last.rad]),
    )


def _column(a: Ball) -> Ball:
    return Ball(a.mid[..., None], a.rad[..., None])
