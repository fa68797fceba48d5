"""The properties that the papers prove or promise of each rule, and the rules that are equal."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.problems.polynomial import Polynomial
from amsgrad.rules import RULES
from amsgrad.rules.rule import NEVER, Rule
from amsgrad.schedules import constant, exponential, harmonic
from tests.marks import NO_JIT, slow
from tests.rules.cases import CASES, RULE_CASES, STEPS, Case, walk


def path(
    rule: Rule, gradients: list[float], alpha: float = 1e-2, real: Any = float
) -> list[tuple[Any, Any, Any]]:
    """Return coefficients, memory and move of each step, on these gradients."""
    memory = rule.memory(*map(real, rule.start or [0.0] * len(rule.memory._fields)))
    rows = []
    for k, g in enumerate(gradients, start=1):
        c = rule.coefficients(k, alpha, rule.beta1, rule.h, real)
        memory, moved = rule.update(memory, real(g), c)
        rows.append((c, memory, moved))
    return rows


# Two names of the same rule: they must agree to the bit.
SAME: list[tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]]]] = [
    (
        ("rmsprop", {"eps": 1e-8}),
        ("adam", {"beta1": 0.0, "eps": 1e-8, "semantics": "paper"}),
    ),
    (("adamx", {}), ("amsgrad", {"eps": 0.0, "semantics": "paper"})),
    (
        ("padam", {"power": 0.5, "beta2": 0.99}),
        ("amsgrad", {"eps": 1e-8, "semantics": "labml"}),
    ),
]


@pytest.mark.parametrize(("one", "other"), SAME, ids=[one[0] for one, _ in SAME])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("problem", ["online", "stochastic"])
def test_these_are_the_same_rule(one: Any, other: Any, dtype: Any, problem: str) -> None:
    ours, theirs = (
        walk(Case(*rule, problem=problem, dtype=dtype).reference, 1000) for rule in (one, other)
    )
    shared = set(ours[0]) & set(theirs[0])
    assert {"x", "v"} <= shared
    for name in shared:
        assert [row[name] for row in ours] == [row[name] for row in theirs], name


@pytest.mark.parametrize(
    ("opt", "options"),
    [("adamax", {}), *(("amsgrad", {"semantics": s}) for s in ("labml", "torch", "optax"))],
)
def test_a_maximum_does_not_hide_nan(opt: str, options: dict[str, Any]) -> None:
    _, (_, memory, moved) = path(RULES[opt](**options), [1.0, np.nan])
    assert np.isnan([*memory, moved]).all()
    at_rest = Setup(Polynomial(), 0.1, x0=0.0)  # 0 / 0, and from then on x and g are NaN
    *_, last = walk(Compiled(at_rest, RULES[opt](**{**options, "eps": 0.0})), 2)
    assert np.isnan(list(last.values())).all()


def test_adamnc_without_momentum_and_with_a_falling_step_is_adagrad() -> None:
    options: dict[str, Any] = {"eps": 0.0}
    nc = Case("adamnc", {**options, "beta1": 0.0}, lr=0.5, schedule="inverse_sqrt")
    ours = [row["x"] for row in walk(nc.reference, 1000)]
    adagrad = [row["x"] for row in walk(Case("adagrad", options, lr=0.5).reference, 1000)]
    np.testing.assert_allclose(ours, adagrad, rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, slow(np.float64)])
def test_adamncs_v_is_the_mean_of_all_squares(dtype: Any) -> None:
    """After a million steps a plain sum in single precision would be 0.8% off."""
    periods = 100 if NO_JIT else 10_000
    engine = Case("adamnc", dtype=dtype).compiled
    state, _ = run_to(engine, 101 * periods)
    mean = (1010**2 + 100 * 10**2) / 101
    assert state.memory.v == pytest.approx(mean, rel=2 * float(np.finfo(dtype).eps))
    assert abs(state.memory.error) <= np.spacing(state.memory.v)


def test_adagrads_total_is_the_sum_of_all_squares() -> None:
    gradients = Case("adagrad", problem="stochastic").gradients(1000)
    total = path(Case("adagrad").rule, gradients)[-1][1].total
    assert total == sum(g**2 for g in gradients)


def test_sgd_moves_by_alpha_g() -> None:
    gradients = [-10.0, 1010.0, 3.0]
    assert [moved for _, _, moved in path(Case("sgd").rule, gradients, alpha=0.5)] == [-5, 505, 1.5]


# Where beta1_k never grows, AdamX's maximum never falls either.
@pytest.mark.parametrize(
    ("opt", "schedule"),
    [
        *((opt, constant) for opt in ("padam", "amsbound", "adamx")),
        ("adamx", exponential),
        ("adamx", harmonic),
    ],
)
def test_the_maximum_never_falls(opt: str, schedule: Any) -> None:
    vmax, _ = maxima(opt, schedule)
    assert (np.diff(vmax) >= 0).all()


def growing(k: int, start: float, rate: float) -> float:
    """Return a beta1 that grows to start, which no theory assumes."""
    return start * (1 - rate**k)


def maxima(opt: str, schedule: Any) -> tuple[Any, Any]:
    """Return vmax of each step, and 1 - beta1."""
    case = Case(opt, problem="stochastic")
    rule, vmax, rests = case.rule, [], []
    memory = rule.memory(*(rule.start or [0.0] * len(rule.memory._fields)))
    for k, g in enumerate(case.gradients(2000), start=1):
        beta1 = schedule(k, rule.beta1, 0.99)
        memory, _ = rule.update(memory, g, rule.coefficients(k, 1e-2, beta1, rule.h, float))
        vmax.append(memory.vmax)
        rests.append(1 - beta1)
        assert memory.vmax >= memory.v
        if opt == "adamx":
            assert memory.vmax == pytest.approx(
                (rests[-1] / memory.rest1) ** 2 * memory.peak, rel=1e-14
            )
    return np.array(vmax), np.array(rests)


@pytest.mark.parametrize("schedule", [constant, exponential, harmonic, growing])
def test_adamx_keeps_what_amsgrads_proof_needs(schedule: Any) -> None:
    vmax, rests = maxima("adamx", schedule)
    measure = np.sqrt(vmax) / rests
    assert (np.diff(measure) >= -1e-14 * measure[:-1]).all()


def test_adamxs_maximum_falls_only_where_beta1_grows() -> None:
    vmax, rests = maxima("adamx", growing)
    falls = np.diff(vmax) < 0
    assert falls.any()
    assert (np.diff(rests)[falls] < 0).all()


@pytest.mark.parametrize("opt", ["adopt", "adopt_unclipped"])
def test_adopts_first_step_only_sets_v(opt: str) -> None:
    for g in (-10.0, 1010.0, 0.0):
        [(_, memory, moved)] = path(Case(opt).rule, [g])
        assert (memory.m, memory.v, moved) == (0, g * g, 0)


def test_adopts_momentum_is_never_above_its_clip() -> None:
    """Without the clip it is: 1010 after a while of -10 is a u of about 101."""
    gradients = Case("adopt", problem="stochastic").gradients(STEPS)
    clipped, unclipped = (
        path(Case(opt, {"beta2": 0.9}).rule, gradients) for opt in ("adopt", "adopt_unclipped")
    )
    for k, (_, memory, _) in enumerate(clipped, start=1):
        assert abs(memory.m) <= (k - 1) ** 0.25
    assert max(abs(memory.m) for _, memory, _ in unclipped) > STEPS**0.25


@pytest.mark.parametrize(("window", "beta1"), [(1, 0.0), (1, 0.9), (10, 0.9), (10, 1.0), (10, 0.0)])
def test_adashift_waits_until_its_window_is_full(window: int, beta1: float) -> None:
    rule = Case("adashift", {"window": window, "beta1": beta1}).rule
    gradients = [float(g) for g in range(3, 3 + window + 1)]
    rows = path(rule, gradients, alpha=1.0)
    assert [moved for _, _, moved in rows[:window]] == [0.0] * window
    assert [memory.v for _, memory, _ in rows[:window]] == [0.0] * window
    memory, moved = rows[window][1:]
    assert memory.v == pytest.approx(0.001 * gradients[0] ** 2)
    assert list(memory[1:]) == gradients[:0:-1]
    weights = np.array([beta1**age for age in range(window)])
    mean = weights @ np.array(gradients[:0:-1]) / weights.sum()
    assert moved == pytest.approx(mean / gradients[0])


def test_a_gradient_does_not_shrink_its_own_step_in_adashift() -> None:
    """The point of the paper: a step is linear in the gradient of that step."""
    rule = Case("adashift", {"window": 1, "beta1": 0.0}).rule
    small, large = (path(rule, [2.0, 3.0, g])[-1][2] for g in (1.0, 1000.0))
    assert large == pytest.approx(1000 * small)


@settings(deadline=None, max_examples=50)
@given(gradients=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30))
def test_yogis_v_moves_by_a_share_of_g_squared_towards_it(gradients: list[float]) -> None:
    v = 1e-6
    for g, (_, memory, _) in zip(gradients, path(Case("yogi").rule, gradients), strict=True):
        towards = math.copysign(0.001 * g * g, g * g - v)
        assert memory.v - v == pytest.approx(towards, rel=1e-6, abs=1e-9)
        assert memory.v >= 0
        v = memory.v


@pytest.mark.parametrize("opt", ["adabound", "amsbound"])
@pytest.mark.parametrize("alpha", [1e-2, 1e-4])
def test_the_effective_step_lies_between_the_bounds(opt: str, alpha: float) -> None:
    case = Case(opt, {"final_lr": 1e-4, "beta2": 0.99})  # lr = .01
    final = 1e-4 * alpha / 1e-2
    kinds = set()
    rows = path(case.rule, case.gradients(STEPS), alpha)
    for k, (_, memory, moved) in enumerate(rows, start=1):
        lower, upper = final * (1 - 1 / (1e-3 * k + 1)), final * (1 + 1 / (1e-3 * k))
        rate = moved / memory.m
        assert lower * (1 - 1e-14) <= rate <= upper * (1 + 1e-14)
        near = [math.isclose(rate, bound, rel_tol=1e-12) for bound in (lower, upper)]
        kinds.add("lower" if near[0] else "upper" if near[1] else "free")
    # AMSBound's vmax keeps its rate below the upper bound all the way.
    assert kinds == ({"lower", "upper", "free"} if opt == "adabound" else {"lower", "free"})


@pytest.mark.parametrize("opt", ["adabound", "amsbound"])
def test_the_bounds_close_on_gradient_descent(opt: str) -> None:
    rule = Case(opt, {"final_lr": 0.3}).rule
    c = rule.coefficients(10**9, 1e-2, 0.9, rule.h, float)
    assert c.lower == pytest.approx(0.3, rel=2e-6)
    assert c.upper == pytest.approx(0.3, rel=2e-6)


@pytest.mark.parametrize("opt", ["adabound", "amsbound"])
def test_without_a_step_size_the_bounds_allow_no_step(opt: str) -> None:
    rows = walk(Case(opt, lr=0.0).reference, 10)
    assert {row["x"] for row in rows} == {0.0}


@pytest.mark.parametrize(
    ("opt", "options"), [(opt, options) for opt, options, _ in RULE_CASES], ids=str
)
def test_settled_is_the_first_step_of_the_last_coefficients(
    opt: str, options: dict[str, Any]
) -> None:
    rule = Case(opt, options).rule

    def at(k: int) -> Any:
        return rule.coefficients(k, 1e-2, rule.beta1, rule.h, float)

    if rule.settled == NEVER:
        assert at(10**7) != at(10**7 + 1)
    else:
        assert at(rule.settled) == at(rule.settled + 1) == at(rule.settled + 10**6)
        if rule.settled > 1:
            assert at(rule.settled - 1) != at(rule.settled)


@pytest.mark.parametrize("name", RULES)
def test_x_stays_in_the_feasible_set_and_finite(name: str) -> None:
    for lr in (0.0, 1e-3, 10.0):
        rows = walk(Case(name, lr=lr, problem="stochastic").reference, 300)
        assert max(abs(row["x"]) for row in rows) <= 1
        assert all(np.isfinite(list(row.values())).all() for row in rows)


def test_every_rule_is_in_the_table() -> None:
    assert {case.opt for case in CASES} == set(RULES) - {"adam", "amsgrad"}
