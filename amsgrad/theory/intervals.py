"""Interval arithmetic on integers: each lower end is rounded down, each upper end up.

An interval is two integers in units of 2^-bits. Python's integers are exact and its `isqrt` is the
floor of the root, so that nothing here depends on how a processor or a library rounds.
"""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import isqrt

LARGEST_DEGREE = 1000  # of a root
Number = int | float | str | Decimal | Fraction
Interval = tuple[int, int]


class Undecided(ValueError):
    """A divisor has no positive lower bound in these units; smaller ones may give it one."""


def exactly(number: Number) -> Fraction:
    """Return the number that a decimal spells; of a float, the shortest one that gives it.

    >>> exactly(0.999)
    Fraction(999, 1000)
    """
    return Fraction(number) if isinstance(number, int | Fraction) else Fraction(str(number))


class Intervals:
    """The arithmetic in units of 2^-bits."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.one = 1 << bits

    def around(self, number: Fraction) -> Interval:
        """Return the interval of a number."""
        n, d = number.numerator << self.bits, number.denominator
        return n // d, -(-n // d)

    def square(self, interval: Interval) -> Interval:
        """Return the squares of an interval."""
        low, high = sorted(map(abs, interval))
        if interval[0] < 0 < interval[1]:
            low = 0
        return low * low >> self.bits, -(-high * high >> self.bits)

    def quotient(self, n: Interval, d: Interval) -> Interval:
        """Return n / d.

        Raises:
            Undecided: the lower end of d is not positive.
        """
        if d[0] <= 0:
            raise Undecided
        low = (n[0] << self.bits) // d[n[0] >= 0]
        high = -((-n[1] << self.bits) // d[n[1] < 0])
        return low, high

    def power(self, interval: Interval, exponent: Fraction) -> Interval:
        """Return the powers of an interval >= 0, exponent > 0: x^(p/q), the q-th root of x^p.

        Raises:
            ValueError: q is above 1,000: the numbers under the root have q bits digits.
        """
        p, q = exponent.numerator, exponent.denominator
        if q > LARGEST_DEGREE:
            raise ValueError(
                f"The power {exponent} is no root of a degree up to {LARGEST_DEGREE:,}"
            )
        low, high = (end**p << self.bits * q for end in interval)
        low, high = low >> self.bits * p, -(-high >> self.bits * p)
        return _root(low, q), _root(high - 1, q) + 1 if high else 0

    def averages(self, values: list[Interval], beta: Fraction) -> list[Interval]:
        """Return the periodic state of s_i = beta s_{i-1} + (1 - beta) values_i.

        As in `periodic.averages`: it is that after a period from s = 0, corrected, and goes on.

        Raises:
            Undecided: beta is so near 1 that 1 - beta^P may be 0 here.
        """
        state = self.corrected(values, beta)[-1]
        found = []
        for value in values:
            state = self._towards(state, value, beta)
            found.append(state)
        return found

    def corrected(self, values: list[Interval], beta: Fraction) -> list[Interval]:
        """Return s_k / (1 - beta^k) from s_0 = 0 on, for the first period.

        Raises:
            Undecided: as `averages`.
        """
        state, power, found = (0, 0), (self.one, self.one), []
        for value in values:
            state = self._towards(state, value, beta)
            power = self._towards(power, (0, 0), beta)
            found.append(self.quotient(state, (self.one - power[1], self.one - power[0])))
        return found

    def decayed(self, values: list[Interval], beta: Fraction) -> list[Interval]:
        """Return the periodic state of s_i = max(beta s_{i-1}, values_i), values >= 0."""
        low, high, found = 0, 0, []
        for value in 2 * values:
            low = max(low * beta.numerator // beta.denominator, value[0])
            high = max(-(-high * beta.numerator // beta.denominator), value[1])
            found.append((low, high))
        return found[len(values) :]

    def mixture(self, share: Fraction) -> Callable[[Interval, Interval], Interval]:
        """Return the function to share m + (1 - share) g, share in [0, 1]."""
        return lambda m, g: self._towards(m, g, share)

    def _towards(self, s: Interval, value: Interval, beta: Fraction) -> Interval:
        a, b = beta.numerator, beta.denominator
        rest = b - a
        return (a * s[0] + rest * value[0]) // b, -((-a * s[1] - rest * value[1]) // b)


def _root(n: int, degree: int) -> int:
    """Return the floor of the root of n >= 0, by Newton's method from above."""
    if degree == 2:
        return isqrt(n)
    x = 1 << -(-n.bit_length() // degree)
    while (lower := ((degree - 1) * x + n // x ** (degree - 1)) // degree) < x:
        x = lower
    return x
