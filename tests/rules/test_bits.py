"""Compiled, every rule has the bits of the reference: whole, in pieces, in another process."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from amsgrad.engines.base import Records
from amsgrad.schedules import record_steps
from tests.rules.cases import SOME_CASES, STEPS, Case

ROOT = Path(__file__).parents[2]
some_case = pytest.mark.parametrize("case", SOME_CASES, ids=str)


def same(a: Records, b: Records) -> bool:
    return all(np.array_equal(p, q, equal_nan=True) for p, q in zip(a, b, strict=True))


@some_case
def test_compiled_gives_the_bits_of_the_reference(case: Case) -> None:
    reference, compiled = case.reference, case.compiled
    record_at = record_steps(STEPS, 77)
    expected = reference.advance(reference.init(), STEPS, record_at)
    actual = compiled.advance(compiled.init(), STEPS, record_at)
    assert expected[0] == actual[0]
    assert same(expected[1], actual[1])
    assert {type(entry) for entry in [actual[0].x, *actual[0].memory]} == {case.dtype}


@some_case
@pytest.mark.parametrize("name", ["reference", "compiled"])
def test_1000_steps_are_400_and_600(case: Case, name: str) -> None:
    engine = getattr(case, name)
    record_at = record_steps(1000, 50)
    whole = engine.advance(engine.init(), 1000, record_at)
    middle, first = engine.advance(engine.init(), 400, record_at[record_at <= 400])
    middle = engine.load(engine.dump(middle))
    end, second = engine.advance(middle, 600, record_at[record_at > 400])
    assert end == whole[0]
    assert same(Records.join([first, second]), whole[1])


def test_the_published_defaults_have_the_same_bits_past_settling() -> None:
    """beta2 = .999 settles at step 37,413."""
    steps = 38_000
    assert all(case.rule.settled < steps for case in (Case("yogi"), Case("adashift")))
    for case in (Case("yogi"), Case("adashift", dtype=np.float32)):
        reference, compiled = case.reference, case.compiled
        record_at = record_steps(steps, steps)
        expected, _ = reference.advance(reference.init(), steps, record_at)
        actual, _ = compiled.advance(compiled.init(), steps, record_at)
        assert expected == actual


def test_powers_have_the_same_bits_compiled() -> None:
    """Padam alone takes a power in the precision of the run: libm's, from numpy as from numba."""
    for power, dtype in ((0.1, np.float32), (1 / 3, np.float32), (0.1, np.float64)):
        case = Case("padam", {"power": power}, lr=1e-3, problem="stochastic", dtype=dtype)
        reference, compiled = case.reference, case.compiled
        record_at = record_steps(2000, 1)
        expected = reference.advance(reference.init(), 2000, record_at)
        actual = compiled.advance(compiled.init(), 2000, record_at)
        assert expected[0] == actual[0]
        assert same(expected[1], actual[1])


RUN = """
from tests.rules.cases import Case
from amsgrad.schedules import record_steps
engine = Case("adashift", {"window": 4}).compiled
state, _ = engine.advance(engine.init(), 500, record_steps(500, 500))
print(state.x.hex(), sum(engine._kernel.stats.cache_hits.values()))
"""


def run(code: str) -> list[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.skipif("os.environ.get('NUMBA_DISABLE_JIT') == '1'", reason="nothing is compiled")
def test_a_window_made_on_demand_is_found_in_numbas_cache_by_another_process() -> None:
    first, second = run(RUN), run(RUN)
    engine = Case("adashift", {"window": 4}).reference
    state, _ = engine.advance(engine.init(), 500, record_steps(500, 500))
    assert first[0] == second[0] == float(state.x).hex()
    assert second[1] == "1"


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
