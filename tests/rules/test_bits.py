"""Compiled, every rule has the bits of the reference: in one go, in pieces, in another process."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from amsgrad.engines.agreement import first_difference
from amsgrad.engines.base import Records
from amsgrad.engines.driver import run_to
from amsgrad.rules import RULES
from amsgrad.schedules import record_steps
from tests.marks import needs_jit, slow
from tests.rules.cases import CIRCUMSTANCES, COMPILED_CASES, SOME_CASES, STEPS, Case
from tests.same import same

ROOT = Path(__file__).parents[2]
OTHERS = [case for case in SOME_CASES if case not in COMPILED_CASES]
some_case = pytest.mark.parametrize("case", [*COMPILED_CASES, *map(slow, OTHERS)], ids=str)


def test_the_selection_has_each_rule_circumstance_and_precision() -> None:
    cases = COMPILED_CASES
    assert {case.opt for case in cases} == set(RULES) - {"adam", "amsgrad"}
    found = {(case.problem, case.schedule, case.beta1_schedule) for case in cases}
    assert found == set(CIRCUMSTANCES)
    assert {(case.problem, case.dtype) for case in cases} == {
        (problem, dtype)
        for problem in ("online", "stochastic")
        for dtype in (np.float32, np.float64)
    }


@some_case
def test_compiled_gives_the_bits_of_the_reference(case: Case) -> None:
    record_at = record_steps(STEPS, 77)
    expected, rows = run_to(case.reference, STEPS, record_at)
    actual, records = run_to(case.compiled, STEPS, record_at)
    assert first_difference(actual, expected) is None
    assert actual == expected  # steps and `finite`, too
    assert same(records, rows)
    assert {type(entry) for entry in [actual.x, *actual.memory]} == {case.dtype}


@some_case
@pytest.mark.parametrize("name", ["reference", "compiled"])
def test_1000_steps_are_400_and_600(case: Case, name: str) -> None:
    engine = getattr(case, name)
    record_at = record_steps(1000, 50)
    whole, records = run_to(engine, 1000, record_at)
    middle, first = run_to(engine, 400, record_at[record_at <= 400])
    middle = engine.load(engine.dump(middle))
    end, second = run_to(engine, 1000, record_at, middle)
    assert first_difference(end, whole) is None
    assert same(Records.join([first, second]), records)


def test_the_published_defaults_have_the_same_bits_past_settling() -> None:
    """beta2 = .999 settles at step 37,413."""
    steps = 38_000
    assert all(case.rule.settled < steps for case in (Case("yogi"), Case("adashift")))
    # with the loops of COMPILED_CASES
    yogi = Case("yogi", schedule="inverse_sqrt", beta1_schedule="exponential")
    adashift = Case("adashift", problem="stochastic", schedule="inverse_sqrt", dtype=np.float32)
    for case in (yogi, adashift):
        record_at = record_steps(steps, steps)
        expected, _ = run_to(case.reference, steps, record_at)
        actual, _ = run_to(case.compiled, steps, record_at)
        assert first_difference(actual, expected) is None


def test_powers_have_the_same_bits_compiled() -> None:
    """Padam alone takes a power in the precision of the run: libm's, from numpy as from numba."""
    for power, dtype in ((0.1, np.float32), (1 / 3, np.float32), (0.1, np.float64)):
        options = {"problem": "stochastic", "beta1_schedule": "harmonic", "dtype": dtype}
        case = Case("padam", {"power": power}, lr=1e-3, **options)
        record_at = record_steps(2000, 1)
        expected, rows = run_to(case.reference, 2000, record_at)
        actual, records = run_to(case.compiled, 2000, record_at)
        assert first_difference(actual, expected) is None
        assert same(records, rows)


ON_DEMAND = next(case for case in COMPILED_CASES if case.options.get("window") == 3)
RUN = """
from tests.rules.test_bits import ON_DEMAND, run_to
engine = ON_DEMAND.compiled
state, _ = run_to(engine, 500)
print(float(state.x).hex(), sum(engine._kernel.stats.cache_hits.values()))
"""


def run(code: str) -> list[str]:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@needs_jit
def test_a_window_made_on_demand_is_found_in_numbas_cache_by_another_process() -> None:
    expected, _ = run_to(ON_DEMAND.reference, 500)
    here, _ = run_to(ON_DEMAND.compiled, 500)  # compiled, or found in the cache
    assert first_difference(here, expected) is None
    assert run(RUN) == [float(expected.x).hex(), "1"]


def test_a_window_made_on_demand_can_be_pickled_to_another_process() -> None:
    memory_type = Case("adashift", {"window": 5}).rule.memory
    memory = memory_type(*range(6))
    assert pickle.loads(pickle.dumps(memory)) == memory
    seen = run(f"import pickle; print(pickle.loads({pickle.dumps(memory)!r}).g4)")
    assert seen == ["5"]


def test_there_is_nothing_else_on_demand() -> None:
    from amsgrad.rules import adashift

    with pytest.raises(AttributeError, match="Memory0"):
        _ = adashift.Memory0
