"""Many runs in one call: each has the bits of a run by itself."""

import subprocess
import sys
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from amsgrad.engines.agreement import first_difference
from amsgrad.engines.base import Records, Setup, State
from amsgrad.engines.batch import Batch
from amsgrad.engines.driver import run_to
from amsgrad.engines.reference import Reference
from amsgrad.field_types import OneOf, Whole
from amsgrad.options import Option
from amsgrad.problems.online import Online
from amsgrad.problems.quadratic import Quadratic
from amsgrad.problems.rare import Rare
from amsgrad.problems.stochastic import Stochastic
from amsgrad.rules import RULES
from amsgrad.schedules import constant, inverse_sqrt, record_steps, shifted_inverse_sqrt
from amsgrad.verification import Disagreement, verify_to_the_bit
from tests.engines.cases import CASES, Case
from tests.marks import needs_jit, slow
from tests.rules.cases import with_lr
from tests.same import same

ROOT = Path(__file__).parents[2]
SEEDS = [Stochastic(seed=seed) for seed in range(7)]
SLOPES = [Online(big=1010.0 + 10 * i) for i in range(7)]
LAWS = [
    Quadratic(targets, seed=seed)
    for seed, targets in enumerate(
        ["-1,1", "3,-1x3", "-4x2,1x3,5", "-1,0,1", "2,-1x2", "0.5,-0.5", "-7,1x7"]
    )
]
RARE = [Rare(period=7)] * 7
STEPS = 4000  # past the settling step of bias correction
AT = record_steps(STEPS, 77)

# Each row is a loop of its own, and takes five seconds to compile: two of them, with a stochastic
# problem and with a memory that repeats with the period, serve the other tests, too.
ALIKE = list(zip(CASES[::3], cycle([SEEDS, SLOPES, SLOPES]), strict=False))
SHARED = [ALIKE[0], ALIKE[2]]


def batch(case: Case, problems: list[Any]) -> Batch:
    setups = [replace(case.setup, problem=problem) for problem in problems]
    return Batch(setups, [case.rule] * len(problems))


def assert_lane(state: State, records: Records, i: int, setup: Setup, rule: Any) -> None:
    """Check that run i has the numbers of a run by itself, to the bit."""
    expected, rows = run_to(Reference(setup, rule), STEPS, AT)
    assert state.steps == expected.steps
    assert first_difference(state.run(i), expected) is None
    assert same(Records(records.step, *(column[:, i] for column in records[1:])), rows)


def assert_alone(state: State, records: Records, i: int, case: Case, problem: Any) -> None:
    assert_lane(state, records, i, replace(case.setup, problem=problem), case.rule)


@pytest.mark.parametrize(
    ("case", "problems"),
    [row if row in SHARED else slow(*row) for row in ALIKE],
    ids=lambda x: str(x)[:40],
)
def test_each_run_has_the_bits_of_a_run_by_itself(case: Case, problems: list[Any]) -> None:
    state, records = run_to(batch(case, problems), STEPS, AT)
    assert state.finite.all()
    for i in (0, 3, 6):
        assert_alone(state, records, i, case, problems[i])


def of_all_sorts(opt: str, problems: list[Any], dtype: Any, schedule: Any) -> Any:
    """Return setups and rules that differ in all their numbers."""
    rng = np.random.default_rng(5)
    setups, rules = [], []
    for problem in problems:
        lr, x0 = float(rng.choice([0.001, 0.1, 0.5])), float(rng.uniform(-1, 1))
        beta1, beta2 = float(rng.choice([0.0, 0.9, 0.95])), float(rng.choice([0.5, 0.9, 0.99]))
        rate = {"schedule_rate": float(rng.uniform(0, 1))}
        setups.append(Setup(problem, lr, schedule, first_t=0, x0=x0, dtype=dtype, **rate))
        given = {"beta1": beta1, "beta2": beta2, "eps": 1e-12}
        own = {name: given[name] for name in RULES[opt].options if name in given}
        rules.append(RULES[opt](**own, **with_lr(opt, lr)))
    return setups, rules


# A memory that repeats, and a decaying step size with a stochastic problem and a start of its own;
# among the slow ones a memory that never repeats (AdaGrad's sum grows at every step), and
# coefficients that never settle (ADOPT's).
MANY_SORTS = [
    ("amsgrad", np.float32, constant, SLOPES),
    ("yogi", np.float64, shifted_inverse_sqrt, SEEDS),
    ("adam", np.float32, inverse_sqrt, LAWS),
    slow("adagrad", np.float64, constant, SLOPES),
    slow("adopt", np.float32, constant, SLOPES),
    slow("amsgrad", np.float64, inverse_sqrt, SLOPES),
    slow("adam", np.float32, inverse_sqrt, SEEDS),
    slow("adam", np.float64, constant, SLOPES),
    slow("adabound", np.float32, inverse_sqrt, SLOPES),
    slow("adashift", np.float32, constant, SLOPES),
    slow("sgd", np.float32, constant, SLOPES),
    slow("amsgrad", np.float64, inverse_sqrt, LAWS),
    slow("adam", np.float64, constant, RARE),
    slow("ef_signum", np.float64, inverse_sqrt, SEEDS),
    slow("nadam", np.float64, inverse_sqrt, SEEDS),
    slow("adamax", np.float32, inverse_sqrt, SLOPES),
]


@pytest.mark.parametrize(("opt", "dtype", "schedule", "problems"), MANY_SORTS)
def test_runs_of_all_sorts_have_the_bits_of_runs_by_themselves(
    opt: str, dtype: Any, schedule: Any, problems: list[Any]
) -> None:
    setups, rules = of_all_sorts(opt, problems, dtype, schedule)
    engine = Batch(setups, rules)
    state, records = run_to(engine, STEPS, AT)
    middle, first = run_to(engine, 3801, AT[:49])
    end, second = run_to(engine, STEPS, AT[49:], middle)
    joined = Records.join([first, second])
    for i in range(7):
        assert_lane(state, records, i, setups[i], rules[i])
        assert first_difference(end.run(i), state.run(i)) is None
    assert same(joined, records)


@pytest.mark.parametrize("cut", [1, 128, 999])
@pytest.mark.parametrize("case", [CASES[0], slow(CASES[12])], ids=str)
def test_a_batch_in_pieces_has_the_same_bits(cut: int, case: Case) -> None:
    engine = batch(case, SEEDS)
    before = int(np.searchsorted(AT, cut, side="right"))
    middle, first = run_to(engine, cut, AT[:before])
    end, second = run_to(engine, STEPS, AT[before:], middle)
    joined = Records.join([first, second])
    for i in (0, 6):
        assert_alone(end, joined, i, case, SEEDS[i])


class WithHindsight(Online):
    hindsight = True


@pytest.mark.slow
def test_slopes_are_summed_where_the_memory_repeats_with_the_period() -> None:
    setups, rules = of_all_sorts(
        "adam", [WithHindsight(big=b) for b in range(900, 907)], np.float64, constant
    )
    state, records = run_to(Batch(setups, rules), STEPS, AT)
    for i in range(7):
        assert_lane(state, records, i, setups[i], rules[i])


def test_a_state_is_a_value() -> None:
    engine = batch(*SHARED[0])
    start = engine.init()
    once, _ = engine.advance(start, 500, AT[:5])
    twice, _ = engine.advance(start, 500, AT[:5])
    assert start.steps == 0
    assert not start.x.any()
    for i in range(7):
        assert first_difference(once.run(i), twice.run(i)) is None


def test_a_run_that_blows_up_leaves_the_others_alone() -> None:
    case = replace(SHARED[1][0], lr=1.0, eps=0.0)
    problems = [Online(big=0.0, small=0.0), Online()]  # 0 / 0 in the first
    with pytest.raises(ValueError, match="comparator"):
        batch(case, [Online(period=5, big=1.0, small=-10.0), Online(period=5)])
    state, records = run_to(batch(case, problems), STEPS, AT)
    assert state.finite.tolist() == [False, True]
    assert np.isnan(records.x[-1, 0])
    assert_alone(state, records, 1, case, problems[1])


def test_unlike_problems_are_refused() -> None:
    for other in (Stochastic(), Online(period=50)):
        with pytest.raises(ValueError, match="one class, period, feasible set and comparator"):
            batch(Case(), [Online(), other])


def test_a_run_of_a_batch_is_verified_by_its_number() -> None:
    case, problems = SHARED[0]
    engine = batch(case, problems)
    definitions = [Reference(replace(case.setup, problem=f), case.rule) for f in problems]
    for i in (0, 6):
        verify_to_the_bit(engine, definitions[i], 300, run=i, piece=lambda: 150)
    with pytest.raises(Disagreement, match=r"^after 300 steps x is .*, not .* as in the reference"):
        verify_to_the_bit(engine, definitions[0], 300, run=6)


def two_values(option: Option) -> tuple[Any, Any]:
    if isinstance(option.type, OneOf):
        one, other, *_ = option.type.names
        return one, other
    if isinstance(option.type, Whole):
        return option.type.least + 1, option.type.least + 2
    return 0.25, 0.5


OWN = [(rule, name) for rule, method in RULES.items() for name in method.options]


@pytest.mark.parametrize(("rule", "name"), OWN)
def test_the_free_options_of_a_rule_are_those_in_which_a_batch_may_differ(
    rule: str, name: str
) -> None:
    method = RULES[rule]
    rules = [
        method(**{name: value}, **with_lr(rule, 0.01)) for value in two_values(method.options[name])
    ]
    assert rules[0] != rules[1]
    setups = [Case().setup] * 2
    if method.options[name].free:
        Batch(setups, rules)
    else:
        with pytest.raises(ValueError, match="and one rule"):
            Batch(setups, rules)


FROM_CACHE = """
from tests.engines.test_batch import AT, SHARED, STEPS, assert_alone, batch
hits = 0
for case, problems in SHARED:
    engine = batch(case, problems)
    state, records = engine.advance(engine.init(), STEPS, AT)
    assert_alone(state, records, 3, case, problems[3])
    hits += sum(engine._kernel.stats.cache_hits.values())
print(hits)
"""


@needs_jit
def test_loops_of_many_rules_come_from_the_cache_unmixed() -> None:
    """Cached loops once found each other's inner functions, since these had the same name."""
    for case, problems in SHARED:
        run_to(batch(case, problems), 1)  # compiled, or found in the cache, by this process
    command = [sys.executable, "-c", FROM_CACHE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(len(SHARED))
