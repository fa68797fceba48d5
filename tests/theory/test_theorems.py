"""The conditions of the theorems, by hand, and runs that show what they promise."""

import math

import numpy as np
import pytest

from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.problems.theorem1 import Theorem1
from amsgrad.problems.theorem6 import Theorem6
from amsgrad.rules import RULES
from amsgrad.schedules import inverse_sqrt, record_steps
from amsgrad.theory.instances import theorem1_beta2, theorem6_beta2
from amsgrad.theory.theorems import theorem1, theorem2, theorem3, theorem6
from amsgrad.variants import eps_inside


def sides(conditions):
    return np.array([(c.left, c.right) for c in conditions])


def verdicts(conditions):
    return [c.holds for c in conditions]


@pytest.mark.parametrize(
    ("arguments", "broken"),
    [
        ((3, 0, 0.1, 0.5), None),
        ((7.3, 0, theorem1_beta2(7.3), 0.99), None),
        ((2, 0, 0.2, 0.5), 0),
        ((3, 0.1, 0.1, 0.5), 1),
        ((3, 0, 0.11, 0.5), 2),
        ((3, 0, 0.1, 0.95), 3),
    ],
)
def test_each_condition_of_theorem_1_can_fail_alone(arguments, broken):
    conditions = theorem1(*arguments)
    big, beta1, beta2, alpha = arguments
    expected = [(big, 2), (beta1, 0), (beta2, 1 / (1 + big**2)), (alpha, math.sqrt(1 - beta2))]
    assert sides(conditions) == pytest.approx(np.array(expected), rel=1e-15)
    assert verdicts(conditions) == [i != broken for i in range(4)]


@pytest.mark.parametrize("big", [2.01, 2.5, 3.0, 10.0, 100.0])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_where_theorem_1_holds_adam_returns_and_pays(big, share):
    """At every one of 30,000 steps; alpha up to the bound of the last condition."""
    beta2 = theorem1_beta2(big)
    lr = share * math.sqrt(1 - beta2)
    assert all(verdicts(theorem1(big, 0, beta2, lr)))
    setup = Setup(Theorem1(big), lr, inverse_sqrt, x0=1.0, dtype=np.float64)
    engine = Compiled(setup, RULES["adam"](beta1=0, beta2=beta2, eps=0.0, semantics="paper"))
    _, records = run_to(engine, 30_000, record_steps(30_000, 1))
    assert (records.x[::3] == 1).all()
    assert (records.x > 0).all()
    # losses are rounded in their last digit
    assert records.regret.reshape(-1, 3).sum(axis=1).min() >= 2 * big - 4 - 1e-12 * big


def test_the_conditions_of_theorem_2_by_hand():
    """C = 8, beta1 = 1/2, beta2 = 9/16: g = 2/3, sqrt(1 - beta2) = sqrt(7) / 4."""
    powers = sum((2 / 3) ** j for j in range(1, 8))  # g (1 - g^7) / (1 - g)
    expected = [
        (1 / 2, 3 / 4),
        (0, 0),
        (8 / 2**8, 1 - 1 / 2**7),
        ((9 / 16) ** 3 * 64, 1),
        (3 / math.sqrt(7) * (1 + powers) + 1 / 4, 8 / 3),
    ]
    conditions = theorem2(8, 1 / 2, 9 / 16)
    assert sides(conditions) == pytest.approx(np.array(expected), rel=1e-14)
    assert verdicts(conditions) == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((6, 0, 0.1), [True, True, True, True, True]),
        ((7, 0, 0.1), [True, False, True, True, True]),
        ((4, 0, 0.1), [True, True, True, False, False]),
        ((2, 0.9, 0.99), [True, True, False, False, False]),
        ((100, 0.9, 0.81), [False, True, True, True, False]),  # g = 1
        ((100, 0.9, 0.5), [False, True, True, True, False]),
        ((2000, 0.9, 0.0), [False, True, True, True, False]),  # g infinite
        ((2000, 0.0, 0.0), [False, True, True, True, True]),
    ],
)
def test_each_condition_of_theorem_2_can_fail(arguments, expected):
    conditions = theorem2(*arguments)
    assert verdicts(conditions) == expected
    assert not np.isnan(sides(conditions)).any()


def test_the_conditions_of_theorem_3_by_hand():
    """C = 15, delta = 1, beta1 = 1/2, beta2 = 3/4: p = 1/8, k = 4, sqrt((1-b2)(b2-b1^2)) = r/4."""
    momentum = 4 / 4 / (math.sqrt(2) / 4)
    for as_printed, down in ((False, 2 + momentum), (True, 2 - momentum)):
        conditions = theorem3(15, 1, 1 / 2, 3 / 4, as_printed)
        assert sides(conditions) == pytest.approx(
            np.array(
                [(0.5, math.sqrt(0.75)), (0, 1), (1 / 8, 1), (down / 8, 7 / 16 / math.sqrt(22.75))]
            ),
            rel=1e-14,
        )
        assert verdicts(conditions) == [True, True, True, as_printed]
        assert (" - b1" in conditions[-1].formula) == as_printed


def test_each_condition_of_theorem_3_can_fail():
    assert verdicts(theorem3(87, 0.02, 0.5, 0.5)) == [True] * 4
    assert verdicts(theorem3(86, 0.02, 0.5, 0.5)) == [True, True, True, False]
    assert verdicts(theorem3(87, 0.02, 0.5, 0.25)) == [False, True, True, False]
    assert verdicts(theorem3(106, 0.02, 0.0, 0.99)) == [True] * 4  # k = 0


@pytest.mark.parametrize(
    ("arguments", "broken"),
    [
        ((3, 0, 1 / 45, 0.5), None),
        ((2, 0, 0.1, 0.5), 0),
        ((3, 0.1, 1 / 45, 0.5), 1),
        ((3, 0, 0.1, 0.5), 2),
        ((3, 0, 1 / 45, 0.99), 3),
    ],
)
def test_each_condition_of_theorem_6_can_fail_alone(arguments, broken):
    assert verdicts(theorem6(*arguments)) == [i != broken for i in range(4)]


def theorem6_run(big, eps, share, steps, divisor="v"):
    beta2 = theorem6_beta2(big)
    lr = share * math.sqrt(1 - beta2)
    assert all(verdicts(theorem6(big, 0, beta2, lr)))
    setup = Setup(Theorem6(big, math.sqrt(eps)), lr, inverse_sqrt, x0=1.0, dtype=np.float64)
    rule = eps_inside(beta1=0, beta2=beta2, eps=eps, divisor=divisor)
    return run_to(Compiled(setup, rule), steps, record_steps(steps, 1))


@pytest.mark.parametrize("big", [2.01, 3.0, 10.0, 100.0])
@pytest.mark.parametrize("eps", [1e-8, 1e4])
@pytest.mark.parametrize("share", [0.1, 0.999])
def test_where_theorem_6_holds_eps_inside_the_root_does_not_help(big, eps, share):
    """From the third period on; x_4 is not back at +1, and the second one may pay less."""
    _, records = theorem6_run(big, eps, share, 30_000)
    back = records.x[::3] == 1
    assert not back[1]
    assert back[2:].all()
    bound, rounding = 2 * big - 4, 1e-12 * big  # losses are rounded in their last digit
    paid = records.regret.reshape(-1, 3).sum(axis=1) / math.sqrt(eps)
    assert paid[2:].min() >= bound - rounding
    short = (paid[:2].sum() - 2 * bound) / bound
    assert (short >= 0) == (big < 100)
    assert short > -0.05


def test_amsgrad_with_eps_inside_the_root_finds_the_optimum():
    state, _ = theorem6_run(3.0, 1e-8, 0.5, 300_000, "vmax")
    assert state.x == pytest.approx(-1, abs=0.01)


def test_numbers_that_are_not_an_instance_of_theorem_3_are_refused():
    with pytest.raises(
        ValueError, match=r"big must be a finite number above delta, 0.5, but 0.5 was given"
    ):
        theorem3(0.5, 0.5, 0.9, 0.99)
