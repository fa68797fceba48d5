"""D by simulation against the closed form and exact laws; orders, errors and refusals."""

import math
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import pytest

from amsgrad.rules import RULES
from amsgrad.rules.rule import NEVER, Rule
from amsgrad.theory import mean_step as theory
from amsgrad.theory.expected import Odds, expected_drift
from amsgrad.theory.mean_step import FADING, MeanStep, mean_step
from tests.marks import needs_jit

pytestmark = needs_jit  # millions of steps

EDGE = [-400] + 401 * [1]  # ADOPT's clip acts on it until step 160,000
LONG = [-3, 2, 1.25, 0.5, -1]


@pytest.mark.parametrize("name", ["adam", "adopt", "acprop", "padam"])
@pytest.mark.parametrize("slopes", [[-2, -1, 3], EDGE])
def test_simulated_is_the_closed_form(name: str, slopes: list[float]) -> None:
    method = RULES[name]
    formula = mean_step(method(), slopes, method.form_with())
    run = mean_step(method(), slopes)
    assert (formula.source, run.source) == ("closed form", "simulated")
    assert abs(run.total - formula.total) <= run.error < 1e-8 * run.size
    assert run.size == pytest.approx(formula.size, rel=1e-9)
    assert run.goes_to == formula.goes_to


def test_a_find_with_a_tiny_drift() -> None:
    """ADOPT's at its published defaults: D is 1.4e-9 of sum |d|."""
    adopt = RULES["adopt"]
    for form in (adopt.form_with(), None):
        step = mean_step(adopt(), [-22699, 15203, 7497], form)
        assert step.total == pytest.approx(-2.3184e-10, rel=0.01 if form is None else 1e-4)
        assert step.goes_to == 1


def test_yogi_has_no_form() -> None:
    """The memory moves on a lattice; the windows agree, and D is odd and has a sign."""
    yogi = RULES["yogi"](beta2=0.9)
    there, back = (mean_step(yogi, sign * np.array([-2.0, -1.0, 3.0])) for sign in (1, -1))
    assert there.source == "simulated"
    assert there.goes_to == -back.goes_to != 0
    assert there.total == pytest.approx(-back.total, abs=there.error + back.error)


def test_fading_steps_have_a_unit() -> None:
    adagrad = RULES["adagrad"]
    formula, run = (mean_step(adagrad(), LONG[:4], form) for form in (adagrad.form_with(), None))
    assert formula.source == f"closed form, {FADING}"
    assert run.source == f"simulated, {FADING}"
    assert abs(run.total - formula.total) <= run.error
    shuffled = mean_step(adagrad(), LONG[:4], order="shuffled")
    assert shuffled.source == f"simulated, {FADING}"
    assert abs(shuffled.total - formula.total) <= shuffled.error + 1e-6


class Memory(NamedTuple):
    k: float


class Rest(NamedTuple):
    k: float


def swaying(k: int, alpha: float, beta1: float, h: Any, real: Any) -> Rest:
    return Rest(real(k))


def sway(memory: Memory, g: float, c: Rest) -> tuple[Memory, float]:
    """The sign of the steps changes at each power of 4: there is no D."""
    return Memory(c.k), g * np.cos(math.pi * np.log2(c.k) / 2)


def creeping(k: int, alpha: float, beta1: float, h: Any, real: Any) -> Rest:
    return Rest(real(k))


def creep(memory: Memory, g: float, c: Rest) -> tuple[Memory, float]:
    """Like a clip at k^(1/4) that still acts: D falls below 0 only at k = 10^12."""
    return Memory(c.k), 1000 - np.sqrt(np.sqrt(c.k))


@pytest.mark.parametrize(("coefficients", "update"), [(swaying, sway), (creeping, creep)])
def test_windows_that_disagree_give_no_verdict(
    coefficients: Any, update: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theory, "MOST", 2**23)
    rule = Rule("own", Memory, (0.0,), coefficients, update, NEVER)
    step = mean_step(rule, [1, 2])
    assert step.error == math.inf
    assert step.goes_to == 0
    assert step.source == "simulated, windows disagree"


@pytest.mark.parametrize(("beta1", "beta2"), [(0.0, 0.9), (0.9, 0.99)])
def test_drawn_slopes_against_the_integral(beta1: float, beta2: float) -> None:
    slopes = [10, -1, -1, -1]
    exact = 4 * expected_drift(Odds(np.array([10.0, -1.0]), np.array([0.25, 0.75])), beta1, beta2)
    rule = RULES["adam"](beta1=beta1, beta2=beta2, eps=0.0)
    found = mean_step(rule, slopes, RULES["adam"].form_with(), order="drawn")
    assert abs(found.total - exact) <= found.error < 0.02 * abs(exact)


@pytest.mark.parametrize("slopes", [[5], [1, 1, 1], [0.3, 0.3, 0.3]])
def test_equal_slopes_are_the_same_in_every_order(slopes: list[float]) -> None:
    adam = RULES["adam"]
    exact = mean_step(adam(), slopes, adam.form_with())
    for order in ("shuffled", "drawn"):
        found = mean_step(adam(), slopes, order=order, steps=2**16)
        assert abs(found.total - exact.total) <= found.error < 1e-9


def test_the_seed_decides_a_random_order() -> None:
    rule = RULES["adopt"]()
    for order in ("shuffled", "drawn"):
        first, again, other = (
            mean_step(rule, LONG, order=order, seed=seed, steps=2**18) for seed in (0, 0, 1)
        )
        assert first == again != other
        assert abs(first.total - other.total) <= first.error + other.error


def test_adopt_and_adam_change_roles() -> None:
    """The example of ADOPT at its published defaults; its theorem assumes independent slopes."""
    adopt, adam = RULES["adopt"](), RULES["adam"](beta2=0.9999)
    ends = {
        order: (mean_step(adopt, EDGE, order=order), mean_step(adam, EDGE, order=order))
        for order in ("cyclic", "shuffled")
    }
    for adopts, adams in ends.values():
        assert (adopts.goes_to, adams.goes_to) == (1, -1)
    drawn = mean_step(adopt, EDGE, order="drawn", steps=2**23)
    assert drawn.goes_to == -1


@pytest.mark.parametrize("name", ["adopt", "adopt_unclipped"])
def test_the_example_of_a_review_of_adopt(name: str) -> None:
    """Slopes 1.9, -1, -1 at betas of zero (OpenReview sJCIv4aUQu): x* = 1, but D > 0 if shuffled.

    A step is then g_t / |g_{t-1}|: of the first of an epoch both are drawn, of the two others they
    are two different slopes, each of the six pairs with the same chance.
    """
    slopes = [1.9, -1.0, -1.0]
    pairs = [now / abs(before) for before, now in permutations(slopes, 2)]
    drawn = np.mean(slopes) * np.mean(1 / np.abs(slopes))
    rule = RULES[name](beta1=0.0, beta2=0.0)
    shuffled = mean_step(rule, slopes, order="shuffled")
    assert shuffled.goes_to == -1
    assert abs(shuffled.total - (drawn + 2 * np.mean(pairs))) <= shuffled.error
    independent = mean_step(rule, slopes, order="drawn")
    assert independent.goes_to == 1
    assert abs(independent.total - 3 * drawn) <= independent.error
    cyclic = mean_step(rule, slopes, RULES[name].form_with(beta1=0.0, beta2=0.0))
    assert cyclic.total == pytest.approx(1.9 - 1 / 1.9 - 1)


def test_goes_to_needs_more_than_the_error() -> None:
    assert MeanStep(-1.0, 0.5, 3.0, "black box").goes_to == 1
    assert MeanStep(1.0, 0.5, 3.0, "black box").goes_to == -1
    assert MeanStep(1.0, 1.0, 3.0, "black box").goes_to == 0
    assert MeanStep(math.nan, 0.0, 3.0, "black box").goes_to == 0


@pytest.mark.parametrize("form", [True, False])
def test_a_divisor_of_zero_is_refused(form: bool) -> None:
    rmsprop = RULES["rmsprop"]
    options = {"beta2": 0.0, "eps": 0.0}
    with pytest.raises(ValueError, match="rmsprop takes steps that are not finite"):
        mean_step(rmsprop(**options), [0, 1], rmsprop.form_with(**options) if form else None)


def test_arguments_that_are_refused() -> None:
    rule = RULES["sgd"]()
    for slopes in ([], [0, 0], [1, math.inf], [[1, 2]]):
        with pytest.raises(ValueError, match="slopes must be finite numbers, and not all zero"):
            mean_step(rule, slopes)
    with pytest.raises(ValueError, match="order must be one of cyclic, shuffled, drawn"):
        mean_step(rule, [1], order="random")
