"""The engine for very many runs at once: `Batch` on an NVIDIA GPU, a thread per run."""

import time
import weakref
from collections.abc import Sequence
from ctypes import c_double, c_float, c_int64, c_uint64
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amsgrad.cuda.columns import fill
from amsgrad.cuda.driver import Driver, driver_of
from amsgrad.cuda.kernel_ir import ENTRY
from amsgrad.cuda.power_tables import PowerTables
from amsgrad.cuda.refusal import kernel_for
from amsgrad.engines.base import Engine, Records, Setup, State, check_records
from amsgrad.engines.kind import check_one_kind
from amsgrad.regret import RegretSum
from amsgrad.rules.rule import Rule

SECONDS: Final = 0.1  # of a launch: so soon does a run answer to Ctrl-C
FIRST_STEPS: Final = 1024  # of the first launch; later ones are as long as their time allows
LAUNCHES_A_PIECE: Final = 5  # a piece also copies the state
RECORD_BYTES: Final = 2**28  # of a launch


class Cuda(Engine[State]):
    """Each run has the bits of `Reference`, as in `Batch`, whose interface this is.

    A step costs the less per run, the more runs there are, up to some 100,000. One run alone is
    slower than on a CPU core.

    On x86 an operation that makes a NaN makes a negative one, on a device a positive one; every NaN
    of the state and of the records has the sign that is this machine's own.

    Args:
        setups: one per run.
        rules: one per run, all made by one method.
        device: its number, from 0.
        driver: of the device; None opens that of this machine.

    Raises:
        ValueError: the list is empty, or the runs are not of one kind (`Batch`).
        Refused: no GPU has the bits of this CPU for them (`refusal.py`).
        NoDevice: there is no such device.
    """

    def __init__(
        self,
        setups: Sequence[Setup],
        rules: Sequence[Rule],
        device: int = 0,
        driver: Driver | None = None,
    ) -> None:
        check_one_kind(setups, rules)
        self._driver = driver_of(device) if driver is None else driver
        self._kernel = kernel_for(setups, rules)
        parts = self._kernel.parts
        self._runs = len(setups)
        self._memory = rules[0].memory
        self._start = fill(parts.layout, setups, rules)
        self._module = self._driver.load(self._kernel.ptx)
        shared = self._kernel.table == "shared"
        self._function = self._module.function(ENTRY, shared=shared)
        self._powers = PowerTables(
            parts, setups, rules, self._kernel.ptx, self._driver, self._module
        )
        problem = setups[0].problem
        self._table_bytes = self._runs * problem.period * np.dtype(parts.real).itemsize
        real = {np.float32: c_float, np.float64: c_double}[parts.real]
        self._constants = (
            c_int64(setups[0].first_t),
            c_int64(problem.period),
            c_int64(max(rule.settled for rule in rules)),
            *(real(end) for end in (problem.lower, problem.upper, problem.x_star)),
        )
        self._rooms: dict[str, int] = {}
        self._steps = FIRST_STEPS
        weakref.finalize(self, _drop, self._driver, self._rooms)

    def piece(self, runs: int) -> int:
        return LAUNCHES_A_PIECE * self._steps

    def init(self) -> State:
        return self._state(0, self._start)

    def advance(
        self, state: State, steps: int, record_at: NDArray[np.int64]
    ) -> tuple[State, Records]:
        check_records(record_at, state.steps, steps)
        moving = self._moving(state)
        for name, rows in moving.items():
            if name not in self._rooms:
                whole = self._start[name]
                self._rooms[name] = self._driver.room(whole.nbytes)
                self._driver.send(whole, self._rooms[name])
            self._driver.send(rows, self._rooms[name])  # the first rows of the buffer
        records = np.full((4, record_at.size, self._runs), np.nan)
        done, end = state.steps, state.steps + steps
        while done < end:
            stop, low, high = self._next(done, end, record_at)
            self._launch(done, stop, record_at[low:high], records[:, low:high])
            done = stop
        for name, rows in moving.items():
            self._driver.fetch(self._rooms[name], rows)
            _own_nan(rows)
        return self._state(end, moving), Records(record_at, *records)

    def _moving(self, state: State) -> dict[str, NDArray[Any]]:
        """Return the first rows of each buffer, which a launch changes."""
        return {
            "reals": np.array([state.x, *state.memory]),
            "doubles": np.array([*state.regret, *state.slopes]),
            "words": np.array([state.finite], np.int64),
        }

    def _state(self, steps: int, rows: dict[str, NDArray[Any]]) -> State:
        x, *memory = rows["reals"][: 1 + len(self._memory._fields)].copy()
        sums = rows["doubles"][:6].copy()
        regret, slopes = RegretSum(*sums[:3]), RegretSum(*sums[3:])
        return State(steps, x, self._memory(*memory), regret, slopes, rows["words"][0] != 0)

    def _next(self, done: int, end: int, record_at: NDArray[np.int64]) -> tuple[int, int, int]:
        """Return the last step of the next launch, and the rows of the records before and after."""
        stop = min(end, done + min(self._steps, self._powers.most_steps(done)))
        low, high = np.searchsorted(record_at, (done, stop), side="right").tolist()
        most = max(1, RECORD_BYTES // (32 * self._runs))
        if high - low > most:
            high = low + most
            stop = int(record_at[high - 1])
        return stop, low, high

    def _launch(
        self, done: int, stop: int, step: NDArray[np.int64], records: NDArray[np.float64]
    ) -> None:
        kernel, driver = self._kernel, self._driver
        began = time.monotonic()
        self._powers.send(done, stop)
        if kernel.table == "global" and "table" not in self._rooms:
            self._rooms["table"] = driver.room(self._table_bytes)
        with driver.rooms(step.nbytes, records.nbytes) as (at_step, at_records):
            driver.send(np.ascontiguousarray(step), at_step)
            buffers = [self._rooms[name] for name in ("reals", "doubles", "words")]
            arguments = [
                *(c_uint64(self._runs), c_int64(done), c_int64(stop), *self._constants),
                *map(c_uint64, [*buffers, at_step, step.size, at_records]),
            ]
            if kernel.table == "global":
                arguments.append(c_uint64(self._rooms["table"]))
            blocks = -(-self._runs // kernel.threads)
            driver.launch(self._function, blocks, kernel.threads, arguments, kernel.shared)
            self._powers.check()
            self._fetch(at_records, records)
        took = (time.monotonic() - began) / (stop - done)  # per step
        self._steps = int(min(max(1, SECONDS / took), 8 * self._steps))

    def _fetch(self, at: int, records: NDArray[np.float64]) -> None:
        # a quantity at a time: in `records` the rows of a launch lie together for each of them
        for column in records if self._kernel.parts.hindsight else records[:3]:
            self._driver.fetch(at, column)
            _own_nan(column)
            at += column.nbytes


def _own_nan(array: NDArray[Any]) -> None:
    if array.dtype.kind == "f":
        missing = np.isnan(array)
        if missing.any():
            with np.errstate(invalid="ignore"):
                array[missing] = np.subtract(*np.full((2, 1), np.inf, array.dtype))


def _drop(driver: Driver, rooms: dict[str, int]) -> None:
    driver.drop([*rooms.values()])
