"""Sums of a power of the step over residue classes, with weights, any number of cycles at once.

    S(n) = sum_{j < L} w_j sum_{q < n} (x + j / L + q)^-p = F(x) - F(x + n)

    F(x) = x^(1-p) [c_0 + c_1 / x + c_2 / x^2 + ...]          (p < 1)
    c_m  = (-1)^m / m! (p)_{m-1} sum_j w_j B_m(j / L),      c_0 = sum_j w_j / (p - 1)

with the Bernoulli polynomials B_m and (p)_m = p (p + 1) ... (p + m - 1): the Euler-Maclaurin
formula of every class at x itself, so that a sum costs a dozen terms whatever L is, and the
leading one, of which most may cancel, holds the exact sum of the weights. For p = 1 the leading
term is -(sum_j w_j) ln x instead of c_0.

Remainder: where the last term is that of m = M, what is left out is the integral of a periodic
Bernoulli function, at most 2 zeta(M) M! / (2 pi)^M in size, times f^(M) / M! for the completely
monotone f = x^-p. So it is at most

    2 zeta(M) / (2 pi)^M (p)_{M-1} x^(1-p-M) sum_j |w_j|            for every x > 0.

Source: Euler-Maclaurin for a shifted argument (DLMF 2.10(i), 24.8(iii), 25.11(iii)); the folding of
all classes into one series is ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import comb, factorial
from typing import Any

import numpy as np

LEAST = 40  # the least x of a law: there 12 terms are good to 1e-20 of F
DOUBLES = 12  # M of sums in double precision
EXACT = 24  # M of sums in fractions
TWO_PI = Fraction(6283185, 1000000)  # below 2 pi


@dataclass(frozen=True)
class ClassSums:
    """The sums of one set of weights.

    Args:
        weights: w_0, ..., w_{L-1} in units of `unit`.
        unit: above 0.
        p: in (0, 1].
    """

    weights: Sequence[int]
    unit: Fraction
    p: Fraction

    @cached_property
    def total(self) -> Fraction:
        """The sum of the weights."""
        return self.unit * sum(self.weights)

    @cached_property
    def terms(self) -> list[Fraction]:
        """c_1, ..., c_EXACT."""
        length = len(self.weights)
        moments, powers = [], list(self.weights)  # sum_j w_j j^i
        for _ in range(EXACT + 1):
            moments.append(self.unit * sum(powers))
            powers = [j * e for j, e in enumerate(powers)]
        scaled = [e / length**i for i, e in enumerate(moments)]
        return [
            (-1) ** m
            * _rising(self.p, m - 1)
            / factorial(m)
            * sum(comb(m, i) * BERNOULLI[m - i] * scaled[i] for i in range(m + 1))
            for m in range(1, EXACT + 1)
        ]

    def beyond(self, x: Fraction) -> tuple[Fraction, Fraction]:
        """Return c_1 / x + c_2 / x^2 + ..., and how far it may be off."""
        there = sum((c / x**m for m, c in enumerate(self.terms, 1)), Fraction(0))
        size = self.unit * sum(map(abs, self.weights))
        return there, bound(self.p, x, EXACT) * size

    def upto(self, x: float, n: Any) -> Any:
        """Return S(n) in double precision, for an array of n >= 0, at x >= LEAST."""
        q = float(1 - self.p)
        n = np.asarray(n, float)
        with np.errstate(over="ignore"):  # n near the largest double
            log = np.log1p(n / x)
        # (x + n)^q - x^q, without the loss of digits where n is small beside x
        lead = x**q * np.expm1(q * log) / q if q else log
        there = float(self.total) * lead
        for m, c in enumerate(map(float, self.terms[:DOUBLES]), 1):
            there = there + c * (x ** (q - m) - (x + n) ** (q - m))
        return there


def bound(p: Fraction, x: Fraction, last: int) -> Fraction:
    """Return the bound of the remainder, over x^(1-p) and for weights whose sizes sum to 1.

    >>> float(bound(Fraction(1, 2), Fraction(LEAST), DOUBLES)) < 1e-21
    True
    """
    zeta = 1 + Fraction(1, 2 ** (last - 1))  # of `last`, from above
    return 2 * zeta / TWO_PI**last * _rising(p, last - 1) / x**last


def _rising(p: Fraction, m: int) -> Fraction:
    product = Fraction(1)
    for i in range(m):
        product *= p + i
    return product


def _bernoulli(last: int) -> list[Fraction]:
    """Return B_0, ..., B_last, with B_1 = -1/2."""
    numbers: list[Fraction] = []
    for m in range(last + 1):
        rest = sum((comb(m + 1, i) * b for i, b in enumerate(numbers)), Fraction(0))
        numbers.append((1 if m == 0 else 0) - rest / (m + 1))
    return numbers


BERNOULLI = _bernoulli(EXACT)
