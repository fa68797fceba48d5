"""Arithmetic on balls encloses the exact results, whatever is rounded."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from amsgrad.search import balls
from amsgrad.search.balls import Ball
from amsgrad.search.exhaustive import SLACK

MANY = 2000
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def random_balls(generator: np.random.Generator) -> Ball:
    mid = generator.normal(size=MANY) * 10.0 ** generator.integers(-8, 8, MANY)
    return Ball(mid, np.abs(mid) * generator.choice([0, 1e-16, 1e-3, 2.0], MANY))


def inside(ball: Ball, i: int, share: float) -> Fraction:
    return Fraction(ball.mid[i]) + Fraction(share) * Fraction(ball.rad[i])


def holds(ball: Ball, i: int, number: Fraction) -> bool:
    low, high = ball.lower[i], ball.upper[i]
    return bool(np.isnan(low) or np.isnan(high)) or Fraction(low) <= number <= Fraction(high)


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations(name: str) -> None:
    generator = np.random.default_rng(0)
    a, b = random_balls(generator), random_balls(generator)
    with np.errstate(all="ignore"):
        found = OPERATIONS[name](a, b)
    bounded = 0
    for i in range(MANY):
        for share in (-1.0, 0.3, 1.0):
            x, y = inside(a, i, share), inside(b, i, -share)
            if name != "/" or y != 0:
                assert holds(found, i, OPERATIONS[name](x, y))
        bounded += bool(np.isfinite(found.upper[i]))
    assert bounded > MANY / 2


def test_a_divisor_that_may_be_0_bounds_nothing() -> None:
    with np.errstate(all="ignore"):
        found = balls.exact([1.0, 1.0]) / Ball(np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    assert np.isnan(found.upper).all()


def test_the_root() -> None:
    a = random_balls(np.random.default_rng(1))
    with np.errstate(all="ignore"):
        found = balls.sqrt(a)
    for i in range(MANY):
        for share in (-1.0, 0.0, 1.0):
            x = inside(a, i, share)
            if np.isfinite(found.upper[i]):
                assert x >= 0
                low, high = Fraction(found.lower[i]), Fraction(found.upper[i])
                assert high**2 >= x
                assert low < 0 or low**2 <= x
    assert np.isfinite(found.upper).sum() > MANY / 4


def test_sums_and_products_with_a_matrix() -> None:
    generator = np.random.default_rng(2)
    thirds: NDArray[Any] = np.array(
        [[Fraction(int(n), 3) for n in row] for row in generator.integers(-9, 9, (4, 5))]
    )
    x = random_balls(generator)
    x = Ball(x.mid.reshape(-1, 5), x.rad.reshape(-1, 5))
    found, sums = balls.apply(balls.nearest(thirds), x), balls.total(x)
    for i in range(x.mid.shape[0]):
        for share in (-1.0, 0.2, 1.0):
            points = [
                Fraction(m) + Fraction(share) * Fraction(r)
                for m, r in zip(x.mid[i], x.rad[i], strict=True)
            ]
            assert Fraction(sums.lower[i]) <= sum(points) <= Fraction(sums.upper[i])
            for row in range(4):
                exact = sum(w * p for w, p in zip(thirds[row], points, strict=True))
                assert Fraction(found.lower[i, row]) <= exact <= Fraction(found.upper[i, row])


def test_the_lift_covers_the_roundings_of_the_longest_sum() -> None:
    """Every rounding of a radius may take 2^-53 of it: n + 8 of them, for sums of n terms."""
    assert Fraction(balls.LIFT) * (1 - Fraction(1, 2**53)) ** (balls.MOST_TERMS + 8) > 1
    assert balls.MOST_TERMS**2 * balls.UNIT < SLACK


def test_what_lies_between() -> None:
    both = balls.hull(balls.exact([1.0]), balls.exact([3.0]))
    assert both.lower[0] <= 1
    assert both.upper[0] >= 3
