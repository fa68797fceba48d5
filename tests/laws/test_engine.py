"""A run that jumps by its law, beside the run that goes on: x and each regret to the bit."""

from typing import Any

import numpy as np
import pytest

from amsgrad.engines.agreement import first_difference
from amsgrad.engines.base import Records, Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.laws.engine import Lawful
from amsgrad.problems.online import Online
from amsgrad.regret import EMPTY, value
from amsgrad.rules import RULES
from amsgrad.schedules import (
    exponential,
    inverse_power,
    inverse_sqrt,
    record_steps,
    shifted_inverse_sqrt,
)
from tests.marks import needs_jit, slow
from tests.same import same

MANY = 10_000_000
PAPER = {"beta1": 0.9, "beta2": 0.99, "eps": 0.0, "semantics": "paper"}


def setup(lr: float = 0.525, schedule: Any = inverse_sqrt, **options: Any) -> Setup:
    return Setup(options.pop("problem", Online()), lr, schedule, dtype=np.float64, **options)


def assert_same_run(where: Setup, what: Any, steps: int, at: Any, allowed: float = 1e-12) -> Lawful:
    """The engine must have found a law, and give the bits of the plain loop."""
    engine, plain = Lawful(where, what, steps), Compiled(where, what)
    assert engine.law is not None, engine.no_law
    expected, path = run_to(plain, steps, at)
    end, records = run_to(engine, steps, at)
    assert end.steps == expected.steps
    assert first_difference(end, expected, sums=False) is None
    assert same(records[:3], path[:3])
    np.testing.assert_allclose(records.average_regret, path.average_regret, rtol=allowed, atol=0)
    assert value(end.regret) == pytest.approx(value(expected.regret), rel=allowed)
    assert value(end.regret) / steps == records.average_regret[-1]
    return engine


@needs_jit  # ten million steps take minutes in plain Python
@pytest.mark.parametrize(
    ("opt", "options"),
    [
        ("adam", PAPER),
        ("amsgrad", PAPER),
        ("amsgrad", {"semantics": "torch"}),
        slow("amsgrad", {"semantics": "optax"}),
        slow("adam", {"semantics": "torch", "beta2": 0.999}),
        slow("rmsprop", {}),
        slow("adamx", {}),
        slow("padam", {}),
        slow("adashift", {}),
        slow("acprop", {}),
        slow("adopt_unclipped", {"beta2": 0.99}),
        ("sgd", {}),
        ("adopt", {"beta2": 0.99}),
    ],
)
def test_ten_million_steps_are_those_of_the_plain_loop(opt: str, options: dict[str, Any]) -> None:
    at = record_steps(MANY, 997)
    lr = {"sgd": 1e-3}.get(opt, 0.525)
    assert_same_run(setup(lr), RULES[opt](**options), MANY, at)


@needs_jit
@pytest.mark.parametrize("rate", [1e-3, 1.0])
def test_a_shifted_schedule(rate: float) -> None:
    where = setup(0.1, shifted_inverse_sqrt, schedule_rate=rate, first_t=0)
    assert_same_run(where, RULES["adam"](**PAPER), MANY, record_steps(MANY, 997))


@needs_jit
@pytest.mark.parametrize(("power", "lr"), [(0.3, 0.05), slow(0.7, 2.0), (1.0, 20.0)])
def test_another_power(power: float, lr: float) -> None:
    where = setup(lr, inverse_power, schedule_rate=power)
    engine = assert_same_run(where, RULES["adam"](**PAPER), MANY, record_steps(MANY, 997))
    assert engine.law is not None
    assert engine.law.exponent == power


@needs_jit
@pytest.mark.parametrize("semantics", ["paper", slow("torch")])
def test_a_beta1_that_fades(semantics: str) -> None:
    where = setup(beta1_schedule=exponential, beta1_rate=0.99)
    rule = RULES["amsgrad"](**{**PAPER, "semantics": semantics})
    engine = assert_same_run(where, rule, MANY, record_steps(MANY, 997))
    assert engine.law is not None
    assert where.beta1(engine.law.start, 0.9) < 2.0**-54
    other = Lawful(setup(), RULES["amsgrad"](**{**PAPER, "beta1": 0.0}), MANY).law
    assert other is not None
    assert other.kappa == engine.law.kappa
    assert other.constant != engine.law.constant


def test_a_zero_gradient_forgets_late() -> None:
    """Where g = 0, m = beta1_k m is 0 only once that is below all doubles."""
    where = setup(beta1_schedule=exponential, beta1_rate=0.5, problem=Online(3, 1.0, 0.0))
    law = Lawful(where, RULES["adam"](**PAPER), MANY).law
    assert law is not None
    assert where.beta1(law.start, 0.9) < 2.0**-1074


@needs_jit
@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
@pytest.mark.parametrize("far", [10**12, 10**15, 4 * 10**18])
def test_the_plain_loop_goes_on_from_a_jumped_state(opt: str, far: int) -> None:
    engine = Lawful(setup(), RULES[opt](**PAPER), MANY)
    here, _ = run_to(engine, far)
    assert here.steps == far
    assert engine.law is not None
    assert engine.law.bits_to > 9 * 10**18
    steps = 2000 * engine.law.length
    at = far + np.unique(np.append(np.arange(1, 300), np.arange(313, steps + 1, 313)))
    expected, path = engine.plain.advance(here._replace(regret=EMPTY), steps, at)
    end, records = engine.advance(here, steps, at)
    assert first_difference(end, expected, sums=False) is None
    assert same(records[:3], path[:3])
    regret = (float(engine.law.limit) + engine.law.kappa / 2 / far**0.5) * steps
    assert value(expected.regret) == pytest.approx(regret, rel=1e-5)


@pytest.mark.parametrize("cut", [1, 10_099, 10_100, 10_101, 12_000, 19_999])
def test_pieces_have_the_same_bits(cut: int) -> None:
    engine = Lawful(setup(), RULES["adam"](**PAPER), 20_000)
    assert engine.law is not None
    assert engine.law.start == 10_100
    at = record_steps(20_000, 97)
    whole, records = run_to(engine, 20_000, at)
    middle, first = run_to(engine, cut, at[at <= cut])
    end, second = run_to(engine, 20_000, at, engine.load(engine.dump(middle)))
    assert end.steps == whole.steps
    assert first_difference(end, whole) is None
    assert same(Records.join([first, second]), records)


@pytest.fixture
def long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way to a law is part of the run."""
    monkeypatch.setattr("amsgrad.laws.engine.AT_ONCE", 0)


@needs_jit
@pytest.mark.usefixtures("long_way")
@pytest.mark.parametrize("cut", [1, 10_000, 10_101, 130_000, 130_088, 170_000])
def test_a_long_way_to_the_law_is_part_of_the_run(cut: int) -> None:
    """An engine that goes on after the cut finds the law where the first one does."""
    what, steps = RULES["adam"](**PAPER), 200_000
    engine, other = (Lawful(setup(0.1), what, MANY) for _ in range(2))
    first_look = engine.stepped_to
    assert first_look is not None
    assert engine.law is None
    at = record_steps(steps, 97)
    whole, records = run_to(engine, steps, at)
    assert engine.law is not None
    assert engine.stepped_to is None
    assert first_look < engine.law.start < 140_000
    expected, path = run_to(engine.plain, steps, at)
    assert first_difference(whole, expected, sums=False) is None
    assert same(records[:3], path[:3])

    other_half, first = run_to(other, cut, at[at <= cut])
    third = Lawful(setup(0.1), what, MANY)
    end, second = run_to(third, steps, at, third.load(other.dump(other_half)))
    assert third.law is not None
    assert third.law.start == engine.law.start
    assert third.law.constant == engine.law.constant
    assert first_difference(end, whole) is None
    assert same(Records.join([first, second]), records)


@needs_jit
@pytest.mark.usefixtures("long_way")
def test_a_long_way_may_lead_to_no_law() -> None:
    what, steps = RULES["adam"](**PAPER), 20_000
    engine, other = (Lawful(setup(1e-6), what, steps) for _ in range(2))
    assert engine.no_law is None
    half, _ = run_to(engine, 15_000)
    why = "by exact arithmetic x comes to 1 after 7.058e+14 steps only"
    assert (engine.no_law, engine.stepped_to) == (why, None)
    other.load(engine.dump(half))
    assert (other.no_law, other.stepped_to, other.law) == (why, None, None)


def test_a_law_that_is_not_found_changes_nothing() -> None:
    where, what, steps = setup(1e-6), RULES["adam"](**PAPER), 20_000
    engine, plain = Lawful(where, what, steps), Compiled(where, what)
    assert engine.law is None
    assert engine.no_law == "by exact arithmetic x comes to 1 after 7.058e+14 steps only"
    at = record_steps(steps, 100)
    ours, records = run_to(engine, steps, at)
    theirs, path = run_to(plain, steps, at)
    assert first_difference(ours, theirs) is None
    assert same(records, path)


def test_the_longest_run() -> None:
    steps = 2**63 - 2
    engine = Lawful(setup(), RULES["adam"](**PAPER), MANY)
    assert engine.law is not None
    end, records = run_to(engine, steps, record_steps(steps, None, 1000))
    assert end.steps == steps
    assert records.average_regret[-1] == pytest.approx(engine.law.average(steps), rel=1e-15)
    assert (np.diff(records.average_regret[-300:]) < 0).all()


def instance(number: int) -> tuple[Setup, Any]:
    """Return a run with random slopes, of decimals or small whole numbers, and random settings."""
    rng = np.random.default_rng(number)
    period = int(rng.integers(2, 16))
    if number % 2:
        problem = Online(period, *rng.choice([-9.0, -5, -2, -1, 1, 2, 3, 7], 2).tolist())
    else:
        big, small = rng.normal(0, [2 * period, 2]).round(2).tolist()
        problem = Online(period, big, small or 1.0)
    schedule = inverse_sqrt if rng.random() < 0.6 else shifted_inverse_sqrt
    lr, rate = 10 ** rng.uniform([-1, -3], [1, 0])
    beta1, beta2 = rng.choice([0, 0.5, 0.9]), rng.choice([0, 0.5, 0.9, 0.99])
    if number % 5 == 0:
        beta1 = beta2 = 0  # every step is a sign
    where = setup(
        float(lr),
        schedule,
        schedule_rate=float(rate),
        problem=problem,
        first_t=int(rng.integers(0, 2)),
        x0=float(rng.uniform(-1, 1)),
    )
    make = RULES["adam" if rng.random() < 0.5 else "amsgrad"]
    return where, make(beta1=float(beta1), beta2=float(beta2), eps=0.0, semantics="paper")


@needs_jit
def test_random_runs() -> None:
    """Among them are walks at both ends, and ties (signs: beta1 = beta2 = 0)."""
    steps, found = 300_000, []
    for number in range(130):
        where, what = instance(number)
        engine = Lawful(where, what, steps)
        if engine.law is None:
            continue
        law = engine.law
        rng = np.random.default_rng(number)
        some = rng.integers(law.start + 1, steps + 1, 200)
        at = np.unique(np.append(some, np.arange(law.start - 3, law.start + 100)))
        end, records = run_to(engine, steps, at)
        expected, path = run_to(engine.plain, steps, at)
        assert first_difference(end, expected, sums=False) is None, number
        assert same(records[:3], path[:3]), number
        scale = 1 + np.abs(path.average_regret * at).max()
        off = np.abs(records.average_regret - path.average_regret) * at
        assert off.max() < 1e-12 * scale, number
        u = [0]
        for c in law.walk.steps:
            u.append(max(0, u[-1] - law.walk.sign * c))
        ties = sum(c == v for c, v in zip(law.walk.steps, u, strict=False) if c)
        found.append((law.end, ties > 0))
    assert len(found) >= 100
    assert min(sum(end == side for end, _ in found) for side in (-1, 1)) >= 30
    assert sum(tie for _, tie in found) >= 5
