"""Boxes of slopes of one period, and bounds of what is searched in them."""

from typing import NamedTuple

import numpy as np

from amsgrad.search.balls import UNIT, Ball, Floats, exact, total


class Boxes(NamedTuple):
    """Boxes of slopes of one period in units of the largest: g_0 = 1 or -1, all within [-1, 1].

    The coordinates are g_1, ..., g_{P-2} and the sum S, from which g_{P-1} follows.
    """

    first: Floats  # (boxes,): g_0
    low: Floats  # (boxes, P - 1)
    high: Floats

    @property
    def half(self) -> Floats:
        """Half the widths; they cover the roundings of the coordinates, which are at most P."""
        period = self.low.shape[-1] + 1
        half: Floats = (self.high - self.low) / 2 + 2 * period * UNIT
        return half

    @property
    def middle(self) -> Floats:
        """The middles."""
        middle: Floats = self.low + (self.high - self.low) / 2
        return middle


class Bound(NamedTuple):
    """Bounds of the bias over boxes."""

    upper: Floats  # (boxes,): of B in the whole box
    middle: Floats  # (boxes,): a lower bound of B in its middle
    smear: Floats  # (boxes, P - 1): how far S - B may go as a coordinate leaves the middle


def slopes(first: Floats, coordinates: Ball) -> Ball:
    """Return the slopes of a period."""
    others = Ball(coordinates.mid[:, :-1], coordinates.rad[:, :-1])
    s = Ball(coordinates.mid[:, -1], coordinates.rad[:, -1])
    last = s - exact(first) - total(others)
    return Ball(
        np.column_stack([first, others.mid, last.mid]),
        np.column_stack([np.zeros_like(first), others.rad, last.rad]),
    )
