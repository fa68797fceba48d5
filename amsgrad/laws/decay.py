"""Step sizes that fall as a power of the step, and their exact values between two fractions.

All schedules that fall so are of one form:

    alpha_k = alpha (scale k + offset)^-p = A (k + h)^-p,   A = alpha scale^-p,   h = offset / scale

    alpha / sqrt(k)            scale = 1      offset = 0   p = 1/2
    alpha / sqrt(1 + rate k)   scale = rate   offset = 1   p = 1/2
    alpha / k^rate             scale = 1      offset = 0   p = rate
"""

import math
from collections.abc import Callable
from decimal import Context, Decimal
from fractions import Fraction
from typing import NamedTuple

from amsgrad.engines.base import Setup
from amsgrad.schedules import inverse_power, inverse_sqrt, shifted_inverse_sqrt

BITS = 256  # of a root, behind the point
DIGITS = 80  # of another power, and of a logarithm
SLACK = Fraction(1, 10**70)  # by how much these may be off


class Between(NamedTuple):
    """A real number, enclosed by two fractions."""

    lower: Fraction
    upper: Fraction

    def times(self, factor: "Between | Fraction") -> "Between":
        """Return the product with another number."""
        others = factor if isinstance(factor, Between) else (factor,)
        products = [one * other for one in self for other in others]
        return Between(min(products), max(products))

    def plus(self, term: "Between | Fraction") -> "Between":
        """Return the sum with another number."""
        lower, upper = term if isinstance(term, Between) else (term, term)
        return Between(self.lower + lower, self.upper + upper)


class Decay(NamedTuple):
    """A schedule as exact numbers; scale k + offset must be at least 1 for all k >= 1."""

    alpha: Fraction
    scale: Fraction
    offset: Fraction
    p: Fraction  # in (0, 1]

    @property
    def h(self) -> Fraction:
        """The shift of k."""
        return self.offset / self.scale

    @property
    def size(self) -> Between:
        """A, where alpha_k = A (k + h)^-p.

        A rate below 1 is inverted, so that the power is of a number of at least 1.
        """
        if self.scale < 1:
            return power(1 / self.scale, self.p).times(self.alpha)
        return self._fall(self.scale)

    def at(self, k: int) -> Between:
        """Return alpha_k.

        >>> lower, upper = Decay(Fraction(3), Fraction(1), Fraction(0), Fraction(1, 2)).at(4)
        >>> float(lower), float(upper)
        (1.5, 1.5)
        """
        return self._fall(self.scale * k + self.offset)

    def last_above(self, least: Fraction, start: int, most: int) -> int:
        """Return the last step up to `most` whose step size is proved to be above `least`.

        Args:
            least: above 0.
            start: returned where no step after it has such a step size.
            most: the last step that is looked at.
        """
        return _last(lambda k: self.at(k).lower > least, start, most)

    def first_below(self, most: Fraction, start: int, last: int) -> int:
        """Return the first step after `start` whose step size is proved to be below `most`.

        Where there is none up to `last`, that is returned.
        """
        return _last(lambda k: self.at(k).upper >= most, start, last - 1) + 1

    def _fall(self, base: Fraction) -> Between:
        lower, upper = power(base, self.p)
        return Between(self.alpha / upper, self.alpha / lower)


def decay_of(setup: Setup) -> Decay | None:
    """Return the step size of a run, or None where it does not fall as a power of the step."""
    alpha, rate = Fraction(setup.lr), Fraction(setup.schedule_rate)
    one, half = Fraction(1), Fraction(1, 2)
    if not alpha:
        return None
    if setup.schedule is inverse_sqrt:
        return Decay(alpha, one, 0 * one, half)
    if setup.schedule is shifted_inverse_sqrt and rate:
        return Decay(alpha, rate, one, half)
    if setup.schedule is inverse_power and 0 < rate <= 1:
        return Decay(alpha, one, 0 * one, rate)
    return None


def _last(holds: Callable[[int], bool], start: int, most: int) -> int:
    """Return the last step in (start, most] up to which `holds` is true, or `start`."""
    low, high = start, min(start + 1, most)
    while high < most and holds(high):
        low, high = high, min(2 * high, most)
    if high == most and holds(most):
        return most
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return low


def power(base: Fraction, p: Fraction) -> Between:
    """Return base^p between two fractions that differ by less than 10^-69 of it.

    Args:
        base: at least 1.
        p: in (0, 1].
    """
    if p == 1:
        return Between(base, base)
    if p == Fraction(1, 2):
        root = math.isqrt((base.numerator << (2 * BITS)) // base.denominator)
        return Between(Fraction(root, 1 << BITS), Fraction(root + 1, 1 << BITS))
    there = _apply(Context.exp, p * _apply(Context.ln, base))
    return Between(there * (1 - SLACK), there * (1 + SLACK))


def ln(number: Fraction) -> Between:
    """Return the logarithm of a number of at least 1, to 70 digits behind the point."""
    there = _apply(Context.ln, number)
    return Between(there - SLACK, there + SLACK)


def _apply(function: Callable[[Context, Decimal], Decimal], number: Fraction) -> Fraction:
    """Return a function of `decimal`, whose last digit is correctly rounded.

    With the rounding of its argument the result is off by less than 10^-75 (1 + size): logarithms
    here are below 10^4.
    """
    context = Context(prec=DIGITS)
    quotient = context.divide(Decimal(number.numerator), Decimal(number.denominator))
    return Fraction(function(context, quotient))
