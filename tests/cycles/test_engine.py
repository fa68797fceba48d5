"""A run that stops computing on its cycle, beside the run that goes on: they agree."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amsgrad.cycles.certificate import first_boundary, refutation, why_no_cycle
from amsgrad.cycles.engine import Certified
from amsgrad.engines.agreement import first_difference
from amsgrad.engines.base import Records, Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.problems.acprop2 import ACProp2
from amsgrad.problems.adafom import AdaFom
from amsgrad.problems.online import Online
from amsgrad.problems.stochastic import Stochastic
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.problems.zhang import Zhang
from amsgrad.regret import value
from amsgrad.rules import RULES
from amsgrad.schedules import harmonic, inverse_sqrt, record_steps
from tests.marks import NO_JIT, needs_jit, slow
from tests.same import same

MANY = 10_000_000


def setup(dtype: Any = np.float64, lr: float = 1e-2, **options: Any) -> Setup:
    return Setup(options.pop("problem", Online()), lr, dtype=dtype, **options)


def rule(opt: str = "adam", **options: Any) -> Any:
    return RULES[opt](**options)


@needs_jit  # ten million steps take minutes in plain Python
@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("betas", "lr"),
    [
        ((0.9, 0.99), 1e-2),
        ((0.9, 0.999), 0.1),
        slow((0.0, 0.9), 1e-3),
        slow((0.99, 0.99), 0.5),
    ],
)
def test_ten_million_steps_are_those_of_the_plain_loop(
    opt: str, dtype: Any, betas: tuple[float, float], lr: float
) -> None:
    where = setup(dtype, lr, first_t=0)
    what = rule(opt, beta1=betas[0], beta2=betas[1])
    at = record_steps(MANY, 997)
    plain, certified = Compiled(where, what), Certified(where, what, MANY)
    certificate = certified.certificate
    assert certificate is not None
    assert certificate.start < MANY / 2
    expected, path = run_to(plain, MANY, at)
    end, records = run_to(certified, MANY, at)
    assert end.steps == expected.steps
    assert first_difference(end, expected, sums=False) is None
    assert same(records[:3], path[:3])
    np.testing.assert_allclose(records.average_regret, path.average_regret, rtol=1e-12, atol=0)
    assert value(end.regret) == pytest.approx(value(expected.regret), rel=1e-12)
    late = path.step > certificate.start
    assert path.x[late].min() >= certificate.lowest
    assert path.x[late].max() <= certificate.highest


@pytest.mark.parametrize("opt", ["amsgrad", "adagrad", "adashift"])
def test_each_rule_repeats_from_its_start_on_and_not_before(opt: str) -> None:
    where, what = setup(np.float32, 0.1, problem=Online(period=5, big=6.0, small=-1.0)), rule(opt)
    engine = Certified(where, what, 200_000 if opt == "adagrad" else 50_000)
    if opt == "adagrad":  # its sum grows until float32 is full
        assert engine.certificate is None
        return
    certificate = engine.certificate
    assert certificate is not None
    plain = Compiled(where, what)
    start, length = certificate.start, certificate.length
    first, _ = run_to(plain, start)
    again, _ = run_to(plain, start + length, start=first)
    assert first_difference(again, first, sums=False) is None
    for fewer in range(5, length, 5):
        sooner, _ = run_to(plain, start + fewer, start=first)
        assert first_difference(sooner, first, sums=False) is not None
    if start - 5 >= first_boundary(where, what):
        before, _ = run_to(plain, start - 5)
        after, _ = run_to(plain, start - 5 + length, start=before)
        assert first_difference(after, before, sums=False) is not None
    assert refutation(certificate, where, what) is None


@pytest.mark.parametrize("cut", [1, 4000, 6000, 9999])
def test_pieces_have_the_same_bits(cut: int) -> None:
    engine = Certified(setup(first_t=0), rule(), 10_000)
    assert engine.certificate is not None
    at = record_steps(10_000, 97)
    whole, records = run_to(engine, 10_000, at)
    middle, first = run_to(engine, cut, at[at <= cut])
    end, second = run_to(engine, 10_000, at, engine.load(engine.dump(middle)))
    assert end.steps == whole.steps
    assert first_difference(end, whole) is None
    assert same(Records.join([first, second]), records)


def test_a_quadrillion_steps() -> None:
    steps = 10**15
    engine = Certified(setup(first_t=0), rule("amsgrad"), steps)
    assert engine.certificate is not None
    at = record_steps(steps, None)
    assert at.size <= 10_000
    assert (at[0], at[-1]) == (1, steps)
    end, records = run_to(engine, steps, at)
    assert end.steps == steps
    assert records.average_regret[-1] == pytest.approx(engine.certificate.limit, rel=1e-9)


def test_a_cycle_that_is_not_reached_changes_nothing() -> None:
    where, what, steps = setup(lr=1e-6), rule("amsgrad"), 20_000
    engine, plain = Certified(where, what, steps), Compiled(where, what)
    assert engine.certificate is None
    at = record_steps(steps, 100)
    ours, records = run_to(engine, steps, at)
    theirs, path = run_to(plain, steps, at)
    assert first_difference(ours, theirs) is None
    assert same(records, path)


def test_a_run_that_blows_up_has_no_cycle() -> None:
    where = setup(np.float32, problem=Online(big=1e30))
    engine = Certified(where, rule(), 10**15)
    assert engine.certificate is None


# A step may be infinite where x, m and v are not: the plain loop stops where a record meets it.
INFINITE_STEPS = [
    (Setup(Online(), 1e38), "sgd", {}),
    (Setup(Online(), 1e36), "sgd", {}),
    (Setup(Theorem2(), 1e38), "rmsprop", {"beta2": 0.9999, "eps": 1e-3}),
    (Setup(ACProp2(), 0.01, first_t=0), "adam", {"beta2": 0.0, "eps": 0.0}),
    (Setup(Online(), 4e35), "amsgrad", {"beta1": 0.5, "beta2": 0.5, "semantics": "optax"}),
]


@pytest.mark.parametrize(("where", "opt", "options"), INFINITE_STEPS)
@pytest.mark.parametrize("every", [1, 910, 1001, 5000])
def test_infinite_steps_end_as_in_the_plain_loop(
    where: Setup, opt: str, options: dict[str, Any], every: int
) -> None:
    what, steps = rule(opt, **options), 5000
    plain, certified = Compiled(where, what), Certified(where, what, steps)
    at = record_steps(steps, every)
    expected, path = run_to(plain, steps, at)
    end, records = run_to(certified, steps, at)
    assert (end.steps, end.finite) == (expected.steps, expected.finite)
    assert same(records[:3], path[:3])
    assert same(records[3:], path[3:]) or np.allclose(records[3], path[3], rtol=1e-12)
    certificate = certified.certificate
    assert certificate is None or refutation(certificate, where, what) is None


# Each takes seconds to compile.
SORTS = [
    ("amsgrad", Online(), np.float32),
    ("adam", Zhang(), np.float64),
    slow("rmsprop", ACProp2(), np.float32),
    slow("padam", AdaFom(), np.float64),
    ("sgd", Online(period=1), np.float32),
]


@pytest.mark.parametrize(("opt", "problem", "dtype"), SORTS)
@settings(deadline=None, max_examples=3 if NO_JIT else 20)
@given(
    lr=st.sampled_from([0.0, 1e-6, 1e-3, 0.1, 2.0, 1e6, 1e37]),
    beta2=st.sampled_from([0.0, 0.5, 0.9, 0.99]),
    first_t=st.integers(0, 7),
    x0=st.sampled_from([-1.0, -0.0, 0.5, 1.0]),
    every=st.integers(1, 3000),
    cut=st.integers(1, 19_999),
)
def test_any_run_is_the_plain_run(
    opt: str,
    problem: Any,
    dtype: Any,
    lr: float,
    beta2: float,
    first_t: int,
    x0: float,
    every: int,
    cut: int,
) -> None:
    options = {"beta2": beta2} if opt != "sgd" else {}
    what, steps = rule(opt, **options), 20_000
    where = Setup(problem, lr, first_t=first_t, x0=x0, dtype=dtype)
    plain, certified = Compiled(where, what), Certified(where, what, steps)
    at = record_steps(steps, every)
    expected, path = run_to(plain, steps, at)
    middle, first = run_to(certified, cut, at[at <= cut])
    if not middle.finite:
        assert not expected.finite
        return
    end, second = run_to(certified, steps, at, middle)
    records = Records.join([first, second])
    assert (end.steps, end.finite) == (expected.steps, expected.finite)
    assert same([end.x, *end.memory], [expected.x, *expected.memory])
    assert same(records[:3], path[:3])
    np.testing.assert_allclose(records.average_regret, path.average_regret, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    ("where", "what", "reason"),
    [
        (setup(problem=Stochastic()), rule(), "its losses are random"),
        (setup(problem=Zhang(order="random")), rule(), "its losses are random"),
        (setup(schedule=inverse_sqrt), rule(), "its step size decays"),
        (setup(beta1_schedule=harmonic), rule(), "its beta1 decays"),
        (setup(), rule("adopt"), "the coefficients of adopt change at every step"),
        (setup(), rule("adamnc"), "the coefficients of adamnc change at every step"),
    ],
)
def test_where_a_cycle_is_not_guaranteed(where: Setup, what: Any, reason: str) -> None:
    assert why_no_cycle(where, what) == reason


@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_engine_trace_and_certificate_agree_on_the_cost_of_a_cycle(opt: str, dtype: Any) -> None:
    """For linear losses it is a finite sum, g_t (x_t - x*) over the orbit: here exactly."""
    where, what = setup(dtype, 0.1), rule(opt)
    engine = Certified(where, what, 10**6)
    certificate = engine.certificate
    assert certificate is not None
    start, length = certificate.start, certificate.length
    plain = Compiled(where, what)
    every = np.arange(1, start + 2 * length + 1)
    _, trace = run_to(plain, start + 2 * length, every)
    turn = trace.part(start, start + length)
    slopes = np.where((turn.step + where.first_t - 1) % 101 == 1, 1010, -10)
    exact = sum(
        int(slope) * (Fraction(x) + 1) for slope, x in zip(slopes, turn.x.tolist(), strict=True)
    )
    # each regret is rounded twice, to the run's precision
    allowed = float(np.finfo(dtype).eps) * 1010 * 2 * 3
    assert abs(Fraction(certificate.regret) - exact) <= allowed
    assert certificate.regret == math.fsum(turn.regret)
    total = trace.average_regret * trace.step
    grown = total[start + 2 * length - 1] - total[start + length - 1]
    assert grown == pytest.approx(certificate.regret, rel=1e-10)
    assert certificate.limit == pytest.approx(float(exact) / length, abs=allowed)
