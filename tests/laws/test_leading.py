"""The leading terms of laws, beside exact laws, and beside plain loops where there are none."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amsgrad.engines.base import NOTHING, Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.laws.interior import Interior
from amsgrad.laws.leading import leading, why_no_terms
from amsgrad.laws.memory import memory_cycle
from amsgrad.laws.settle import settle
from amsgrad.problems.online import Online
from amsgrad.problems.stochastic import Stochastic
from amsgrad.regret import value
from amsgrad.rules import RULES
from amsgrad.rules.form import Form
from amsgrad.schedules import (
    constant,
    exponential,
    harmonic,
    inverse_power,
    inverse_sqrt,
    shifted_inverse_sqrt,
)
from tests.marks import needs_jit

pytestmark = pytest.mark.slow

PAPER = {"beta1": 0.9, "beta2": 0.99, "eps": 0.0, "semantics": "paper"}


def setup(lr: float = 0.5, schedule: Any = inverse_sqrt, **options: Any) -> Setup:
    return Setup(options.pop("problem", Online()), lr, schedule, dtype=np.float64, **options)


def form_of(opt: str, **options: Any) -> Form:
    form = RULES[opt].form_with(**options)
    assert form is not None
    return form


@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
def test_a_map_has_the_limits_and_kappas_of_exact_laws(opt: str) -> None:
    rng = np.random.default_rng(3)
    beta1, beta2 = rng.uniform(0, 0.95, (40, 1)), 1 - 10 ** -rng.uniform(0.1, 2.2, (40, 1))
    lr, rate = rng.uniform(0.3, 1.0, 40), rng.uniform(0.3, 1.0, 40)
    where = setup(schedule=inverse_power, problem=Online(23, 300.0, -13.0))
    form: Any = form_of(opt, **PAPER)
    found = leading(where, replace(form, beta1=beta1, beta2=beta2), lr, rate)
    ends = set()
    for i in range(40):
        one = replace(where, lr=float(lr[i]), schedule_rate=float(rate[i]))
        given = {"beta1": float(beta1[i, 0]), "beta2": float(beta2[i, 0])}
        law = settle(one, RULES[opt](**{**PAPER, **given}), 10**8) if rate[i] < 0.6 else None
        if law is not None:
            ends.add(law.end)
            assert found.limit[i] == pytest.approx(float(law.limit), abs=1e-14)
            assert found.kappa[i] == pytest.approx(law.kappa, rel=1e-11)
        alone = leading(one, form_of(opt, **{**PAPER, **given}), float(lr[i]), float(rate[i]))
        assert float(alone.kappa) == pytest.approx(found.kappa[i], rel=1e-12)
        assert float(alone.arrival) == pytest.approx(found.arrival[i], rel=1e-9)
    assert ends == ({-1.0, 1.0} if opt == "adam" else {-1.0})


@needs_jit
@pytest.mark.parametrize(
    ("opt", "options"),
    [
        ("adam", {"semantics": "torch"}),
        ("amsgrad", {"semantics": "optax"}),
        ("rmsprop", {}),
        ("adamx", {}),
        ("sgd", {}),
        ("padam", {}),
        ("adashift", {}),
        ("acprop", {}),
        ("adopt_unclipped", {"beta2": 0.99}),
    ],
)
def test_every_rule_with_a_law(opt: str, options: dict[str, Any]) -> None:
    where = setup({"sgd": 1e-3}.get(opt, 0.5), shifted_inverse_sqrt, schedule_rate=0.5)
    law = settle(where, RULES[opt](**options), 10**8)
    found = leading(where, form_of(opt, **options), where.lr, 0.5)
    assert float(found.limit) == pytest.approx(float(law.limit), abs=1e-14)
    assert float(found.kappa) == pytest.approx(law.kappa, rel=1e-10)


@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
@pytest.mark.parametrize(("schedule", "rate"), [(inverse_sqrt, 0.0), (shifted_inverse_sqrt, 0.1)])
def test_the_arrival_is_near_that_of_the_memory_at_its_cycle(
    opt: str, schedule: Any, rate: float
) -> None:
    """With a small step size x has hardly moved while the memory came to its cycle."""
    where, rule = setup(1e-4, schedule, schedule_rate=rate, x0=0.3), RULES[opt](**PAPER)
    memory = memory_cycle(where, rule, 10**5)
    engine = Compiled(where, rule)
    state, _ = engine.advance(engine.init(), memory.start + 101 * 1000, NOTHING)
    turn = memory.turn
    way = Interior(where, turn.slopes, turn.steps, state.steps, float(state.x), 0.0)
    found = leading(where, form_of(opt, **PAPER), where.lr, rate)
    arrival = way.arrival()
    assert arrival is not None
    assert arrival > 10**9
    assert float(found.arrival) == pytest.approx(arrival, rel=0.01)
    end = 1.0 if opt == "adam" else -1.0
    assert leading(replace(where, x0=end), form_of(opt, **PAPER), 1.0, rate).arrival < 1e-12


@needs_jit
@pytest.mark.parametrize(
    ("opt", "where", "p"),
    [
        ("adamnc", setup(), 0.5),
        ("adagrad", setup(0.7, constant), 0.5),
        ("adagrad", setup(1000.0), 1.0),
        ("adagrad", setup(30.0, inverse_power, schedule_rate=0.25), 0.75),
        ("adopt", setup(), 0.5),
        ("adam", setup(beta1_schedule=harmonic), 0.5),
        ("amsgrad", setup(beta1_schedule=exponential, beta1_rate=0.999), 0.5),
        ("adopt_unclipped", setup(beta1_schedule=harmonic), 0.5),
    ],
)
def test_rules_without_a_law_have_its_leading_terms(opt: str, where: Setup, p: float) -> None:
    """Of R_T = limit T + kappa T^(1-p) + C, kappa from R at two T that end periods."""
    options = {"adopt": {"beta2": 0.999}, "adopt_unclipped": {"beta2": 0.9}}.get(opt, {})
    assert why_no_terms(where, form_of(opt, **options)) is None
    found = leading(where, form_of(opt, **options), where.lr, where.schedule_rate)
    engine = Compiled(where, RULES[opt](**options))
    sums = []
    for steps in (101 * 20_000, 101 * 80_000):
        state, _ = engine.advance(engine.init(), steps, NOTHING)
        assert float(state.x) == pytest.approx(1.0 if found.limit else -1.0, abs=0.3)
        grown = math.log(steps) if p == 1 else steps ** (1 - p)
        sums.append((value(state.regret) - float(found.limit) * steps, grown))
    (before, low), (after, high) = sums
    assert (after - before) / (high - low) == pytest.approx(float(found.kappa), rel=2e-3)


def test_without_a_mean_step() -> None:
    """Slopes that sum to zero: R_T is kappa sqrt(T) wherever x rests."""
    where = setup(0.1, problem=Online(101, 100.0, -1.0))
    found = leading(where, form_of("amsgrad", **PAPER), 0.1)
    assert (float(found.limit), float(found.arrival)) == (0.0, math.inf)
    engine = Compiled(where, RULES["amsgrad"](**PAPER))
    sums = []
    for steps in (101 * 1000, 101 * 4000):
        state, _ = engine.advance(engine.init(), steps, NOTHING)
        sums.append(value(state.regret))
    change = (sums[1] - sums[0]) / (math.sqrt(101 * 4000) - math.sqrt(101 * 1000))
    assert change == pytest.approx(float(found.kappa), rel=1e-3)


def test_where_there_are_no_terms() -> None:
    adam, adagrad = form_of("adam"), form_of("adagrad")
    assert why_no_terms(setup(), adam) is None
    assert why_no_terms(replace(setup(), dtype=np.float32), adam) is None
    assert why_no_terms(setup(), None) == "the steps of its rule have no closed form"
    assert why_no_terms(setup(schedule=constant), adam) == "its step size does not decay"
    assert why_no_terms(setup(problem=Stochastic()), adam) == "its losses are random"
    decays = setup(beta1_schedule=harmonic)
    for opt in ("adashift", "acprop"):
        assert why_no_terms(decays, form_of(opt)) == (
            "its beta1 decays, and that is no closed form of its rule"
        )
    summable = leading(setup(schedule=inverse_power), adagrad, 1.0, [0.5, 0.6])
    assert np.isnan(summable).tolist() == [[False, True]] * 3
    lost = leading(setup(problem=Online(2, 1.0, -1.0)), adam, [0.0, 1.0])
    assert np.isnan(lost).all()
