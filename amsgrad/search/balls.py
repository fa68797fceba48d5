"""Arrays of balls, middle and radius, whose arithmetic encloses every rounding.

The result of an operation holds the results for all pairs of numbers of its operands (Rump, "Fast
and parallel interval arithmetic", BIT 39, 1999). A middle is computed to nearest, so that it is off
by at most 2^-53 of itself; 2^-52 of it is added to the radius, and the radius is lifted by a factor
that covers its own roundings, if a sum has at most MOST_TERMS terms. TINY covers what underflow
takes.

What cannot be bounded, such as the inverse of a ball that holds 0, is NaN or infinite in the radius
and in all that follows from it: a caller must take a bound that is NaN for none.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNIT = 2.0**-52
MOST_TERMS = 30
LIFT = 1 + 2.0**-47  # covers 63 roundings of positive terms; `apply` has n + 8, for n terms
TINY = 1e-300

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Ball:
    """All numbers in [mid - rad, mid + rad], entry by entry."""

    mid: Floats
    rad: Floats

    @property
    def upper(self) -> Floats:
        """At least the largest number of each entry."""
        top = self.mid + self.rad
        return top + (UNIT * np.abs(top) + TINY)

    @property
    def lower(self) -> Floats:
        """At most the smallest number of each entry."""
        bottom = self.mid - self.rad
        return bottom - (UNIT * np.abs(bottom) + TINY)

    @property
    def size(self) -> Floats:
        """At least the largest absolute value of each entry."""
        return (np.abs(self.mid) + self.rad) * LIFT

    def __neg__(self) -> "Ball":
        return Ball(-self.mid, self.rad)

    def __add__(self, other: "Ball | float") -> "Ball":
        if not isinstance(other, Ball):
            return _rounded(self.mid + other, self.rad)
        return _rounded(self.mid + other.mid, self.rad + other.rad)

    def __sub__(self, other: "Ball | float") -> "Ball":
        return self + -other

    def __mul__(self, other: "Ball | float") -> "Ball":
        if not isinstance(other, Ball):
            return _rounded(self.mid * other, self.rad * abs(other))
        rad = np.abs(self.mid) * other.rad + self.rad * (np.abs(other.mid) + other.rad)
        return _rounded(self.mid * other.mid, rad)

    def __truediv__(self, other: "Ball | float") -> "Ball":
        divisor = other if isinstance(other, Ball) else exact(other)
        low, high = divisor.lower, divisor.upper
        one, two = 1 / low, 1 / high
        rad = np.abs(one - two) / 2 + UNIT * (np.abs(one) + np.abs(two))
        return self * _rounded((one + two) / 2, np.where(low * high > 0, rad, np.nan))


def exact(numbers: Any) -> Ball:
    """Return balls of radius 0 around floats."""
    mid = np.asarray(numbers, float)
    return Ball(mid, np.zeros_like(mid))


def nearest(rationals: Any) -> Ball:
    """Return balls around fractions."""
    mid = np.vectorize(float, otypes=[float])(rationals)
    return _rounded(mid, np.zeros_like(mid))


def hull(a: Ball, b: Ball) -> Ball:
    """Return balls that hold two balls, and what lies between."""
    low, high = np.minimum(a.lower, b.lower), np.maximum(a.upper, b.upper)
    mid = (low + high) / 2
    return _rounded(mid, np.maximum(high - mid, mid - low))


def sqrt(a: Ball) -> Ball:
    """Return the root; NaN where a ball holds a negative number."""
    low, high = np.sqrt(a.lower), np.sqrt(a.upper)
    return _rounded((low + high) / 2, (high - low) / 2 + UNIT * high)


def apply(matrix: Ball, x: Ball) -> Ball:
    """Return the products of a matrix with the vectors along the last axis of x."""
    error = x.rad + 2 * x.mid.shape[-1] * UNIT * np.abs(x.mid)  # of the sum, in any order
    rad = error @ (np.abs(matrix.mid) + matrix.rad).T + np.abs(x.mid) @ matrix.rad.T
    return _rounded(x.mid @ matrix.mid.T, rad)


def total(a: Ball) -> Ball:
    """Return the sum along the last axis."""
    error = a.rad + a.mid.shape[-1] * UNIT * np.abs(a.mid)
    return _rounded(a.mid.sum(-1), error.sum(-1))


def _rounded(mid: Floats, rad: Floats) -> Ball:
    """Return a ball whose middle was rounded once, and whose radius a few times."""
    return Ball(mid, (rad + UNIT * np.abs(mid)) * LIFT + TINY)
