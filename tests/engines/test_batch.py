"""Many runs in one call: each has the bits of a run by itself."""

import subprocess
import sys
from dataclasses import replace
from inspect import signature
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from amsgrad.engines.batch import Batch
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.base import Records, Setup
from amsgrad.problems.online import Online
from amsgrad.problems.problem import Problem
from amsgrad.problems.stochastic import Stochastic
from amsgrad.rules import RULES
from amsgrad.schedules import constant, inverse_sqrt, record_steps, shifted_inverse_sqrt
from tests.engines.cases import CASES, Case

ROOT = Path(__file__).parents[2]
SEEDS = [Stochastic(seed=seed) for seed in range(7)]
SLOPES = [Online(big=1010.0 + 10 * i) for i in range(7)]
STEPS = 4000  # past the settling step of bias correction
AT = record_steps(STEPS, 77)


def batch(case: Case, problems: list[Any]) -> Batch:
    setups = [replace(case.setup, problem=problem) for problem in problems]
    return Batch(setups, [case.rule] * len(problems))


def assert_lane(state: Any, records: Records, i: int, case: Case, problem: Problem) -> None:
    """Run i has the numbers of a run by itself, to the bit."""
    alone = Compiled(replace(case.setup, problem=problem), case.rule)
    expected, path = alone.advance(alone.init(), STEPS, AT)
    assert state.steps == expected.steps
    assert state.x[i] == expected.x
    assert tuple(entry[i] for entry in state.memory) == expected.memory
    assert tuple(part[i] for part in state.regret) == expected.regret
    assert tuple(part[i] for part in state.slopes) == expected.slopes
    for column, values in zip(records[1:], path[1:], strict=True):
        np.testing.assert_array_equal(column[:, i], values)


# each case is a kernel of its own, and takes seconds to compile
@pytest.mark.parametrize(
    ("case", "problems"),
    list(zip(CASES[::3], cycle([SEEDS, SLOPES, SLOPES]), strict=False)),
    ids=lambda x: str(x)[:40],
)
def test_each_run_has_the_bits_of_a_run_by_itself(case: Case, problems: list[Any]) -> None:
    engine = batch(case, problems)
    state, records = engine.advance(engine.init(), STEPS, AT)
    assert state.finite.all()
    for i in (0, 3, 6):
        assert_lane(state, records, i, case, problems[i])


def of_all_sorts(opt: str, problems: list[Any], dtype: Any, schedule: Any, **options: Any) -> Any:
    """Setups and rules that differ in all their numbers."""
    rng = np.random.default_rng(5)
    names = signature(RULES[opt]).parameters
    setups, rules = [], []
    for problem in problems:
        lr, x0 = float(rng.choice([0.001, 0.1, 0.5])), float(rng.uniform(-1, 1))
        beta1, beta2 = float(rng.choice([0.0, 0.9, 0.95])), float(rng.choice([0.5, 0.9, 0.99]))
        given = {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": 1e-12, **options}
        rate = {"schedule_rate": float(rng.uniform(0, 1))}
        setups.append(Setup(problem, lr, schedule, first_t=0, x0=x0, dtype=dtype, **rate))
        rules.append(RULES[opt](**{name: given[name] for name in names if name in given}))
    return setups, rules


MANY_SORTS = [
    ("amsgrad", np.float32, constant, SLOPES),
    ("amsgrad", np.float64, inverse_sqrt, SLOPES),
    ("adam", np.float32, inverse_sqrt, SEEDS),
    ("adam", np.float64, constant, SLOPES),
    ("adopt", np.float32, constant, SLOPES),
    ("adabound", np.float32, inverse_sqrt, SLOPES),
    ("adashift", np.float32, constant, SLOPES),
    ("sgd", np.float32, constant, SLOPES),
    ("yogi", np.float64, shifted_inverse_sqrt, SEEDS),
]


@pytest.mark.parametrize(("opt", "dtype", "schedule", "problems"), MANY_SORTS)
def test_runs_of_all_sorts_have_the_bits_of_runs_by_themselves(
    opt: str, dtype: Any, schedule: Any, problems: list[Any]
) -> None:
    setups, rules = of_all_sorts(opt, problems, dtype, schedule)
    engine = Batch(setups, rules)
    state, records = engine.advance(engine.init(), STEPS, AT)
    middle, first = engine.advance(engine.init(), 3801, AT[:49])
    end, second = engine.advance(middle, STEPS - 3801, AT[49:])
    joined = Records.join([first, second])
    for i in range(7):
        alone = Compiled(setups[i], rules[i])
        expected, path = alone.advance(alone.init(), STEPS, AT)
        for found, recorded in ((state, records), (end, joined)):
            assert found.x[i] == expected.x
            assert tuple(entry[i] for entry in found.memory) == expected.memory
            assert tuple(part[i] for part in found.regret) == expected.regret
            for column, values in zip(recorded[1:], path[1:], strict=True):
                np.testing.assert_array_equal(column[:, i], values)


def test_a_memory_that_does_not_repeat_is_never_put_in_a_table() -> None:
    """AdaGrad's sum grows at every step."""
    setups, rules = of_all_sorts("adagrad", SLOPES, np.float64, constant)
    engine = Batch(setups, rules)
    state, _ = engine.advance(engine.init(), STEPS, AT)
    alone = Compiled(setups[2], rules[2])
    expected, _ = alone.advance(alone.init(), STEPS, AT)
    assert state.memory.total[2] == expected.memory.total


@pytest.mark.parametrize("cut", [1, 128, 999])
def test_a_batch_in_pieces_has_the_same_bits(cut: int) -> None:
    for case in CASES[::12]:
        engine = batch(case, SEEDS)
        before = int(np.searchsorted(AT, cut, side="right"))
        middle, first = engine.advance(engine.init(), cut, AT[:before])
        end, second = engine.advance(middle, STEPS - cut, AT[before:])
        joined = Records.join([first, second])
        for i in (0, 6):
            assert_lane(end, joined, i, case, SEEDS[i])


def test_a_state_is_a_value() -> None:
    engine = batch(Case(), SEEDS)
    start = engine.init()
    once, _ = engine.advance(start, 500, AT[:5])
    twice, _ = engine.advance(start, 500, AT[:5])
    assert start.steps == 0
    assert not start.x.any()
    np.testing.assert_array_equal(once.x, twice.x)


def test_a_run_that_blows_up_leaves_the_others_alone() -> None:
    case = Case("adam", lr=1.0, eps=0.0)
    problems = [Online(big=0.0, small=0.0), Online()]  # 0 / 0 in the first
    with pytest.raises(ValueError, match="comparator"):
        batch(case, [Online(period=5, big=1.0, small=-10.0), Online(period=5)])
    engine = batch(case, problems)
    state, records = engine.advance(engine.init(), STEPS, AT)
    assert state.finite.tolist() == [False, True]
    assert np.isnan(records.x[-1, 0])
    assert_lane(state, records, 1, case, problems[1])


def test_unlike_problems_are_refused() -> None:
    for other in (Stochastic(), Online(period=50)):
        with pytest.raises(ValueError, match="one class, period, feasible set and comparator"):
            batch(Case(), [Online(), other])


FROM_CACHE = """
from tests.engines.test_batch import AT, SEEDS, STEPS, batch
from tests.engines.test_batch import assert_lane
from tests.engines.cases import Case
hits = 0
for case in (Case(), Case(beta1_schedule="exponential")):
    engine = batch(case, SEEDS)
    state, records = engine.advance(engine.init(), STEPS, AT)
    assert_lane(state, records, 3, case, SEEDS[3])
    hits += sum(engine._kernel.stats.cache_hits.values())
print(hits)
"""


@pytest.mark.skipif("os.environ.get('NUMBA_DISABLE_JIT') == '1'", reason="nothing is compiled")
def test_loops_of_many_rules_come_from_the_cache_unmixed() -> None:
    """Cached loops once found each other's inner functions, since these had the same name."""
    for _ in range(2):
        command = [sys.executable, "-c", FROM_CACHE]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2"
