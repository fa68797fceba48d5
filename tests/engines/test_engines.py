"""Every engine against an independent oracle, against itself in pieces, and against the theory."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amsgrad.engines.agreement import first_difference
from amsgrad.engines.base import Records
from amsgrad.engines.driver import drive, run_to
from amsgrad.problems.online import Online
from amsgrad.problems.stochastic import Stochastic
from amsgrad.regret import value
from amsgrad.rules.adam import SEMANTICS
from amsgrad.schedules import BETA1_SCHEDULES, SCHEDULES, record_steps
from tests import naive
from tests.engines.cases import CASES, QUICK, RATES, Case, every_case
from tests.marks import slow, without_kernels
from tests.same import same

ENGINES = ("reference", "compiled", pytest.param("torch", marks=without_kernels))
LONG = 5000  # past the settling step of bias correction, 3725
STEPS = 1500  # about 15 periods, and enough for v to forget its start

# Both sides round: x sums STEPS updates of at most lr each, and the oracle is in double precision.
X_TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}
# v remembers 1 / (1 - beta2) = 100 roundings; both moments are compared relative to their size.
MOMENT_TOLERANCE = {np.float32: 1e-5, np.float64: 1e-13}


@cache
def oracle(case: Case) -> list[dict[str, float]]:
    return naive.run(
        amsgrad=case.opt == "amsgrad",
        semantics=case.semantics,
        schedule=case.schedule,
        beta1_schedule=case.beta1_schedule,
        **RATES,
        lr=case.lr,
        beta1=case.beta1,
        beta2=case.beta2,
        eps=case.eps,
        first_t=case.first_t,
        x0=case.x0,
        steps=LONG,
    )


@pytest.mark.parametrize("cases", [CASES, QUICK], ids=["all", "quick"])
def test_the_table_has_each_semantics_schedule_start_and_precision(cases: list[Case]) -> None:
    assert {(c.opt, c.semantics) for c in cases} == {
        (opt, name) for opt in ("adam", "amsgrad") for name in SEMANTICS
    }
    assert {c.schedule for c in cases} == set(SCHEDULES)
    assert {c.beta1_schedule for c in cases} == set(BETA1_SCHEDULES)
    assert {(c.first_t, c.dtype) for c in cases} == {
        (t, dtype) for t in (0, 1) for dtype in (np.float32, np.float64)
    }


@every_case
@pytest.mark.parametrize("name", ENGINES)
def test_every_step_is_the_oracles(case: Case, name: str) -> None:
    steps = 400 if name == "torch" else STEPS
    expected = oracle(case)[:steps]
    engine = case.engine(name)
    _, records = engine.advance(engine.init(), steps, record_steps(steps, 1))
    tolerance = X_TOLERANCE[case.dtype]
    for column in ("x", "average_regret"):
        scale = 1 if column == "x" else 40  # mean |regret| of a step, the average's own scale
        difference = np.abs(getattr(records, column) - [row[column] for row in expected])
        assert difference.max() <= scale * tolerance, column


@every_case
@pytest.mark.parametrize("name", ["reference", "compiled"])
def test_internal_state_is_the_oracles(case: Case, name: str) -> None:
    engine, rows, state = case.engine(name), oracle(case), None
    for done in (1, 2, 101, 102, 500, STEPS, 3725, LONG):
        state, _ = run_to(engine, done, start=state)
        row = rows[done - 1]
        for variable, entry in state.memory._asdict().items():
            assert entry == pytest.approx(row[variable], rel=MOMENT_TOLERANCE[case.dtype])
        # x sums `done` updates
        allowed = X_TOLERANCE[case.dtype] * max(1, done / STEPS)
        assert state.x == pytest.approx(row["x_after"], abs=allowed)
    assert type(state.x) is case.dtype


@every_case
def test_compiled_gives_the_bits_of_the_reference(case: Case) -> None:
    record_at = record_steps(LONG, 77)
    expected, rows = run_to(case.engine("reference"), LONG, record_at)
    actual, records = run_to(case.engine("compiled"), LONG, record_at)
    assert first_difference(actual, expected) is None
    assert actual == expected  # steps and `finite`, too
    assert same(records, rows)


WHICH = [QUICK, slow([case for case in CASES if case not in QUICK])]


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("cut", [1, 128, 400, 999])
@pytest.mark.parametrize("cases", WHICH, ids=["quick", "others"])
def test_a_run_in_pieces_has_the_same_bits(name: str, cut: int, cases: list[Case]) -> None:
    for case in cases[:: 5 if name == "torch" else 1]:
        engine = case.engine(name)
        record_at = record_steps(1000, 50)
        whole, records = engine.advance(engine.init(), 1000, record_at)
        middle, first = engine.advance(engine.init(), cut, record_at[record_at <= cut])
        middle = engine.load(engine.dump(middle))
        end, second = engine.advance(middle, 1000 - cut, record_at[record_at > cut])
        if name == "torch":  # its memory is a file, whose bytes are not guaranteed to be the same
            assert (end[:2], end.regret) == (whole[:2], whole.regret)
        else:
            assert first_difference(end, whole) is None
        assert same(Records.join([first, second]), records)


@pytest.mark.parametrize("cases", WHICH, ids=["quick", "others"])
@settings(deadline=None, max_examples=50)
@given(
    cuts=st.lists(st.integers(1, 300), min_size=1, max_size=8),
    every=st.integers(1, 400),
    which=st.integers(0, 9),
)
def test_no_cut_and_no_recording_changes_a_bit(
    cases: list[Case], cuts: list[int], every: int, which: int
) -> None:
    engine = cases[which].engine("compiled")
    steps = sum(cuts)
    record_at = record_steps(steps, every)
    whole, records = engine.advance(engine.init(), steps, record_at)
    sizes = iter(cuts)
    pieces = list(drive(engine, engine.init(), steps, record_at, piece=lambda: next(sizes)))
    assert first_difference(pieces[-1][0], whole) is None
    assert same(Records.join([part for _, part in pieces]), records)


@pytest.mark.parametrize("name", ENGINES)
def test_average_regret_is_the_mean_of_the_regrets(name: str) -> None:
    engine = Case(dtype=np.float32).engine(name)
    steps = 300
    state, records = engine.advance(engine.init(), steps, record_steps(steps, 1))
    means = [math.fsum(records.regret[:k]) / k for k in range(1, steps + 1)]
    np.testing.assert_allclose(records.average_regret, means, rtol=1e-14)
    assert value(state.regret) / steps == records.average_regret[-1]


@pytest.mark.parametrize("name", ENGINES)
def test_regret_is_taken_before_the_update(name: str) -> None:
    engine = Case(x0=0.25, first_t=1).engine(name)
    _, records = engine.advance(engine.init(), 2, record_steps(2, 1))
    assert records.x[0] == 0.25
    assert records.regret[0] == 1010 * (0.25 + 1)
    assert records.x[1] < 0.25


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("x0", [-1.0, 0.3, 1.0])
def test_standing_still_costs_what_the_theory_says(name: str, x0: float) -> None:
    engine = Case(lr=0.0, x0=x0).engine(name)
    steps = 3 * 101
    state, records = engine.advance(engine.init(), steps, record_steps(steps, steps))
    assert state.x == x0
    assert records.average_regret[-1] == pytest.approx(10 * (x0 + 1) / 101, abs=1e-12)


@pytest.mark.parametrize("name", ENGINES)
def test_x_leaves_the_edge_that_it_was_clipped_to(name: str) -> None:
    engine = Case(lr=0.5, dtype=np.float32).engine(name)
    _, records = engine.advance(engine.init(), 400, record_steps(400, 1))
    assert np.abs(records.x).max() == 1
    at_edge = np.flatnonzero(np.abs(records.x) == 1)
    assert (np.abs(records.x[at_edge[0] :]) < 1).any()


@pytest.mark.parametrize("name", ["reference", "compiled"])
@settings(deadline=None, max_examples=25)
@given(
    lr=st.floats(1e-6, 10),
    beta1=st.floats(0, 0.9999),
    beta2=st.floats(0, 0.9999),
    x0=st.floats(-1, 1),
    opt=st.sampled_from(["adam", "amsgrad"]),
)
def test_x_stays_in_the_feasible_set(
    name: str, lr: float, beta1: float, beta2: float, x0: float, opt: str
) -> None:
    engine = Case(opt, lr=lr, beta1=beta1, beta2=beta2, x0=x0).engine(name)
    _, records = engine.advance(engine.init(), 300, record_steps(300, 1))
    assert np.abs(records.x).max() <= 1


def test_the_maximum_never_falls() -> None:
    engine = Case("amsgrad").engine("compiled")
    largest = 0.0
    for state, _ in drive(engine, engine.init(), 500, piece=lambda: 1):
        assert state.memory.vmax >= largest
        assert state.memory.vmax >= state.memory.v
        largest = state.memory.vmax


def test_first_moment_off_is_rmsprop() -> None:
    engine = Case(beta1=0.0, semantics="torch").engine("reference")
    x, v = 0.0, 0.0
    for state, _ in drive(engine, engine.init(), 299, piece=lambda: 1):
        k = state.steps
        g = 1010.0 if (k - 1) % 101 == 1 else -10.0
        v = 0.99 * v + 0.01 * g * g
        x = min(1.0, max(-1.0, x - 0.01 * g / (math.sqrt(v / (1 - 0.99**k)) + 1e-8)))
        assert float(state.x) == pytest.approx(x, abs=1e-12)


@pytest.mark.parametrize("name", ENGINES)
def test_the_schedule_is_applied_once(name: str) -> None:
    # beta1 = beta2 = 0 and no eps: every step is alpha_k, up or down.
    case = Case(beta1=0.0, beta2=0.0, schedule="inverse_sqrt", lr=0.3, first_t=1)
    engine = case.engine(name)
    _, records = engine.advance(engine.init(), 4, record_steps(4, 1))
    moves = np.diff(records.x)
    np.testing.assert_allclose(moves, [-0.3, 0.3 / math.sqrt(2), 0.3 / math.sqrt(3)], rtol=1e-12)


INFINITE = Case(dtype=np.float32, problem=Online(big=1e30))  # g^2 overflows
UNDEFINED = Case(eps=0.0, problem=Online(big=0.0, small=0.0))  # 0 / 0


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("case", [INFINITE, UNDEFINED], ids=["inf", "nan"])
def test_a_run_that_meets_nan_or_infinity_stops(name: str, case: Case) -> None:
    engine = case.engine(name)
    state, records = engine.advance(engine.init(), 1000, record_steps(1000, 10))
    assert not state.finite
    assert records.step[-1] == state.steps == 10


STOCHASTIC = Case(
    "amsgrad", "paper", first_t=1, schedule="inverse_sqrt", problem=Stochastic(seed=3)
)


@pytest.mark.parametrize("name", ENGINES)
def test_regret_in_hindsight_is_against_the_best_of_all_points(name: str) -> None:
    engine = STOCHASTIC.engine(name)
    steps = 700
    _, records = engine.advance(engine.init(), steps, record_steps(steps, 1))
    problem = STOCHASTIC.problem
    p = problem.parameters(float)
    with np.errstate(over="ignore"):
        slopes = np.array([problem.select(t, 0, p) for t in range(1, steps + 1)])
    assert 0 < (slopes == 1010).sum() < 20
    for k in (1, 10, 500, steps):
        losses = (slopes[:k] * records.x[:k]).sum()
        best = min((slopes[:k] * x).sum() for x in np.linspace(-1, 1, 201))
        assert records.average_hindsight_regret[k - 1] == pytest.approx((losses - best) / k)
        against_x_star = (losses + slopes[:k].sum()) / k
        assert records.average_regret[k - 1] == pytest.approx(against_x_star)
    assert (records.average_hindsight_regret >= records.average_regret - 1e-12).all()
    assert (records.average_hindsight_regret > records.average_regret + 1e-3).any()


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_and_optimizer_sees_the_same_stream(name: str) -> None:
    regrets = []
    for opt in ("adam", "amsgrad"):
        case = Case(opt, "paper", lr=0.0, x0=0.5, problem=Stochastic(seed=11))
        engine = replace(case, schedule="inverse_sqrt").engine(name)
        _, records = engine.advance(engine.init(), 300, record_steps(300, 1))
        regrets.append(records.regret)
    np.testing.assert_array_equal(*regrets)
    assert {1.5 * 1010, -1.5 * 10} == set(regrets[0])


def test_the_stochastic_problem_has_the_reference_s_bits_in_pieces() -> None:
    reference, compiled = STOCHASTIC.engine("reference"), STOCHASTIC.engine("compiled")
    record_at = record_steps(1000, 37)
    expected, rows = run_to(reference, 1000, record_at)
    middle, first = run_to(compiled, 333, record_at[record_at <= 333])
    end, second = run_to(compiled, 1000, record_at, compiled.load(compiled.dump(middle)))
    assert first_difference(end, expected) is None
    assert same(Records.join([first, second]), rows)
