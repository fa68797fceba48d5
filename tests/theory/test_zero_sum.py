"""The zero-sum test: of every rule, and of optimizers of which nothing is known."""

import math
from fractions import Fraction

import numpy as np
import pytest

from amsgrad.rules import RULES
from amsgrad.theory.mean_step import MeanStep, mean_step
from amsgrad.theory.zero_sum import sequences, zero_sum, zero_sum_of_rule
from tests.marks import needs_jit

CANNOT = {"sgd", "amsgrad", "adamx", "padam", "adabound", "amsbound", "adagrad", "adamnc"}
CANNOT |= {"ef_signum"}


def test_the_sequences_sum_to_zero() -> None:
    tested = sequences()
    assert all(sum(map(Fraction, g.tolist())) == 0 and g.all() for g in tested)
    for g in tested:
        assert any(np.array_equal(-g, other) for other in tested)


@pytest.mark.parametrize("name", [name for name in RULES if name != "yogi"])
def test_every_rule_with_a_form(name: str) -> None:
    options = {"lr": 0.01} if "bound" in name else {}
    rule, form = RULES[name](**options), RULES[name].form_with(**options)
    found = zero_sum_of_rule(rule, form)
    if name in CANNOT:
        assert (found.verdict, found.ratio, found.example) == ("cannot fail (proved)", 0, None)
        return
    assert found.verdict == "fails"
    assert found.example is not None
    total = math.fsum(found.example)
    assert total * found.step.total < 0
    assert abs(found.step.total) > found.step.error
    assert mean_step(rule, found.example, form) == found.step
    assert abs(found.worst.sum()) == 0 < found.ratio


@pytest.mark.slow
@needs_jit
def test_yogi_fails() -> None:
    found = zero_sum_of_rule(RULES["yogi"]())
    assert found.verdict == "fails"
    assert found.example is not None
    assert math.fsum(found.example) * found.step.total < 0


@needs_jit
def test_without_a_form_nothing_is_proved() -> None:
    found = zero_sum_of_rule(RULES["amsgrad"](beta2=0.9))
    assert found.verdict == f"D vanishes on {len(sequences())} sequences: none found"
    assert found.example is None


def test_any_optimizer() -> None:
    def swayed(g: np.ndarray) -> MeanStep:
        return MeanStep(float(g.sum() - 0.01 * np.abs(g).max()), 1e-9, 1.0, "black box")

    found = zero_sum(lambda many: [swayed(g) for g in many])
    assert found.verdict == "fails"
    assert found.example is not None
    assert found.example.sum() > 0 > found.step.total

    lost = MeanStep(0.0, math.inf, 1.0, "black box")
    assert zero_sum(lambda many: [lost] * len(many)).verdict.startswith("undecided: windows")
    stuck = MeanStep(-1.0, 0.0, 1.0, "black box")  # not a function of the slopes' sum
    many = zero_sum(lambda many: [stuck if g.sum() == 0 else lost for g in many])
    assert many.verdict == "D does not vanish, but no sequence on which the rule fails was found"
