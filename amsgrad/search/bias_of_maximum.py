"""The bias of a rule that divides by a decayed maximum, bounded over boxes of slopes.

With u_i, the largest beta2^j (|g_{i-j}| + eps), and their largest u (`amsgrad/rules/form.py`),

    D = factor / u (S - B),    B = -sum_i n_i c_i,    c_i = u / u_i - 1

as in `bias.py`. The n_i are linear in the slopes. Where one j has the maximum of each u_i all over
a box, and that is the largest slope, the c_i are constants there; elsewhere each lies between two
numbers. So the bound over a box is that of the middle plus sum_k |sum_i c_i dn_i/dg_k| h_k.
"""

from fractions import Fraction

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.search.balls import UNIT, Ball, apply, exact, hull, nearest, total
from amsgrad.search.boxes import Bound, Boxes, slopes
from amsgrad.search.weights import along, numerators


class MaximumBias:
    """The bias of one form at one period; made by `bias_of`."""

    def __init__(self, form: Form, period: int) -> None:
        self._form, self.period = form, period
        self._numerators = nearest(numerators(form, period))
        self._moves = apply(self._numerators, exact(along(period)))  # (P - 1, P)
        beta2 = Fraction(str(form.beta2))
        self._decays = [nearest(beta2**age) for age in range(period)]

    def bound(self, boxes: Boxes, largest: tuple[int, int]) -> Bound:
        """Bound the bias of slopes whose max|g| lies between these two."""
        half, middle = boxes.half, boxes.middle
        exactly = Fraction(str(self._form.eps))
        eps = hull(nearest(exactly / largest[1]), nearest(exactly / largest[0]))
        with np.errstate(all="ignore"):  # what is lost has no bound
            g = slopes(boxes.first, exact(middle))
            n = apply(self._numerators, g)
            c = self._shares(slopes(boxes.first, Ball(middle, half)), eps)
            flat = Ball(c.mid[:, None], c.rad[:, None])
            slope = -total(self._moves * flat)
            reach = total(exact(slope.size) * exact(half))
            upper = (reach - total(n * c)).upper
            lowest = -total(n * self._shares(g, eps))
            smear = (slope - np.eye(self.period - 1)[-1]).size * half
            smear = smear + c.rad.max(-1, keepdims=True) * half
        return Bound(upper, lowest.lower, smear)

    def _shares(self, g: Ball, eps: Ball) -> Ball:
        """Return the c_i."""
        low = np.maximum(np.abs(g.mid) - g.rad, 0) * (1 - 4 * UNIT)
        sizes = Ball((g.size + low) / 2, (g.size - low) / 2 * (1 + 4 * UNIT)) + eps
        late = [_rolled(sizes, age) * decay for age, decay in enumerate(self._decays)]
        least = np.max([size.lower for size in late], axis=0)
        most = np.max([size.upper for size in late], axis=0)
        u = hull(exact(least), exact(most))
        return (eps + 1.0) / u - 1.0


def _rolled(a: Ball, age: int) -> Ball:
    return Ball(np.roll(a.mid, age, -1), np.roll(a.rad, age, -1))
