"""The way through the interior, beside zeta functions, and beside the plain loop."""

from dataclasses import replace
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amsgrad.engines.base import NOTHING, Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.laws.decay import decay_of
from amsgrad.laws.interior import Interior, holds_from
from amsgrad.laws.memory import NoLaw, memory_cycle
from amsgrad.laws.settle import settle
from amsgrad.laws.walk import MOST
from amsgrad.problems.online import Online
from amsgrad.regret import value
from amsgrad.rules import RULES
from amsgrad.schedules import inverse_power, inverse_sqrt, shifted_inverse_sqrt
from tests.marks import needs_jit, slow

PAPER = {"beta1": 0.9, "beta2": 0.99, "eps": 0.0, "semantics": "paper"}
SCHEDULES = [
    (inverse_sqrt, 0.0),
    (shifted_inverse_sqrt, 0.1),
    (inverse_power, 0.7),
    (inverse_power, 1.0),
]


def setup(lr: float, schedule: Any = inverse_sqrt, rate: float = 0.0, **options: Any) -> Setup:
    problem = options.pop("problem", Online())
    return Setup(problem, lr, schedule, schedule_rate=rate, dtype=np.float64, **options)


@pytest.mark.parametrize(("schedule", "rate"), SCHEDULES)
def test_an_independent_sum_in_many_digits(schedule: Any, rate: float) -> None:
    """Class by class, with zeta functions of mpmath in 60 digits."""
    slopes, steps, start, length = [5.0, -1.0, -3.5], [2.0, -1.25, -0.625], 200, 3
    where = setup(1e-3, schedule, rate)
    way = Interior(where, slopes, steps, start, 0.25, 7.0)
    p = mp.mpf(rate) if schedule is inverse_power else mp.mpf(1) / 2
    with mp.workdps(60):
        shifted = schedule is shifted_inverse_sqrt
        size = mp.mpf(1e-3) / (mp.sqrt(mp.mpf(rate)) if shifted else 1)
        h = 1 / mp.mpf(rate) if shifted else 0

        def alpha(k: Any) -> Any:
            return size * (k + h) ** -p

        def zeta(a: Any) -> Any:
            return -mp.digamma(a) if p == 1 else mp.zeta(p, a)

        x, regret = mp.mpf(0.25), mp.mpf(7)
        for n in range(300 * length):
            regret += slopes[n % length] * (x + 1)
            x -= steps[n % length] * alpha(mp.mpf(start + 1 + n))
            cycles, rest = divmod(n + 1, length)
            if not rest and cycles in (1, 2, 50, 300):
                assert abs(way.x_after(cycles) / x - 1) < 1e-15
                assert abs(way.regret_after(cycles) / regret - 1) < 1e-14
        for cycles in (10**6, 10**15):
            a = [(start + 1 + j + h) / mp.mpf(length) for j in range(length)]
            moved = mp.fsum(c * (zeta(e) - zeta(e + cycles)) for c, e in zip(steps, a, strict=True))
            expected = mp.mpf(0.25) - size * mp.mpf(length) ** -p * moved
            assert abs(way.x_after(cycles) / expected - 1) < 1e-14


@needs_jit
@pytest.mark.parametrize(
    ("opt", "lr", "schedule", "rate"),
    [
        ("adam", 0.005, inverse_sqrt, 0.0),
        ("amsgrad", 0.15, inverse_sqrt, 0.0),
        slow("adam", 0.005, shifted_inverse_sqrt, 0.1),
        slow("adam", 0.2, inverse_power, 0.7),
    ],
)
def test_the_plain_loop_goes_this_way(opt: str, lr: float, schedule: Any, rate: float) -> None:
    where, rule = setup(lr, schedule, rate), RULES[opt](**PAPER)
    memory, decay = memory_cycle(where, rule, 10**6), decay_of(where)
    assert decay is not None
    least = max(memory.start, holds_from(memory.turn.steps, decay))
    start = least + (memory.start - least) % memory.length
    engine = Compiled(where, rule)
    state, _ = engine.advance(engine.init(), start, NOTHING)
    slopes, steps = memory.turn.slopes, memory.turn.steps
    way = Interior(where, slopes, steps, start, float(state.x), value(state.regret))
    arrival = way.arrival()
    assert arrival is not None
    assert 10**4 < arrival < 10**8
    cycles = (arrival - start) // memory.length
    for n in (1, cycles // 3, cycles - 1):
        here, _ = engine.advance(state, n * memory.length, NOTHING)
        assert float(here.x) == pytest.approx(float(way.x_after(n)), abs=1e-12)
        assert value(here.regret) == pytest.approx(float(way.regret_after(n)), rel=1e-12)
    _, path = engine.advance(here, 2 * memory.length, here.steps + 1 + np.arange(2 * way.length))
    end = where.problem.lower if sum(steps) > 0 else where.problem.upper
    first = path.step[path.x == end][0]  # x of a step is that before it
    assert arrival < first - 1 <= arrival + memory.length
    law = settle(where, rule, 10**8)  # one step size more, and it would look for long
    assert arrival < law.start <= arrival + 4 * memory.length


whole_numbers = st.integers(-6, 6).map(float)


@given(
    steps=st.lists(whole_numbers, min_size=1, max_size=9).filter(sum),
    kind=st.sampled_from(SCHEDULES),
)
@settings(deadline=None, max_examples=60)
def test_each_place_comes_nearer_to_its_end(steps: list[float], kind: Any) -> None:
    where = setup(1e-3, *kind)
    decay = decay_of(where)
    assert decay is not None
    start, length = holds_from(steps, decay), len(steps)
    way = Interior(where, steps, steps, start, 0.0, 0.0)
    assert way.holds
    cycle = way._path(0.0, start), way._path(float(way.x_after(1)), start + length)
    nearer = (cycle[0] - cycle[1]) * np.sign(sum(steps))
    assert (nearer > -1e-17).all()
    assert not replace(way, start=start - 1).holds


def test_it_may_take_too_long() -> None:
    way = Interior(setup(1e-3, inverse_power, 1.0), [1.0], [1.0], 100, 0.9, 0.0)
    assert way.arrival() == MOST
    assert replace(way, start=10).arrival() is None


def test_at_the_other_end_it_is_not_known() -> None:
    way = Interior(setup(0.5), [1.0, 1.0], [-3.0, 4.0], 1000, 0.99, 0.0)
    assert way.arrival() is None
    assert replace(way, x=-0.999).arrival() == 1000


@pytest.mark.parametrize("opt", ["amsgrad", "sgd"])
def test_without_a_mean_step_x_rests(opt: str) -> None:
    where = setup(1e-3 if opt == "sgd" else 0.1, problem=Online(101, 100.0, -1.0))
    options = {} if opt == "sgd" else PAPER
    rule, form = RULES[opt](**options), RULES[opt].form_with(**options)
    with pytest.raises(NoLaw, match="by exact arithmetic x rests at ") as found:
        settle(where, rule, 10**6, form)
    rest = float(str(found.value).split("rests at ")[1].split(",")[0])
    memory = memory_cycle(where, rule, 10**6)
    engine = Compiled(where, rule)
    state, _ = engine.advance(engine.init(), memory.start, NOTHING)
    ends = []
    for _ in range(2):
        state, _ = engine.advance(state, 1000 * memory.length, NOTHING)
        way = Interior(
            where, memory.turn.slopes, memory.turn.steps, state.steps, float(state.x), 0.0
        )
        assert way.rest() == pytest.approx(rest, abs=1e-10)
        ends.append(abs(float(state.x) - rest))
    assert ends[0] > 1.3 * ends[1] > 1e-5  # as 1 / sqrt(k)
    assert replace(way, start=100).rest() is None
    assert replace(way, x=1.0).rest() is None
