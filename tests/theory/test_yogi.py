"""D of Yogi from the cycle of its v, against plain fractions and against the rule itself."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from amsgrad.rules import RULES
from amsgrad.theory import yogi
from amsgrad.theory.yogi import enclose_yogi
from tests.theory.exact import averages

FIND = 41 * [6] + 49 * [-5]  # S = 1


def exactly(slopes: list[int], beta1: str, beta2: str, eps: str) -> mpmath.mpf:
    """D by fractions, until v has been seen before at the same place of the period."""
    v, rest, seen, path = Fraction(1, 10**6), 1 - Fraction(beta2), {}, []
    while v not in seen:
        seen[v] = len(path)
        for g in slopes:
            v -= rest * g * g if v > g * g else -rest * g * g if v < g * g else 0
            path.append(v)
    cycle = path[seen[v] :]
    with mpmath.workdps(60):
        m = averages(slopes, beta1)
        roots = [mpmath.sqrt(mpmath.mpf(v.numerator) / v.denominator) for v in cycle]
        steps = [m[i % len(m)] / (root + mpmath.mpf(eps)) for i, root in enumerate(roots)]
        return mpmath.fsum(steps) * len(slopes) / len(cycle)


@pytest.mark.parametrize(
    ("slopes", "betas"),
    [
        ([3, -1, -1], ("0.9", "0.999", "0.001")),
        ([10] + 9 * [-1], ("0.9", "0.99", "0")),
        ([2, -1], ("0", "0.5", "1e-3")),
        ([1, 1], ("0.5", "0.25", "1")),
        (FIND, ("0.9", "0.999", "0.001")),
    ],
)
def test_bounds_hold_d(slopes: list[int], betas: tuple[str, str, str]) -> None:
    found = enclose_yogi(slopes, *map(float, betas))
    value = exactly(slopes, *betas)
    with mpmath.workdps(60):
        assert mpmath.mpf(found.lower) <= value <= mpmath.mpf(found.upper)
    lower, upper = Fraction(found.lower), Fraction(found.upper)
    assert upper - lower < Fraction(1, 10**18) * abs(lower)
    assert len(enclose_yogi(slopes, *map(float, betas), digits=30).lower) > len(found.lower)


def test_yogi_fails_at_its_published_defaults() -> None:
    """The rule itself, in double precision, moves as the theorem says."""
    rule = RULES["yogi"]()
    found = enclose_yogi(FIND, rule.beta1, rule.h.beta2, rule.h.eps)
    assert sum(FIND) > 0 > found.sign
    memory, x, way = rule.start, 0.0, []
    for k in range(1, 100 * 90 * 36 + 1):
        c = rule.coefficients(k, 1.0, rule.beta1, rule.h, np.float64)
        memory, d = rule.update(memory, FIND[(k - 1) % 90], c)
        x += d
        if k % (36 * 90) == 0:
            way.append(x)
    assert np.mean(np.diff(way[50:])) / 36 == pytest.approx(float(found.lower), rel=1e-3)


def test_a_v_that_does_not_repeat_soon_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="v of yogi does not repeat within 3,000,000 steps"):
        enclose_yogi([1010] + 100 * [-10], 0.9, 0.999, 1e-3)
    monkeypatch.setattr(yogi, "LONGEST", 10)
    with pytest.raises(ValueError, match="v of yogi repeats after 54 steps, a long cycle"):
        enclose_yogi([3, -1, -1], 0.9, 0.999, 1e-3)
