"""The mean step and the zero-sum test from Python, by names and options."""

from collections.abc import Iterator

import pytest

import amsgrad
from amsgrad.options import ConfigError
from amsgrad.rules import RULES
from amsgrad.rules.form import Form
from amsgrad.rules.method import method
from amsgrad.rules.rule import Rule
from amsgrad.theory.mean_step import mean_step
from tests.marks import needs_jit


@method(formula="rmsprop with a fixed eps", form=lambda **_: Form("gradient", beta2=0.9, eps=1.0))
def own(*, beta1: float = 0.9) -> Rule:
    return RULES["rmsprop"](beta2=0.9, eps=1.0)


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """What is asked for by its path stays in the registry, which other tests list."""
    known = set(RULES)
    yield
    for name in set(RULES) - known:
        del RULES[name]


def test_it_is_the_mean_step_of_the_rule() -> None:
    adam = RULES["adam"]
    options = {"beta1": 0.5, "beta2": 0.9, "semantics": "torch"}
    found = amsgrad.mean_step("adam", "5,-1x3,0.5", **options)
    assert found == mean_step(adam(**options), [5, -1, -1, -1, 0.5], adam.form_with(**options))
    assert amsgrad.mean_step("adam", [5, -1, -1, -1, 0.5], **options) == found
    bound = amsgrad.mean_step("adabound", [2, -1], lr=0.5)
    assert bound.total == pytest.approx(0.1 / 0.5)
    assert amsgrad.mean_step(own, [2, -1]) == mean_step(own(), [2, -1], own.form_with())


@needs_jit
def test_the_order_and_its_seed() -> None:
    shuffled = amsgrad.mean_step("rmsprop", "5,-1x3", "shuffled", seed=3)
    assert shuffled == mean_step(RULES["rmsprop"](), [5, -1, -1, -1], order="shuffled", seed=3)


def test_whether_a_rule_can_fail() -> None:
    assert amsgrad.can_fail("adam", beta2=0.5).verdict == "fails"
    assert amsgrad.can_fail("amsgrad", semantics="optax").verdict == "cannot fail (proved)"
    assert amsgrad.can_fail(own).verdict == "fails"


def test_arguments_that_are_refused() -> None:
    with pytest.raises(ConfigError, match="steps is no hyper-parameter of torch"):
        amsgrad.mean_step("torch.optim:SGD", [1], steps=5)
    with pytest.raises(ConfigError, match="semantics is no hyper-parameter of sgd"):
        amsgrad.mean_step("sgd", [1], semantics="torch")
    with pytest.raises(ConfigError, match="steps is no hyper-parameter of sgd"):
        amsgrad.can_fail("sgd", steps=5)
    with pytest.raises(ConfigError, match="beta2 must be"):
        amsgrad.mean_step("adam", [1], beta2=1)
    with pytest.raises(ConfigError, match="slopes must be"):
        amsgrad.mean_step("adam", "1;2")
