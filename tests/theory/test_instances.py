"""The smallest instances: that they are the smallest, and what happens on them."""

import pytest

from amsgrad.problems.theorem2 import Theorem2
from amsgrad.problems.theorem3 import Theorem3
from amsgrad.theory import instances
from amsgrad.theory.drift import drift
from amsgrad.theory.expected import expected_drift, odds
from amsgrad.theory.instances import (
    failing_big,
    failing_period,
    theorem2_period,
    theorem3_big,
)
from amsgrad.theory.periodic import slopes
from amsgrad.theory.theorems import theorem2, theorem3
from tests.theory.runs import end_of

# betas, C of Theorem 2, C from which Adam fails on the same losses
BETAS = [(0.0, 0.1, 6, 3), (0.5, 0.5, 20, 5), (0.9, 0.9, 204, 14), (0.9, 0.99, 3218, 30)]


@pytest.mark.parametrize(("beta1", "beta2", "period", "failing"), BETAS)
def test_it_meets_theorem_2_and_no_smaller_even_c_does(beta1, beta2, period, failing):
    assert theorem2_period(beta1, beta2) == period
    assert all(c.holds for c in theorem2(period, beta1, beta2))
    for smaller in range(2, period, 2):
        assert not all(c.holds for c in theorem2(smaller, beta1, beta2))


@pytest.mark.parametrize(("beta1", "beta2", "period", "failing"), BETAS)
def test_adam_fails_from_a_smaller_c_on(beta1, beta2, period, failing):
    assert failing_period(beta1, beta2) == failing
    for c in range(2, 3 * failing):
        goes_to = drift(slopes(Theorem2(c)), beta1, beta2).goes_to
        assert goes_to == (1 if c >= failing else -1)


@pytest.mark.parametrize(("beta1", "beta2", "period", "failing"), BETAS)
def test_on_it_the_average_regret_of_adam_does_not_vanish(beta1, beta2, period, failing):
    """At +1 it is 2 / C, and more as x saw-tooths."""
    problem = Theorem2(period)
    averages = []
    for steps in (2_000_000, 8_000_000):
        x, average = end_of(problem, beta1, beta2, steps=steps, x0=0.0, lr=1.0)
        assert x == pytest.approx(1, abs=0.1)
        averages.append(average)
    assert min(averages) > 0.95 * 2 / period
    # what the saw-tooth costs falls as alpha_t; the rest stays
    assert averages[1] - 2 / period < 0.6 * (averages[0] - 2 / period) + 0.01 * 2 / period


@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
def test_on_the_smallest_of_them_amsgrad_goes_left(opt):
    x, average = end_of(Theorem2(6), 0.0, 0.1, steps=1_000_000, x0=0.0, lr=1.0, opt=opt)
    assert x == pytest.approx(1 if opt == "adam" else -1, abs=0.01)
    assert (average > 0.3) == (opt == "adam")


def test_the_premise_of_theorem_2_is_not_needed_to_fail():
    """beta1 = 0.9, beta2 = 0: signs of the gradient, averaged; 0.9 > sqrt(0)."""
    assert failing_period(0.9, 0.0) == 16
    for period, goes_to in ((15, -1), (16, 1)):
        x, _ = end_of(Theorem2(period), 0.9, 0.0, steps=1_000_000, x0=float(-goes_to))
        assert x == pytest.approx(goes_to, abs=0.1)


@pytest.mark.parametrize(
    ("beta1", "beta2", "delta", "big"),
    [(0.9, 0.99, 0.02, 6), (0.9, 0.99, 1.0, 216), (0.0, 0.5, 0.3, 3)],
)
def test_adam_fails_on_random_losses_from_this_c_on(beta1, beta2, delta, big):
    assert failing_big(beta1, beta2, delta) == big
    for c in range(int(delta) + 1, 3 * big):
        assert (expected_drift(odds(Theorem3(c, delta)), beta1, beta2) < 0) == (c >= big)


# betas, delta, smallest C of Theorem 3
THIRD = [
    (0.0, 0.1, 0.02, 2),
    (0.0, 0.99, 0.02, 106),
    (0.5, 0.5, 0.02, 87),
    (0.5, 0.5, 1.0, 1355),
    (0.9, 0.9, 0.02, 1_668_767),
    (0.9, 0.99, 0.02, 12_059_643),
]


@pytest.mark.parametrize(("beta1", "beta2", "delta", "big"), THIRD)
def test_it_meets_theorem_3_and_no_smaller_c_does(beta1, beta2, delta, big):
    assert theorem3_big(beta1, beta2, delta) == big
    assert all(c.holds for c in theorem3(big, delta, beta1, beta2))
    smaller = {*range(int(delta) + 1, min(big, 2000)), *range(max(big - 200, 1), big)}
    # just before k grows the condition is nearest to being met
    smaller |= (
        {int((1 / beta1) ** k) + i for k in range(200) for i in (-2, -1, 0)} if beta1 else set()
    )
    for c in (c for c in smaller if delta < c < big):
        assert not theorem3(c, delta, beta1, beta2)[-1].holds
    assert failing_big(beta1, beta2, delta) <= big


@pytest.mark.parametrize("delta", [0.02, 1.0])
def test_with_the_minus_of_the_page_a_c_would_do_at_which_adam_converges(delta):
    assert theorem3_big(0.9, 0.99, delta, as_printed=True) <= 2
    assert theorem3(2, delta, 0.9, 0.99, as_printed=True)[-1].holds
    assert expected_drift(odds(Theorem3(2, delta)), 0.9, 0.99) > 0
    if delta == 1.0:  # a smaller one is lost in the noise of these steps
        x, _ = end_of(Theorem3(2, delta), 0.9, 0.99, steps=100_000, x0=0.0, lr=1.0)
        assert x == pytest.approx(-1, abs=0.05)


def test_on_it_random_losses_lead_adam_to_the_right_end():
    for seed in range(3):
        x, average = end_of(Theorem3(87, 0.02, seed), 0.5, 0.5, steps=10_000_000, x0=0.0, lr=1.0)
        assert x == pytest.approx(1, abs=0.05)
        assert average > 0.02  # 0.04 at +1, with the chance of the draws


def test_there_may_be_no_instance(monkeypatch):
    for betas in ((0.9, 0.81), (0.5, 0.0)):
        with pytest.raises(ValueError, match=r"needs 0 <= beta1 < sqrt\(beta2\) < 1"):
            theorem2_period(*betas)
    monkeypatch.setattr(instances, "LARGEST", 100)
    monkeypatch.setattr(instances, "LARGEST_RUN", 16)
    with pytest.raises(ValueError, match=r"No C up to 100 meets Theorem 2 with betas 0.9, 0.99"):
        theorem2_period(0.9, 0.99)
    with pytest.raises(
        ValueError, match=r"No C up to 16 was found that fails with betas \(0.9, 0.99"
    ):
        failing_period(0.9, 0.99)
    with pytest.raises(ValueError, match="beta1 must lie in"):
        failing_period(1.0, 0.99)
    with pytest.raises(ValueError, match="delta must be a finite number above 0"):
        theorem3_big(0.9, 0.99, 0.0)
    with pytest.raises(ValueError, match="Theorem 3 needs 0 <= beta1"):
        theorem3_big(0.9, 0.81, 0.02)
    monkeypatch.setattr(instances, "LARGEST_REAL", 1000)
    with pytest.raises(ValueError, match=r"No C up to 1,000 meets Theorem 3 with betas 0.9, 0.99"):
        theorem3_big(0.9, 0.99, 0.02)


def test_the_search_goes_on_from_chunk_to_chunk(monkeypatch):
    monkeypatch.setattr(instances, "AT_ONCE", 7)
    assert theorem2_period(0.9, 0.9) == 204
