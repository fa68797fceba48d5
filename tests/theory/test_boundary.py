"""All sign changes of the drift over beta2, and long runs on both sides of each."""

from itertools import pairwise

import numpy as np
import pytest

from amsgrad.problems.acprop2 import ACProp2
from amsgrad.problems.online import Online
from amsgrad.problems.theorem1 import Theorem1
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.theory.boundary import beta2_of, boundary
from amsgrad.theory.drift import drift
from amsgrad.theory.periodic import slopes
from tests.marks import slow
from tests.theory import naive
from tests.theory.runs import end_of

# problem, beta1, eps, beta2 of each sign change to four or six digits
CASES = [
    (Online(), 0.9, 0.0, [0.999516]),
    (Online(), 0.0, 0.0, [0.999603]),
    (Online(), 0.9, 1.0, [0.999511]),
    (Theorem1(big=3), 0.0, 0.0, [0.4723]),
    (Theorem2(10), 0.0, 0.0, [0.9554]),
    (Theorem2(10), 0.9, 0.0, [0.0649, 0.7747]),
    (Theorem2(30), 0.99, 0.0, [0.4519, 0.9100]),
]
OFFSET = 0.1  # decades of 1 - beta2
CHANGES = [(*case[:3], beta2) for case in CASES for beta2 in case[3]]
# Both sides of each change; one of them, in turn, is quick.
SIDES = [
    (*change, sign) if sign == (-1) ** i else slow(*change, sign)
    for i, change in enumerate(CHANGES)
    for sign in (-1, 1)
]


@pytest.mark.parametrize(("problem", "beta1", "eps", "changes"), CASES)
def test_the_sign_changes_are_found(problem, beta1, eps, changes):
    found = boundary(slopes(problem), beta1, eps)
    digits = 6 if changes[0] > 0.999 else 4
    assert found.beta2.round(digits).tolist() == changes
    assert found.re_entrant == (len(changes) > 1)
    assert found.goes_to[-1] == -1
    assert all(a == -b for a, b in pairwise(found.goes_to))
    for z in -np.log10(1 - found.beta2):
        around = drift(slopes(problem), beta1, beta2_of([z - 1e-11, z + 1e-11]), eps).total
        assert around[0] * around[1] < 0


@pytest.mark.parametrize(("problem", "beta1", "eps", "changes"), CASES)
def test_between_them_brute_force_agrees(problem, beta1, eps, changes):
    found = boundary(slopes(problem), beta1, eps)
    edges = [0.0, *found.beta2, 0.9999]
    for (low, high), goes_to in zip(pairwise(edges), found.goes_to, strict=True):
        for share in (0.1, 0.5, 0.9):
            beta2 = low + share * (high - low)
            total = naive.drift(slopes(problem).tolist(), beta1, beta2, eps)
            assert np.sign(-total) == goes_to


@pytest.mark.parametrize(("problem", "beta1", "eps", "beta2", "sign"), SIDES)
def test_long_runs_go_where_it_says(problem, beta1, eps, beta2, sign):
    """From the other end of F, in 4e6 steps, 0.1 decades of 1 - beta2 off the boundary."""
    found = boundary(slopes(problem), beta1, eps)
    (i,) = np.flatnonzero(np.isclose(found.beta2, beta2, atol=1e-3))
    beside = float(beta2_of(-np.log10(1 - found.beta2[i]) + sign * OFFSET))
    if beside < 0:
        beside = found.beta2[i] / 4
    expected = int(found.goes_to[i + (sign > 0)])
    assert drift(slopes(problem), beta1, beside, eps).goes_to == expected
    x, _ = end_of(problem, beta1, beside, eps=eps, steps=4_000_000, x0=float(-expected))
    # within the last saw-tooth of that end: alpha_t is 0.0025
    assert x == pytest.approx(expected, abs=0.05)


def test_one_has_a_closed_form():
    """On slopes 5 at t = 1 and -1 at t = 8 of 10, D = 0 where 25 (1 + 25 b^7) = 25 + b^3."""
    assert boundary(slopes(ACProp2(10)), 0.0).beta2 == pytest.approx([0.2], abs=1e-9)


def test_adam_never_fails_on_it_with_beta1_near_1():
    found = boundary(slopes(Theorem2(20)), 0.99)
    assert (found.beta2.size, found.goes_to.tolist(), found.re_entrant) == (0, [-1], False)


def test_a_period_of_one_more_step_makes_adam_go_right_for_every_beta2():
    """The slopes sum to zero: no x is best, but D, of the size of 1 - beta2, is not zero."""
    found = boundary(slopes(Online(period=102)), 0.9)
    assert (found.beta2.size, found.goes_to.tolist()) == (0, [1])


def test_a_long_period_is_scanned_in_parts(monkeypatch):
    whole = boundary(slopes(Theorem2(12)), 0.9)
    monkeypatch.setattr("amsgrad.theory.boundary.AT_ONCE", 1000)
    parts = boundary(slopes(Theorem2(12)), 0.9)
    assert np.array_equal(whole.beta2, parts.beta2)


def test_what_has_no_drift_is_refused():
    with pytest.raises(ValueError, match="lost in rounding, or not finite, for every beta2"):
        boundary([1, -1], 0.9)
    with pytest.raises(ValueError, match="beta1 must lie in"):
        boundary([1, -2], 1.0)
