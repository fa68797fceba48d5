"""Certificates of laws: each edit is refuted, by plain fractions and one cycle of plain Python."""

import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from amsgrad.engines.base import Setup
from amsgrad.laws.certificate import LawCertificate, certificate_of
from amsgrad.laws.check import refutation, unreached
from amsgrad.laws.settle import settle
from amsgrad.problems.online import Online
from amsgrad.rules import RULES
from amsgrad.schedules import (
    constant,
    exponential,
    inverse_power,
    inverse_sqrt,
    shifted_inverse_sqrt,
)

WHERE = Setup(Online(), 0.525, inverse_sqrt, dtype=np.float64)
WHAT = RULES["adam"](eps=0.0, semantics="paper")
FADES = replace(WHERE, beta1_schedule=exponential, beta1_rate=0.999)


@pytest.fixture(scope="module")
def certificate() -> LawCertificate:
    return certificate_of(settle(WHERE, WHAT, 10**6))


def test_it_holds(certificate: LawCertificate) -> None:
    assert refutation(certificate, WHERE, WHAT) is None
    assert unreached(certificate, WHERE, WHAT) is None
    assert certificate.limit == Fraction(20, 101)
    assert certificate.clips == tuple(range(86, 102))
    less = replace(certificate, bits_to=10**15)
    assert refutation(less, WHERE, WHAT) is None  # it states less


@pytest.mark.parametrize(
    ("opt", "options", "where"),
    [
        ("amsgrad", {}, replace(WHERE, schedule=shifted_inverse_sqrt, schedule_rate=0.1)),
        ("adam", {"beta1": 0.5, "beta2": 0.9}, replace(WHERE, problem=Online(7, -5.25, 1.0))),
        ("sgd", {}, replace(WHERE, lr=1e-3)),
        ("adam", {}, replace(WHERE, schedule=inverse_power, schedule_rate=0.7, lr=2.0)),
        ("adam", {}, replace(WHERE, schedule=inverse_power, schedule_rate=1.0, lr=20.0)),
        ("adam", {}, FADES),
        ("adopt", {"beta2": 0.99}, WHERE),
    ],
)
def test_others_hold(opt: str, options: dict[str, float], where: Setup) -> None:
    """Both ways to sum, one series for all classes and a series for each, agree to the last bit."""
    what = RULES[opt](**options)
    assert refutation(certificate_of(settle(where, what, 10**7)), where, what) is None


def up(number: float, ulps: int = 1) -> float:
    for _ in range(ulps):
        number = float(np.nextafter(number, np.inf))
    return number


def memory(c: LawCertificate, name: str) -> dict[str, Any]:
    return {"memory": {**c.memory, name: up(c.memory[name])}}


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda c: memory(c, "m"), "101 steps later m is"),
        (lambda c: memory(c, "v"), "101 steps later v is"),
        (lambda c: {"memory": {"m": 0.0}}, "the memory of adam is m, v"),
        (lambda c: {"memory": {**c.memory, "v": np.nan}}, "v = nan is not a finite number"),
        (lambda c: {"x": -1.0}, "101 steps later x is"),
        (lambda c: {"x": 0.5}, "x = 0.5 is not an end of the feasible set"),
        (lambda c: {"length": 100}, "a cycle has a multiple of 101 steps"),
        (lambda c: {"length": 0}, "a cycle has a multiple of 101 steps"),
        (lambda c: {"length": 101 * 10**6}, "at most 100,000, not 101000000"),
        (lambda c: {"start": c.start + 1}, "101 steps later"),
        (lambda c: {"start": 4039}, "a law begins after 4040 steps or later, not after 4039"),
        (lambda c: {"start": 4040}, "step 86 of the cycle clips, but after 4040 steps not for e"),
        (lambda c: {"start": c.start + 101}, "constant is"),
        (lambda c: {"clips": c.clips[1:]}, "the steps that clip are 86, 87"),
        (lambda c: {"clips": (*c.clips, 102)}, "the steps that clip are 86, 87"),
        (lambda c: {"limit": Fraction(20, 103)}, "the limit is 20/101, not 20/103"),
        (lambda c: {"kappa": up(c.kappa)}, "kappa is 31.49267113594"),
        (lambda c: {"kappa": -c.kappa}, "kappa is"),
        (lambda c: {"exponent": 0.25}, r"the exponent is 0\.5, not 0\.25"),
        (lambda c: {"constant": up(c.constant)}, "constant is 49.139"),
        (lambda c: {"regret": up(c.regret, 10)}, "constant is"),
        (lambda c: {"regret": np.inf}, "regret = inf is not a finite number"),
        (lambda c: {"bits_to": c.bits_to + 1}, "the bits are not proved up to step"),
        (lambda c: {"bits_to": 2 * c.bits_to}, "the bits are not proved up to step"),
        (lambda c: {"bits_to": c.start - 1}, "the bits are not proved up to step"),
    ],
)
def test_each_edit_is_refuted(certificate: LawCertificate, edit: Any, reason: str) -> None:
    edited = replace(certificate, **edit(certificate))
    found = refutation(edited, WHERE, WHAT)
    assert found is not None
    assert re.search(reason, found), found


def test_the_run_comes_to_it_and_not_to_another(certificate: LawCertificate) -> None:
    for edit, differs in (
        ({"start": certificate.start - 1}, "m is"),
        ({"regret": up(certificate.regret)}, "the regret is"),
        ({"x": -1.0}, "x is"),
    ):
        found = unreached(replace(certificate, **edit), WHERE, WHAT)
        assert found is not None
        assert re.match(rf"after \d+ steps of the run {differs} .*, not ", found), found
    other = replace(WHERE, x0=0.5)
    assert refutation(certificate, other, WHAT) is None
    found = unreached(certificate, other, WHAT)
    assert found is not None
    assert "the regret is" in found


@pytest.mark.parametrize(
    ("where", "what"),
    [
        (replace(WHERE, lr=0.5), WHAT),
        (replace(WHERE, first_t=2), WHAT),
        (replace(WHERE, problem=Online(big=1011.0)), WHAT),
        (replace(WHERE, schedule=shifted_inverse_sqrt, schedule_rate=1.0), WHAT),
        (replace(WHERE, schedule=constant), WHAT),
        (replace(WHERE, dtype=np.float32), WHAT),
        (WHERE, RULES["adam"](eps=0.0, semantics="paper", beta2=0.98)),
        (WHERE, RULES["amsgrad"](eps=0.0, semantics="paper")),
    ],
)
def test_it_does_not_hold_for_another_run(
    certificate: LawCertificate, where: Setup, what: Any
) -> None:
    assert refutation(certificate, where, what) is not None


@pytest.mark.parametrize(
    ("opt", "options", "where", "early"),
    [
        ("adam", {"eps": 0.0, "semantics": "paper"}, FADES, 10_101),
        ("adopt", {"beta2": 0.99}, WHERE, 9_091),
    ],
)
def test_what_still_acts_on_the_bits_is_refuted(
    opt: str, options: dict[str, Any], where: Setup, early: int
) -> None:
    """The memory that would go round is given, at a step where beta1 or the clip still acts."""
    what = RULES[opt](**options)
    found = certificate_of(settle(where, what, 10**7))
    steps = (found.start - early) // 101 * 101
    sooner = refutation(replace(found, start=found.start - steps), where, what)
    assert sooner == (
        f"after {found.start - steps} steps the coefficients of {opt} still change its bits"
    )


def test_the_other_end_must_be_out_of_reach() -> None:
    """With a step size of 40 the saw-tooth of 5.7 alpha is longer than F up to step 12,900."""
    where = replace(WHERE, lr=40.0)
    law = settle(where, WHAT, 10**6)
    assert law.start > 12_837
    found = refutation(replace(certificate_of(law), start=law.start - 1010), where, WHAT)
    assert found is not None
    assert "the other end of the feasible set is within reach" in found
