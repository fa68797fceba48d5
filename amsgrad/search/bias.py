"""How unlevel slopes may be while a rule still goes the wrong way, bounded over boxes of slopes.

For a rule whose steps have a closed form with a moving average w (`amsgrad/rules/form.py`), let r
be the mean of the squares over the period. The numerators sum to S, as the slopes do, so that

    D = factor / divisor(r) (S - B),    B = -sum_i n_i c_i,    c_i = divisor(r) / divisor(w_i) - 1

**D has the sign of S - B**: on slopes with S > 0 the rule fails exactly if S < B. We call B(g) the
bias. It is small where the squares differ little from their moving average, and is computed without
cancellation. With t_i = (w_i - r) / r, s_i = sqrt(1 + t_i) - 1 and e = eps / sqrt(r)

    root + eps                  c_i = -s_i / (1 + s_i + e)
    root of w + eps             the same with e = 0, and r + eps below t
    root of w and eps, + eps    the same with r + eps / (1 - beta2) below t and e
    max(root, eps)              the same with e = 0 where both roots are above eps; elsewhere no
                                bound

where the weights of w_i - r are exact before they are rounded once.

The bound over a box of slopes is that of the mean value theorem, B(middle) + sum_k |dB/dg_k| h_k,
with the derivatives bounded over the box by arithmetic on balls (`balls.py`). It holds in real
arithmetic whatever is rounded, and is off by the order of h^2. (The bias is ours; bounds of this
kind are in Moore, Kearfott and Cloud, Introduction to Interval Analysis, 2009, chapter 6.)
"""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.search import balls
from amsgrad.search.balls import Ball, Floats, apply, exact, nearest, sqrt, total
from amsgrad.search.boxes import Bound, Boxes, slopes
from amsgrad.search.weights import along, identity, moving, numerators


class Bias:
    """The bias of one form at one period; made by `bias_of`."""

    def __init__(self, form: Form, period: int) -> None:
        self._form, self.period = form, period
        own = identity(period)
        self._numerators = nearest(numerators(form, period))
        self._squared = own - moving(form.beta1, period) if form.of == "deviation" else own
        self._squared = nearest(self._squared)
        late = np.roll(moving(form.beta2, period), form.lag, axis=0)
        self._centred = nearest(late - Fraction(1, period))
        self._along = exact(along(period))

    def bound(self, boxes: Boxes, largest: tuple[int, int]) -> Bound:
        """Bound the bias of slopes whose max|g| lies between these two."""
        half, middle = boxes.half, boxes.middle
        eps = self._eps(largest, 1, 1), self._eps(largest, 2, self._inside)
        with np.errstate(all="ignore"):  # what is lost has no bound
            at = self._parts(boxes.first, exact(middle), eps).bias
            over = self._parts(boxes.first, Ball(middle, half), eps)
            slope = self._derivatives(over)
            reach = total(exact(slope.size) * exact(half))
            upper = np.fmin(over.bias.upper, (at + reach).upper)
            upper[(over.n.lower >= 0).all(-1)] = -np.inf
            smear = (slope - np.eye(self.period - 1)[-1]).size * half
        return Bound(upper, at.lower, smear)

    @property
    def _inside(self) -> Fraction:
        """How many eps are added to w."""
        if self._form.divisor == "root of w + eps":
            return Fraction(1)
        twice = self._form.divisor == "root of w and eps, + eps"
        return 1 / (1 - Fraction(str(self._form.beta2))) if twice else Fraction(0)

    def _eps(self, largest: tuple[int, int], power: int, times: Fraction | int) -> Ball:
        """Return so many eps in units of this power of the largest slope."""
        eps, (least, most) = Fraction(str(self._form.eps)) * times, largest
        return balls.hull(nearest(eps / most**power), nearest(eps / least**power))

    def _parts(self, first: Floats, coordinates: Ball, eps: tuple[Ball, Ball]) -> "_Parts":
        g = slopes(first, coordinates)
        n, h = apply(self._numerators, g), apply(self._squared, g)
        squares = h * h
        r = _column(total(squares) / float(self.period))
        root = r + eps[1] if self._inside else r
        t = apply(self._centred, squares) / root
        u = sqrt(t + 1.0)
        outside = self._form.divisor in ("root + eps", "root of w and eps, + eps")
        e = eps[0] / sqrt(root) if outside else exact(np.zeros_like(r.mid))
        c = -(t / ((u + 1.0) * (u + e)))
        if self._form.divisor == "max(root, eps)":
            low = np.minimum(r.lower, (r * (t + 1.0)).lower.min(-1, keepdims=True))
            c = Ball(c.mid, np.where(low > (eps[0] * eps[0]).upper, c.rad, np.inf))
        return _Parts(n, h, r, root, t, u, e, c, -total(n * c))

    def _derivatives(self, over: "_Parts") -> Ball:
        """Return dB along each coordinate."""
        p = _Parts(*(Ball(part.mid[:, None], part.rad[:, None]) for part in over))
        n, h = apply(self._numerators, self._along), apply(self._squared, self._along)
        squares = p.h * h * 2.0
        r = _column(total(squares) / float(self.period))
        t = (apply(self._centred, squares) - p.t * r) / p.root
        u = t / (p.u * 2.0)
        e = -(p.e * r / (p.root * 2.0))
        s = p.t / (p.u + 1.0)
        c = (s * e - u * (p.e + 1.0)) / ((p.u + p.e) * (p.u + p.e))
        return -total(n * p.c + p.n * c)


class _Parts(NamedTuple):
    n: Ball
    h: Ball
    r: Ball
    root: Ball  # what t is measured in: r, with the eps that are added to w
    t: Ball
    u: Ball  # 1 + s
    e: Ball
    c: Ball
    bias: Ball


def _column(a: Ball) -> Ball:
    return Ball(a.mid[..., None], a.rad[..., None])
