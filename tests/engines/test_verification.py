"""The verification: right rules agree with the real optimizer, and wrong ones are caught."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amsgrad.engines.base import RegretSum, State
from amsgrad.engines.driver import run_to
from amsgrad.engines.reference import Reference
from amsgrad.problems.online import Online
from amsgrad.rules import RULES
from amsgrad.rules.adam import Coefficients
from amsgrad.verification import (
    Disagreement,
    Verification,
    tolerance,
    verify,
    verify_to_the_bit,
)
from tests.engines.cases import QUICK, Case, every_case
from tests.marks import slow, without_kernels

STEPS = 4000  # past the settling step of bias correction


def compare(case: Case, steps: int, engine: Any = None) -> Verification:
    path = case.engine("torch").follow(steps)
    allowed = tolerance(case.rule, case.dtype, steps)
    return verify(engine or case.engine("compiled"), path, case.counterpart.state, allowed)


@without_kernels
@every_case
def test_the_rules_are_the_real_optimizers(case: Case) -> None:
    steps = STEPS if case.first_t == 0 else 500
    found = compare(case, steps)
    assert found.steps == steps
    assert found.against.endswith(f".{case.counterpart.path.partition(':')[2]}")
    assert set(found.largest) == {"x", *case.rule.memory._fields}
    assert max(found.largest.values()) <= found.tolerance < 2e-4


@without_kernels
@pytest.mark.parametrize(
    ("opt", "kept"),
    [
        ("sgd", {"x"}),
        ("rmsprop", {"x", "v"}),
        ("adagrad", {"x", "total"}),
        ("nadam", {"x", "m", "v"}),
        ("adamax", {"x", "m", "u"}),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rules_without_semantics_have_a_real_optimizer_too(
    opt: str, kept: set[str], dtype: Any
) -> None:
    case = Case(opt, schedule="inverse_sqrt", lr=0.1, dtype=dtype)
    found = compare(case, 500, case.engine("reference"))
    assert set(found.largest) == kept
    assert found.against.lower().endswith(f".{opt}.{opt}")


def test_each_rule_that_has_a_real_optimizer_is_compared_here() -> None:
    compared = {case.opt for case in QUICK} | {"sgd", "rmsprop", "adagrad", "nadam", "adamax"}
    assert compared == {name for name, method in RULES.items() if method.counterparts}


@without_kernels
@pytest.mark.parametrize(
    ("betas", "dtype"),
    [
        ((0.0, 0.0), np.float32),
        ((0.0, 0.5), np.float64),
        ((0.999, 0.9), np.float64),
        ((0.9, 0.99999), np.float32),
        slow((0.0, 0.0), np.float64),
        slow((0.0, 0.5), np.float32),
        slow((0.999, 0.9), np.float32),
        slow((0.9, 0.99999), np.float64),
    ],
)
def test_the_tolerance_fits_other_betas(betas: tuple[float, float], dtype: Any) -> None:
    for opt in ("adam", "amsgrad"):
        for semantics in ("labml", "torch"):
            case = Case(opt, semantics, beta1=betas[0], beta2=betas[1], dtype=dtype)
            compare(case, 500, case.engine("reference"))


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
    with pytest.raises(Disagreement, match=rf"^After step {step} our rule has {variable} ="):
        compare(case, 200, engine)


def test_two_meanings_of_eps_do_not_agree() -> None:
    ours = Case("adam", "labml", eps=1.0)
    theirs = Case("adam", "torch", eps=1.0)
    with pytest.raises(Disagreement):
        compare(theirs, 200, ours.engine("reference"))


def test_an_uncorrected_first_step_is_caught() -> None:
    case = Case()
    settled = replace(case.rule, h=case.rule.h._replace(settled=0))
    with pytest.raises(Disagreement, match=r"^After step 2 "):
        compare(case, 10, Reference(case.setup, settled))


def test_both_undefined_is_agreement() -> None:
    case = Case(eps=0.0, problem=Online(big=0.0, small=0.0))
    assert compare(case, 5).largest["x"] == 0


# To the bit


def test_the_compiled_engine_agrees_to_the_bit() -> None:
    case = Case()
    engine, definition = case.engine("compiled"), case.engine("reference")
    found = verify_to_the_bit(engine, definition, 200, piece=lambda: 7)
    assert found == Verification(200, "the reference engine", 0.0, {"x": 0.0, "m": 0.0, "v": 0.0})
    middle, _ = run_to(definition, 300)
    assert verify_to_the_bit(engine, definition, 50, start=middle).steps == 50


class Off(Reference):
    """The reference engine, but for one number of the state after the step `at`."""

    at, change = 5, staticmethod(lambda state: state)

    def advance(self, state: State, steps: int, record_at: Any) -> Any:
        end, records = super().advance(state, steps, record_at)
        return (self.change(end) if end.steps == self.at else end), records


def next_up(number: Any) -> Any:
    return np.nextafter(number, type(number)(np.inf))


CHANGES: dict[str, Callable[[State], State]] = {
    "x": lambda s: s._replace(x=next_up(s.x)),
    "m": lambda s: s._replace(memory=s.memory._replace(m=next_up(s.memory.m))),
    "vmax": lambda s: s._replace(memory=s.memory._replace(vmax=next_up(s.memory.vmax))),
    "regret.total": lambda s: s._replace(regret=s.regret._replace(total=1e-300)),
    "slopes.open": lambda s: s._replace(slopes=RegretSum(0.0, 0.0, 1e-300)),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_bit_of_any_variable_is_caught(name: str, dtype: Any) -> None:
    case = Case("amsgrad", dtype=dtype)
    engine = Off(case.setup, case.rule)
    engine.change = CHANGES[name]  # type: ignore[method-assign]
    with pytest.raises(
        Disagreement, match=rf"^after 5 steps {name} is .*, not .* as in the reference engine$"
    ):
        verify_to_the_bit(engine, case.engine("reference"), 10, piece=lambda: 1)
    middle, _ = run_to(case.engine("reference"), 5)
    verify_to_the_bit(engine, case.engine("reference"), 10, start=middle)
