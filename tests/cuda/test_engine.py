"""The whole path on the host, with a library that is no driver."""

import gc
from dataclasses import replace

import numpy as np
import pytest

from amsgrad.cuda import engine as module
from amsgrad.cuda.driver import Driver
from amsgrad.cuda.engine import Cuda
from amsgrad.engines.base import NOTHING
from amsgrad.engines.driver import run_to
from amsgrad.engines.reference import Reference
from amsgrad.problems.online import Online
from amsgrad.problems.stochastic import Stochastic
from amsgrad.verification import Disagreement, verify_to_the_bit
from tests.cuda.cases import DRAWS, TABLE, assert_runs, engine, recorded
from tests.cuda.stand_in import StandIn
from tests.same import same


def test_a_launch_is_bounded_and_the_next_one_is_as_long_as_its_time_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FIRST_STEPS", 10)
    monkeypatch.setattr(module, "SECONDS", 1000.0)
    library = StandIn()
    runs = engine(TABLE, library)
    assert runs.piece(3) == 50
    run_to(runs, 10 + 80 + 640)
    assert len(library.launches) == 3
    assert runs.piece(3) == 5 * 5120
    monkeypatch.setattr(module, "SECONDS", 0.0)
    run_to(runs, 1)
    assert runs.piece(3) == 5


def test_records_are_bounded_a_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 1000.0)
    monkeypatch.setattr(module, "RECORD_BYTES", 32 * 3 * 4)
    library = StandIn()
    every = np.arange(1, 11)
    state, records = run_to(engine(TABLE, library), 10, every)
    assert len(library.launches) == 3
    assert_runs(state, records, *TABLE.runs())


def test_a_launch_with_powers_is_bounded_by_their_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 1000.0)
    monkeypatch.setattr("amsgrad.cuda.power_tables.LEAST_STEPS", 7)
    monkeypatch.setattr("amsgrad.cuda.power_tables.BYTES", 1)
    library = StandIn()
    state, records = run_to(engine(DRAWS, library), 20, np.array([3, 20]))
    assert len(library.launches) == 3
    assert_runs(state, records, *DRAWS.runs())


def test_ctrl_c_ends_between_two_launches_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FIRST_STEPS", 10)
    monkeypatch.setattr(module, "SECONDS", 0.0)
    library = StandIn()
    runs = engine(TABLE, library)
    start, _ = run_to(runs, 10)
    after = len(library.buffers)

    def interrupted() -> int:
        if len(library.launches) == 4:
            raise KeyboardInterrupt
        return 0

    monkeypatch.setattr(library, "cuCtxSynchronize", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_to(runs, 100, recorded(TABLE)[:1], start)
    assert len(library.buffers) == after
    monkeypatch.undo()
    assert_runs(*run_to(runs, 100, NOTHING, start), *TABLE.runs())


def test_the_device_is_left_without_buffers() -> None:
    library = StandIn()
    runs = engine(DRAWS, library)
    run_to(runs, 5)
    assert library.buffers
    del runs
    gc.collect()
    assert not library.buffers


def test_a_state_is_a_value_and_pieces_do_not_matter() -> None:
    runs = engine(TABLE, StandIn())
    start = runs.init()
    middle, _ = run_to(runs, 130)
    kept = [np.copy(entry) for entry in (middle.x, *middle.memory, *middle.regret)]
    first, _ = run_to(runs, 140, NOTHING, middle)
    again, _ = run_to(runs, 140, NOTHING, middle)
    assert same(kept, [middle.x, *middle.memory, *middle.regret])
    assert same([first.x, *first.memory], [again.x, *again.memory])
    assert start.steps == 0
    assert start.x.tolist() == [-0.5, 0.25, 1.0]
    assert start.finite.all()


def test_a_kernel_is_loaded_once() -> None:
    library = StandIn()
    driver = Driver(library=library)
    setups, rules = TABLE.runs()
    for _ in range(2):
        run_to(Cuda(setups, rules, driver=driver), 3)
    assert len(library.texts) == 1


def test_more_runs_than_a_block_has_threads() -> None:
    setups, rules = TABLE.runs()
    library = StandIn()
    runs = Cuda(setups * 22, rules * 22, driver=Driver(library=library))
    state, records = run_to(runs, 3, np.array([2]))
    assert library.launches == [(2, 64, 64 * 404)]
    assert_runs(state, records, setups * 22, rules * 22)


def test_unlike_runs_are_refused() -> None:
    setups, rules = TABLE.runs()
    for other in (Stochastic(), Online(period=50)):
        with pytest.raises(ValueError, match="one class, period, feasible set and comparator"):
            Cuda([setups[0], replace(setups[0], problem=other)], rules[:2])


def test_steps_to_record_are_checked() -> None:
    runs = engine(TABLE, StandIn())
    with pytest.raises(ValueError, match="the recorded steps must increase"):
        runs.advance(runs.init(), 5, np.array([6]))


def test_another_arithmetic_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of a sweep, on a device that adds where it should subtract."""
    setups, rules = TABLE.runs()
    definition = Reference(setups[1], rules[1])
    verify_to_the_bit(engine(TABLE, StandIn()), definition, 60, run=1)

    load = Driver.load
    monkeypatch.setattr(Driver, "load", lambda self, ptx: load(self, _faulty(ptx)))
    with pytest.raises(Disagreement, match="as in the reference engine"):
        verify_to_the_bit(engine(TABLE, StandIn()), definition, 60, run=1)


def _faulty(ptx: str) -> str:
    changed = ptx.replace("sub.rn.f32", "add.rn.f32")
    assert changed != ptx
    return changed
