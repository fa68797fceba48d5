"""The bias of a rule that goes by signs, bounded over boxes of slopes.

Its D is the sum of the signs of the numerators n_i, and jumps. Here B is 2 S where D < 0, and minus
infinity elsewhere: slopes with S > 0 fail exactly if S < B, as for `Bias`, and of two that fail the
one with the larger sum has the larger B - S. The n_i are linear in the slopes, and their signs are
known over a box where the balls of n_i do not hold 0.
"""

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.search.balls import Ball, apply, exact, nearest
from amsgrad.search.boxes import Bound, Boxes, slopes
from amsgrad.search.weights import along, numerators


class SignBias:
    """The bias of one form at one period; made by `bias_of`."""

    def __init__(self, form: Form, period: int) -> None:
        self.period = period
        self._numerators = nearest(numerators(form, period))
        moves = apply(self._numerators, exact(along(period)))
        self._reach = np.abs(moves.mid).T  # (P, P - 1): of n_i along each coordinate

    def bound(self, boxes: Boxes, largest: tuple[int, int]) -> Bound:
        """Bound the bias of slopes in units of the largest, whatever that is."""
        half, middle = boxes.half, boxes.middle
        at = apply(self._numerators, slopes(boxes.first, exact(middle)))
        over = apply(self._numerators, slopes(boxes.first, Ball(middle, half)))
        # a sign is at most 1 where n may be 0 or above, and at least -1
        may_fail = np.where(over.lower > 0, 1, -1).sum(-1) < 0
        fails = np.where(at.upper < 0, -1, 1).sum(-1) < 0
        upper = np.where(may_fail, 2 * (middle[:, -1] + half[:, -1]), -np.inf)
        open_ones = (over.lower <= 0) & (over.upper >= 0)
        smear = (open_ones @ self._reach) * half
        return Bound(upper, np.where(fails, 2 * middle[:, -1], -np.inf), smear)
