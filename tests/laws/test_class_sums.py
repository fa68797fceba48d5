"""Sums over residue classes, beside sums in 50 digits and beside zeta functions of others."""

from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy.special import zeta

from amsgrad.laws.class_sums import DOUBLES, EXACT, LEAST, ClassSums, bound
from amsgrad.laws.decay import Decay, ln, power
from tests.marks import slow

HALF, ONE = Fraction(1, 2), Fraction(1)
WEIGHTS = [3, -700, 0, 41, 500, 155, -1]


def oracle(weights: list[int], p: Fraction, x: Any, n: int) -> Any:
    """The sum, term by term or by zeta functions, in 50 digits."""
    p, x, length = mp.mpf(p.numerator) / p.denominator, mp.mpf(x), len(weights)
    if n <= 1000:
        return mp.fsum(
            w * (x + mp.mpf(j) / length + q) ** -p for j, w in enumerate(weights) for q in range(n)
        )
    f = (lambda a: -mp.digamma(a)) if p == 1 else (lambda a: mp.zeta(p, a))
    at = [x + mp.mpf(j) / length for j in range(length)]
    return mp.fsum(w * (f(a) - f(a + n)) for w, a in zip(weights, at, strict=True))


@pytest.mark.parametrize("p", [HALF, ONE, Fraction(0.7), Fraction(1, 10)])
@pytest.mark.parametrize("n", [0, 1, 17, slow(1000), 10**9, 10**17, 10**30])
def test_sums_have_the_digits_of_a_double(p: Fraction, n: int) -> None:
    with mp.workdps(80):
        exact = oracle(WEIGHTS, p, LEAST, n)
        size = oracle([abs(w) for w in WEIGHTS], p, LEAST, n)
        found = float(ClassSums(WEIGHTS, ONE, p).upto(float(LEAST), n))
        assert abs(found - exact) <= 4e-15 * size


def test_where_the_weights_cancel_the_rest_keeps_its_digits() -> None:
    """The weights sum to 0, so that the sum stays bounded: each class alone is 1e16 times it."""
    sums = ClassSums([1, -2, 1], ONE, HALF)
    with mp.workdps(80):
        for n in (10**3, 10**17, 10**30):
            exact = oracle([1, -2, 1], HALF, 100, n)
            assert abs(float(sums.upto(100.0, n)) / exact - 1) < 1e-12


@pytest.mark.parametrize("p", [HALF, ONE, Fraction(0.7)])
@pytest.mark.parametrize("last", [DOUBLES, EXACT])
@pytest.mark.parametrize("x", [1, 2, 3, 10, LEAST])
def test_the_remainder_is_within_its_bound_and_not_far_below(
    p: Fraction, last: int, x: int
) -> None:
    """At x = 1 or 2 the series is off by far more than rounding, silently: a law asks for 40."""
    sums = ClassSums([1, 0, 0, 0], ONE, p)
    q = 1 - p
    with mp.workdps(90):

        def f(a: int) -> Any:
            lead = -mp.log(a) if p == 1 else mp.mpf(a) ** mp.mpf(float(q)) / -mp.mpf(float(q))
            tail = mp.fsum(
                mp.mpf(c.numerator) / c.denominator * mp.mpf(a) ** (mp.mpf(float(q)) - m)
                for m, c in enumerate(sums.terms[:last], 1)
            )
            return lead + tail

        far = x + 10**6
        off = abs(f(x) - f(far) - oracle([1, 0, 0, 0], p, x, 10**6))
        allowed = float(bound(p, Fraction(x), last)) * x ** float(q)
        assert off <= allowed
        assert off > allowed / 1e4
    assert (float(bound(p, Fraction(x), DOUBLES)) < 1e-17) == (x > 10)


def test_zeta_of_scipy() -> None:
    """It has p > 1 only, where the same formula holds."""
    sums = ClassSums([1], ONE, Fraction(3, 2))
    n = np.arange(5)
    expected = zeta(1.5, 50.0) - zeta(1.5, 50.0 + n)
    np.testing.assert_allclose(sums.upto(50.0, n), expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("p", [HALF, ONE, Fraction(0.7), Fraction(1, 3)])
def test_step_sizes_are_enclosed(p: Fraction) -> None:
    decay = Decay(Fraction(0.3), Fraction(0.01), ONE, p)
    with mp.workdps(100):
        for k in (1, 2, 10**6, 10**30, 10**60):
            exact = mp.mpf(0.3) * (mp.mpf(0.01) * k + 1) ** (-mp.mpf(p.numerator) / p.denominator)
            lower, upper = (mp.mpf(e.numerator) / e.denominator for e in decay.at(k))
            rounded = exact * mp.mpf(10) ** -95  # where p = 1 both ends are the number itself
            assert lower - rounded <= exact <= upper + rounded
            assert (upper - lower) / exact < mp.mpf(10) ** -68
        exact = mp.mpf(0.3) * mp.mpf(0.01) ** (-mp.mpf(p.numerator) / p.denominator)
        lower, upper = (mp.mpf(e.numerator) / e.denominator for e in decay.size)
        assert lower <= exact <= upper
        log = [mp.mpf(e.numerator) / e.denominator for e in ln(Fraction(10**40, 3))]
        assert log[0] < mp.log(mp.mpf(10**40) / 3) < log[1]
    assert power(Fraction(9), HALF).lower == 3


def test_the_last_and_the_first_step_of_a_step_size() -> None:
    decay = Decay(ONE, ONE, Fraction(0), HALF)
    assert decay.last_above(Fraction(1, 100), 5, 10**9) == 9999
    assert decay.first_below(Fraction(1, 100), 5, 10**9) == 10_001
    assert decay.last_above(Fraction(1, 100), 20_000, 10**9) == 20_000
    assert decay.first_below(Fraction(1, 100), 20_000, 10**9) == 20_001
    assert decay.last_above(Fraction(1, 100), 5, 900) == 900
    assert decay.first_below(Fraction(1, 100), 5, 900) == 900
