"""The expected drift against sampling, known limits and long runs."""

import numpy as np
import pytest
from scipy.signal import lfilter

from amsgrad.problems.adopt import Adopt
from amsgrad.problems.online import Online
from amsgrad.problems.stochastic import Stochastic
from amsgrad.problems.theorem3 import Theorem3
from amsgrad.problems.zhang import Zhang
from amsgrad.theory import expected
from amsgrad.theory.expected import Odds, expected_drift, odds
from tests.marks import slow
from tests.theory.runs import end_of

CASES = [
    (Stochastic(), 0.9, 0.99),
    (Stochastic(), 0.0, 0.5),
    (Theorem3(11, 0.1), 0.9, 0.9),
    (Theorem3(11, 0.1), 0.5, 0.99),
    (Adopt(10), 0.9, 0.999),
]


@pytest.mark.parametrize(("problem", "beta1", "beta2"), CASES)
def test_it_is_what_sampling_comes_to(problem, beta1, beta2):
    slopes, chances = odds(problem)
    g = np.random.default_rng(0).choice(slopes, 1_000_000, p=chances)
    m, v = (lfilter([1 - b], [1, -b], h) for b, h in ((beta1, g), (beta2, g * g)))
    means = (m / np.sqrt(v))[20_000:].reshape(98, -1).mean(axis=1)  # of blocks: nearly independent
    error = means.std(ddof=1) / np.sqrt(means.size)
    assert expected_drift(odds(problem), beta1, beta2) == pytest.approx(means.mean(), abs=4 * error)


@pytest.mark.parametrize("beta1", [0.0, 0.9])
@pytest.mark.parametrize("beta2", [1e-3, 0.9, 0.9999])
def test_a_slope_that_is_certain_is_a_step_of_its_sign(beta1, beta2):
    certain = Odds(np.array([-7.0]), np.array([1.0]))
    # 1e6 nodes at beta2 = 0.9999
    assert expected_drift(certain, beta1, beta2) == pytest.approx(-1, abs=1e-11)


def test_without_memory_steps_are_signs():
    """beta2 -> 0: v = g^2, so E[m / sqrt(v)] = (1 - b1) E[sign g] + b1 E[g] E[1 / |g|]."""
    (big, small), (p, q) = three = odds(Theorem3(3, 0.2))
    limit = 0.3 * (p - q) + 0.7 * (p * big + q * small) * (p / big + q / -small)
    assert expected_drift(three, 0.7, 1e-12) == pytest.approx(limit, rel=1e-9)


def test_a_finer_grid_changes_no_digit(monkeypatch):
    coarse = [expected_drift(odds(problem), b1, b2) for problem, b1, b2 in CASES]
    monkeypatch.setattr(expected, "STEP", expected.STEP / 7)
    fine = [expected_drift(odds(problem), b1, b2) for problem, b1, b2 in CASES]
    assert coarse == pytest.approx(fine, rel=1e-13)


def test_it_does_not_depend_on_unit_or_side():
    slopes, chances = odds(Theorem3(11, 0.1))
    d = expected_drift(Odds(slopes, chances), 0.9, 0.99)
    for unit in (1e100, -1e-100):
        other = expected_drift(Odds(unit * slopes, chances), 0.9, 0.99)
        assert other == pytest.approx(np.sign(unit) * d, rel=1e-12)


@pytest.mark.parametrize(
    ("problem", "beta2", "goes_to"),
    [
        (Stochastic(), 0.99, 1),
        (Adopt(10), 0.999, -1),
        slow(Stochastic(), 0.99999, -1),
        slow(Adopt(10), 0.9, 1),
        slow(Theorem3(11, 0.1), 0.9, 1),
    ],
)
def test_long_runs_go_where_it_says(problem, beta2, goes_to):
    assert np.sign(-expected_drift(odds(problem), 0.9, beta2)) == goes_to
    x, _ = end_of(problem, 0.9, beta2, steps=4_000_000, x0=float(-goes_to))
    # chance leads x away from the end, but not far: a step is 0.0025 of m / sqrt(v)
    assert x == pytest.approx(goes_to, abs=0.3)


def test_the_claims_of_adopt():
    """Adam fails at k = 10 unless beta2 = 0.999, and at k = 50 even there (Figure 1 there)."""
    fails = {
        (k, beta2): expected_drift(odds(Adopt(k)), 0.9, beta2) < 0
        for k in (10, 50)
        for beta2 in (0.1, 0.5, 0.9, 0.999)
    }
    assert [case for case, failed in fails.items() if not failed] == [(10, 0.999)]


def test_bad_input_is_refused():
    for problem in (Online(), Zhang(order="random")):
        with pytest.raises(
            ValueError, match=f"{type(problem).__name__} are not one of some slopes"
        ):
            odds(problem)
    two = odds(Theorem3())
    for betas in ((1.0, 0.5), (-0.1, 0.5), (0.9, 0.0), (0.9, 1.0)):
        with pytest.raises(ValueError, match="betas must lie in"):
            expected_drift(two, *betas)
    with pytest.raises(ValueError, match="none of them zero"):
        expected_drift(odds(Stochastic(small=0)), 0.9, 0.99)
    with pytest.raises(ValueError, match=r"too near to 1 for an expected drift, but 0.999999999"):
        expected_drift(two, 0.9, 0.999999999)
