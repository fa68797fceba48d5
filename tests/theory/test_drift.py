"""The drift: its formula, its digits, its symmetries, and a run that shows its value."""

import math
import time
from itertools import product

import numpy as np
import pytest

from amsgrad.engines.base import Setup
from amsgrad.engines.driver import run_to
from amsgrad.engines.reference import Reference
from amsgrad.problems.acprop2 import ACProp2
from amsgrad.problems.online import Online
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.rules import RULES
from amsgrad.theory.drift import RULES as KNOWN
from amsgrad.theory.drift import drift
from amsgrad.theory.periodic import slopes
from tests.theory import naive

FIGURE1 = slopes(Online())
EXAMPLES = {
    "figure 1": FIGURE1,
    "t mod 10": slopes(Theorem2(10)),
    "one step": np.array([-3.0]),
    "sum zero": np.array([5.0, -2.0, -2.0, -1.0]),
    "uneven": np.array([1e6, -3.0, 0.5, -1e3, 12.0]),
}
SHORT = [name for name in EXAMPLES if name != "figure 1"]  # fractions of 101 steps are slow
ALMOST_1 = 1 - 1e-12


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("rule", KNOWN)
@pytest.mark.parametrize("betas", [(0.0, 0.5), (0.5, 0.0), (0.9, 0.99), (0.99, 0.9)])
@pytest.mark.parametrize("eps", [0.0, 0.1])
def test_it_is_the_sum_over_the_state_that_brute_force_comes_to(name, rule, betas, eps):
    g = EXAMPLES[name]
    expected = naive.drift(g.tolist(), *betas, eps, rule)
    # of the sum of the sizes of the terms, whose difference D is
    size = naive.drift(np.abs(g).tolist(), *betas, eps, rule)
    assert drift(g, *betas, eps, rule).total == pytest.approx(expected, abs=1e-12 * size)


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize("beta1", [0.0, 0.9, 0.9999, ALMOST_1])
@pytest.mark.parametrize("beta2", [0.0, 0.9, 0.9999, ALMOST_1])
@pytest.mark.parametrize("eps", [0.0, 0.1])
def test_its_rounding_is_within_its_estimate(name, beta1, beta2, eps):
    found = drift(EXAMPLES[name], beta1, beta2, eps)
    exact = float(naive.exact_drift(EXAMPLES[name].tolist(), beta1, beta2, eps))
    assert abs(found.total - exact) <= found.rounding
    assert found.goes_to == (0 if abs(exact) < found.rounding else -np.sign(exact))


def test_no_digit_is_lost_as_beta2_tends_to_1():
    """With slopes that sum to zero D falls as 1 - beta2, and 1e-13 of its terms is left of it."""
    g, beta2 = EXAMPLES["sum zero"], 1 - 1e-13
    found = drift(g, 0.5, beta2)
    exact = float(naive.exact_drift(g.tolist(), 0.5, beta2))
    assert abs(exact) < 1e-12
    assert found.total == pytest.approx(exact, rel=1e-12)
    assert found.goes_to == 1


def test_a_grid_is_its_entries():
    beta1, beta2 = np.array([0.0, 0.5, 0.9, 0.999]), np.array([0.0, 0.9, 0.9995, 0.999999])
    grid = drift(FIGURE1, beta1, beta2)
    assert grid.total.shape == grid.rounding.shape == grid.goes_to.shape == (4, 4)
    for (i, b1), (j, b2) in product(enumerate(beta1), enumerate(beta2)):
        alone = drift(FIGURE1, b1, b2)
        assert np.shape(alone.total) == ()
        # BLAS may add in another order
        assert alone.total == pytest.approx(grid.total[i, j], abs=alone.rounding)
        assert alone.goes_to == grid.goes_to[i, j]
    assert drift(FIGURE1, beta1, 0.99).total.shape == (4,)
    assert drift(FIGURE1, 0.9, beta2).total.shape == (4,)


def test_a_million_pairs_of_betas_take_less_than_2_s():
    beta = 1 - np.geomspace(1, 1e-6, 1000)
    began = time.perf_counter()
    goes_to = drift(FIGURE1, beta, beta).goes_to
    assert time.perf_counter() - began < 2
    assert set(np.unique(goes_to)) == {-1, 1}


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("betas", [(0.0, 0.5), (0.9, 0.99), (0.999, 0.3)])
def test_it_does_not_depend_on_unit_start_or_side(name, betas):
    g = EXAMPLES[name]
    found = drift(g, *betas, eps=0.01)
    for other, sign in ((np.roll(g, 1), 1), (-g, -1)):
        assert drift(other, *betas, eps=0.01).total == pytest.approx(
            sign * found.total, abs=found.rounding
        )
    # far beyond where a square overflows or vanishes; a power of 2 changes no digit
    for unit in (2.0**900, 2.0**-900):
        assert drift(g * unit, *betas, eps=0.01 * unit).total == found.total


@pytest.mark.parametrize("big", [2.001, 2.5, 3.0, 10.0, 1e4])
def test_theorem_1_has_a_closed_form(big):
    """b = beta2 = 1 / (1 + C^2): v C^-2 (1 + b + b^2) b / (1 - b) is known after each slope."""
    b = 1 / (1 + big**2)
    unit = (1 - b) / (1 - b**3)
    after_big = big / math.sqrt(unit * (big**2 + b + b**2))
    after_small = [1 / math.sqrt(unit * (1 + b * big**2 + b**2)),
                   1 / math.sqrt(unit * (1 + b + b**2 * big**2))]  # fmt: skip
    found = drift([big, -1, -1], 0.0, b)
    # D is a small difference at C = 2
    assert found.total == pytest.approx(after_big - sum(after_small), abs=1e-14)
    assert found.goes_to == 1


def test_in_the_limit_beta2_1_it_is_the_sum_over_the_rms():
    limit = 10 / math.sqrt((1010**2 + 100 * 10**2) / 101)
    assert drift(FIGURE1, 0.9, ALMOST_1).total == pytest.approx(limit, rel=1e-6)
    assert drift(FIGURE1, 0.9, 0.5, rule="adamnc").total == pytest.approx(limit, rel=1e-15)


@pytest.mark.parametrize("rule", ["amsgrad", "adamnc"])
def test_amsgrad_and_adamnc_always_go_to_the_best_point(rule):
    beta = 1 - np.geomspace(1, 1e-9, 30)
    assert (drift(FIGURE1, beta, beta, rule=rule).goes_to == -1).all()
    assert (drift(slopes(Online(period=103)), beta, beta, rule=rule).goes_to == 1).all()


def test_where_nothing_is_decided_x_goes_nowhere():
    assert drift([1, -1], 0.9, 0.9).goes_to == 0
    nowhere = drift(slopes(ACProp2()), [0.0, 0.9], 0.0)  # v is zero where the slope is: 0/0, 1/0
    assert not np.isfinite(nowhere.total).any()
    assert nowhere.goes_to.tolist() == [0, 0]
    assert drift(slopes(ACProp2()), 0.9, 0.0, eps=1e-8).goes_to == -1


@pytest.mark.parametrize("semantics", ["paper", "torch", "optax", "keras", "labml"])
@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
def test_a_period_of_a_run_moves_x_by_it(opt, semantics):
    """Far from the ends of F, at a constant step, once m, v and the corrections have settled."""
    lr, eps, period, beta1, beta2 = 1e-7, 0.5, 10, 0.5, 0.9
    setup = Setup(Theorem2(period), lr, dtype=np.float64)
    engine = Reference(setup, RULES[opt](beta1=beta1, beta2=beta2, eps=eps, semantics=semantics))
    begin, _ = run_to(engine, 1000 * period)
    end, _ = run_to(engine, 2000 * period, start=begin)
    moved = (begin.x - end.x) / (1000 * lr)
    expected = drift(slopes(setup.problem), beta1, beta2, eps, opt).total
    if (opt, semantics) == ("amsgrad", "optax"):  # its maximum is of the corrected v: that of t = 1
        expected = sum(slopes(setup.problem)) / (period + eps)
    # x, about 1e-4, is rounded to 1e-20 of itself ten thousand times
    assert moved == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([], 0.9, 0.99), "finite numbers, and not all zero"),
        (([0, 0], 0.9, 0.99), "finite numbers, and not all zero"),
        (([1, np.nan], 0.9, 0.99), "finite numbers, and not all zero"),
        (([[1, 2]], 0.9, 0.99), "finite numbers, and not all zero"),
        (([1], 1.0, 0.99), r"beta1 must lie in \[0, 1\), but 1.0 was given"),
        (([1], 0.9, -0.1), r"beta2 must lie in \[0, 1\), but -0.1 was given"),
        (([1], 0.9, [0.5, np.nan]), r"beta2 must lie in \[0, 1\), but \[0.5, nan\] was given"),
        (([1], 0.9, [[0.5]]), "beta2 must lie in"),
        (([1], 0.9, 0.99, -1.0), "eps must be a finite number >= 0, but -1.0 was given"),
        (([1], 0.9, 0.99, 0.0, "sgd"), "rule must be one of adam, .*, but sgd was given"),
    ],
)
def test_bad_input_is_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        drift(*arguments)
