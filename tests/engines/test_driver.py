"""The driver: it stops when asked, cuts a run without changing a bit, and counts from its start."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amsgrad.engines.agreement import first_difference
from amsgrad.engines.base import Engine, Records
from amsgrad.engines.batch import Batch
from amsgrad.engines.driver import drive, never, run_to
from amsgrad.problems.online import Online
from amsgrad.schedules import record_steps
from tests.engines.cases import Case
from tests.marks import without_kernels
from tests.same import same

STEPS = 1000
AT = record_steps(STEPS, 37)
CASE = Case(dtype=np.float32)


@pytest.fixture(params=["reference", "compiled"])
def engine(request: pytest.FixtureRequest) -> Any:
    return CASE.engine(request.param)


def sizes_of(pieces: list[int]) -> Any:
    sizes: Iterator[int] = iter(pieces)
    return lambda: next(sizes)


@settings(deadline=None, max_examples=30)
@given(pieces=st.lists(st.integers(1, 300), min_size=1, max_size=12))
def test_pieces_have_the_bits_of_one_go(pieces: list[int]) -> None:
    engine = CASE.engine("compiled")
    whole, records = run_to(engine, STEPS, AT)
    found = list(drive(engine, engine.init(), STEPS, AT, piece=sizes_of([*pieces, STEPS])))
    ends = np.minimum(np.cumsum([*pieces, STEPS]), STEPS)
    assert [state.steps for state, _ in found] == list(dict.fromkeys(ends.tolist()))
    assert first_difference(found[-1][0], whole) is None
    assert same(Records.join([part for _, part in found]), records)


@without_kernels
def test_a_torch_optimizer_goes_by_it_too() -> None:
    engine = CASE.engine("torch")
    whole, records = run_to(engine, 200, AT[:5])
    *_, (last, _) = found = list(drive(engine, engine.init(), 200, AT[:5], piece=lambda: 60))
    assert (last.steps, last.x, last.regret) == (200, whole.x, whole.regret)
    assert same(Records.join([part for _, part in found]), records)


def test_x_after_n_steps_is_after_the_last_update_and_a_record_before_it(engine: Any) -> None:
    _, every = run_to(engine, 300, record_steps(300, 1))
    for n in (1, 100, 299):
        state, records = run_to(engine, n, np.array([n]))
        assert state.steps == n
        assert records.x[-1] == every.x[n - 1]  # x_n, before the update of step n
        assert state.x == every.x[n]  # x_{n+1}, after it
        assert state.x != records.x[-1]


def test_steps_are_counted_from_the_beginning_of_the_run(engine: Any) -> None:
    whole, records = run_to(engine, STEPS, AT)
    middle, first = run_to(engine, 400, AT[AT <= 400])
    end, second = run_to(engine, STEPS, AT, middle)  # the records up to 400 are left out
    assert first_difference(end, whole) is None
    assert second.step.tolist() == AT[AT > 400].tolist()
    assert same(Records.join([first, second]), records)


def test_a_run_that_is_over_stays_as_it_is(engine: Any) -> None:
    end, _ = run_to(engine, 100)
    for steps in (0, 50, 100):
        again, records = run_to(engine, steps, AT, end)
        assert again is end
        assert records.step.size == 0
    assert list(drive(engine, end, 100)) == []


def test_it_stops_between_two_pieces_and_goes_on_from_there(engine: Any) -> None:
    asked = []

    def stop() -> bool:
        asked.append(True)
        return len(asked) > 3

    found = list(drive(engine, engine.init(), STEPS, AT, piece=lambda: 100, stop=stop))
    assert [state.steps for state, _ in found] == [100, 200, 300]
    end, rest = run_to(engine, STEPS, AT, found[-1][0])
    whole, records = run_to(engine, STEPS, AT)
    assert first_difference(end, whole) is None
    assert same(Records.join([*(part for _, part in found), rest]), records)


def test_it_takes_no_step_where_it_is_stopped_before_the_first(engine: Any) -> None:
    assert list(drive(engine, engine.init(), STEPS, AT, stop=lambda: True)) == []
    assert never() is False


def test_a_piece_has_a_step_at_least(engine: Any) -> None:
    found = list(drive(engine, engine.init(), 3, piece=sizes_of([0, -5, 10])))
    assert [state.steps for state, _ in found] == [1, 2, 3]


@pytest.mark.parametrize("name", ["reference", "compiled"])
def test_a_run_that_is_not_finite_any_more_ends(name: str) -> None:
    engine = replace(CASE, problem=Online(big=1e30)).engine(name)  # g^2 overflows
    found = list(drive(engine, engine.init(), STEPS, record_steps(STEPS, 10), piece=lambda: 4))
    assert [state.steps for state, _ in found] == [4, 8, 10]
    assert not found[-1][0].finite
    assert found[-1][1].step.tolist() == [10]


@pytest.mark.slow
def test_a_batch_goes_on_while_one_of_its_runs_is_finite() -> None:
    infinite, finite = Online(big=1e30), Online()
    at = record_steps(60, 10)

    case = Case(semantics="optax", first_t=1, dtype=np.float32)

    def ends(problems: list[Any]) -> list[int]:
        setups = [replace(case.setup, problem=problem) for problem in problems]
        engine: Engine[Any] = Batch(setups, [case.rule] * len(problems))
        pieces = drive(engine, engine.init(), 60, at, piece=lambda: 20)
        return [state.steps for state, _ in pieces]

    assert ends([infinite, finite]) == [20, 40, 60]
    assert ends([infinite, infinite]) == [20]


def test_records_that_are_no_steps_of_the_piece_are_refused(engine: Any) -> None:
    for record_at in ([0, 5], [5, 5], [7, 6], [11]):
        with pytest.raises(ValueError, match="must increase and lie in 1 to 10"):
            engine.advance(engine.init(), 10, np.array(record_at))
