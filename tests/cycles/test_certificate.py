"""Certificates: each edit is refuted, by plain arithmetic from the state alone."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amsgrad.cycles.certificate import Certificate, first_boundary, refutation, unreached
from amsgrad.cycles.engine import Certified
from amsgrad.engines.base import Setup
from amsgrad.problems.online import Online
from amsgrad.rules import RULES
from amsgrad.schedules import inverse_sqrt

WHERE = Setup(Online(), 0.1, dtype=np.float32)
WHAT = RULES["amsgrad"](eps=1e-16)


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    found = Certified(WHERE, WHAT, 100_000).certificate
    assert found is not None
    return found


def test_it_holds(certificate: Certificate) -> None:
    assert refutation(certificate, WHERE, WHAT) is None
    assert certificate.limit == certificate.regret / certificate.length > 0
    assert -1 == certificate.lowest <= certificate.x <= certificate.highest < 0
    twice = replace(certificate, length=2 * certificate.length, regret=2 * certificate.regret)
    assert refutation(twice, WHERE, WHAT) is None
    later = replace(certificate, start=certificate.start + 101)
    assert refutation(later, WHERE, WHAT) is None


def test_the_run_comes_to_it_and_not_sooner(certificate: Certificate) -> None:
    """A state of the cycle at an earlier step holds for ever, but is not this run's."""
    assert unreached(certificate, WHERE, WHAT) is None
    assert unreached(replace(certificate, start=certificate.start + 101), WHERE, WHAT) is None
    sooner = replace(certificate, start=first_boundary(WHERE, WHAT))
    assert sooner.start < certificate.start
    assert refutation(sooner, WHERE, WHAT) is None
    found = unreached(sooner, WHERE, WHAT)
    assert found is not None
    assert re.match(rf"after {sooner.start} steps of the run x is .*, not ", found), found


def test_a_cost_without_a_number_proves_nothing() -> None:
    """Each regret of the cycle is finite, their sum is not."""
    where = Setup(Online(period=2, big=1e308, small=1e308), 0.0, dtype=np.float64)
    what = RULES["sgd"]()
    assert Certified(where, what, 100).certificate is None
    claimed = Certificate(1, 2, 0.0, {"g": 1e308}, 1e308, 0.0, 0.0)
    found = refutation(claimed, where, what)
    assert found == "the sum of the regrets of the cycle overflows"


def up(number: float) -> float:
    return float(np.nextafter(np.float32(number), np.float32(np.inf)))


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda c: {"x": up(c.x)}, "after 101 steps x is"),
        (lambda c: {"memory": {**c.memory, "m": up(c.memory["m"])}}, "after 101 steps m is"),
        (lambda c: {"memory": {**c.memory, "v": up(c.memory["v"])}}, "after 101 steps v is"),
        (lambda c: {"memory": {**c.memory, "vmax": c.memory["v"]}}, "after 101 steps vmax is"),
        (lambda c: {"memory": {"m": 0.0}}, "the memory of amsgrad is m, v, vmax"),
        (lambda c: {"regret": np.nextafter(c.regret, 0)}, "regret over the cycle is"),
        (lambda c: {"lowest": -0.5}, "lowest over the cycle is -1.0, not -0.5"),
        (lambda c: {"highest": 1.0}, "highest over the cycle is"),
        (lambda c: {"length": 100}, "a cycle has a multiple of 101 steps"),
        (lambda c: {"length": 0}, "a cycle has a multiple of 101 steps"),
        (lambda c: {"length": 202}, "regret over the cycle is"),
        (lambda c: {"length": 101 * 10**12}, "at most 10,000,000, not 101000000000000"),
        (lambda c: {"start": c.start + 1}, "a cycle starts at"),
        (lambda c: {"start": 101 - 1}, "a cycle starts at"),
        (lambda c: {"x": 1.5}, "x = 1.5 is outside the feasible set"),
        (lambda c: {"x": float("nan")}, "x = nan is not a finite number in float32"),
        (lambda c: {"x": 0.1}, "x = 0.1 is not a finite number in float32"),
        (lambda c: {"x": 1e300}, r"x = 1e\+300 is not a finite number in float32"),
    ],
)
def test_each_edit_is_refuted(certificate: Certificate, edit: Any, reason: str) -> None:
    edited = replace(certificate, **edit(certificate))
    found = refutation(edited, WHERE, WHAT)
    assert found is not None
    assert re.search(reason, found), found


@pytest.mark.parametrize(
    ("where", "what"),
    [
        (replace(WHERE, lr=0.2), WHAT),
        (WHERE, RULES["amsgrad"](eps=1e-16, beta2=0.98)),
        (replace(WHERE, problem=Online(big=1011.0)), WHAT),
        (replace(WHERE, schedule=inverse_sqrt), WHAT),
        (WHERE, RULES["adam"](eps=1e-16)),
    ],
)
def test_it_does_not_hold_for_another_run(
    certificate: Certificate, where: Setup, what: Any
) -> None:
    assert refutation(certificate, where, what) is not None
