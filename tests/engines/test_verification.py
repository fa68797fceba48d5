"""The comparison with the real optimizer: that it agrees, and what it catches."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amsgrad.engines.reference import Reference
from amsgrad.rules.adam import Coefficients
from amsgrad.verification import Disagreement, Verification, tolerance, verify
from tests.engines.cases import Case, every_case

STEPS = 4000  # past the settling step of bias correction


def compare(case: Case, steps: int, engine: Any = None) -> Verification:
    path = case.engine("torch").follow(steps)
    allowed = tolerance(case.rule, case.dtype, steps)
    return verify(engine or case.engine("compiled"), case.rule, path, allowed)


@every_case
def test_the_rules_are_the_real_optimizers(case: Case) -> None:
    found = compare(case, STEPS if case.first_t == 0 else 500)
    assert set(found.largest) == {"x", *case.rule.memory._fields}
    assert max(found.largest.values()) <= found.tolerance < 2e-4


@pytest.mark.parametrize("betas", [(0.0, 0.0), (0.0, 0.5), (0.999, 0.9), (0.9, 0.99999)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_tolerance_fits_other_betas(betas: tuple[float, float], dtype: Any) -> None:
    for opt in ("adam", "amsgrad"):
        for semantics in ("labml", "torch"):
            case = Case(opt, semantics, beta1=betas[0], beta2=betas[1], dtype=dtype)
            compare(case, 500)


def no_root(memory: Any, g: float, c: Coefficients) -> Any:
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * g * g
    return type(memory)(m, v), c.step * m / (v + c.eps)


def swapped_decay(memory: Any, g: float, c: Coefficients) -> Any:
    m = c.rest1 * memory.m + c.beta1 * g
    v = c.beta2 * memory.v + c.rest2 * g * g
    return type(memory)(m, v), c.step * m / (np.sqrt(v) + c.eps)


def forgets_the_maximum(memory: Any, g: float, c: Coefficients) -> Any:
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * g * g
    return type(memory)(m, v, v), c.step * m / (np.sqrt(v) + c.eps)


def divides_by_v_while_it_keeps_the_maximum(memory: Any, g: float, c: Coefficients) -> Any:
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * g * g
    return type(memory)(m, v, max(memory.vmax, v)), c.step * m / (np.sqrt(v) + c.eps)


@pytest.mark.parametrize(
    ("opt", "wrong", "step", "variable"),
    [
        ("adam", no_root, 2, "x"),
        ("adam", swapped_decay, 1, "m"),
        ("amsgrad", forgets_the_maximum, 3, "vmax"),
        ("amsgrad", divides_by_v_while_it_keeps_the_maximum, 3, "x"),
    ],
)
def test_a_wrong_rule_is_caught_at_its_first_wrong_step(
    opt: str, wrong: Callable[..., Any], step: int, variable: str
) -> None:
    case = Case(opt)
    engine = Reference(case.setup, replace(case.rule, update=wrong))
    with pytest.raises(Disagreement, match=rf"^After step {step} the fast engine has {variable} ="):
        compare(case, 200, engine)


def test_the_two_meanings_of_eps_are_told_apart() -> None:
    ours = Case("adam", "labml", eps=1.0)
    theirs = Case("adam", "torch", eps=1.0)
    with pytest.raises(Disagreement):
        compare(theirs, 200, ours.engine("compiled"))


def test_an_uncorrected_first_step_is_caught() -> None:
    case = Case()
    settled = replace(case.rule, h=case.rule.h._replace(settled=0))
    with pytest.raises(Disagreement, match=r"^After step 2 "):
        compare(case, 10, Reference(case.setup, settled))


def test_both_undefined_is_agreement() -> None:
    case = Case(eps=0.0, problem=type(Case.problem)(big=0.0, small=0.0))
    assert compare(case, 5).largest["x"] == 0
