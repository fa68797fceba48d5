"""The place of a table, and the registers of a thread, by how many threads fit."""

from typing import Any

import numpy as np
import pytest

from amsgrad.cuda.kernel import kernel_of
from amsgrad.cuda.occupancy import block_of, registers_of, resident
from amsgrad.engines.base import Setup
from amsgrad.problems.online import Online
from amsgrad.rules import RULES


@pytest.mark.parametrize(
    ("period", "dtype", "runs", "place", "threads", "registers"),
    [
        (10, np.float32, 1, "shared", 128, 80),
        (101, np.float32, 1, "shared", 64, 128),
        (101, np.float64, 1, "shared", 32, 248),
        (384, np.float32, 1, "global", 128, 80),
        (384, np.float32, 10**6, "shared", 32, 248),  # too many for the device's memory
        (385, np.float32, 10**6, None, 128, 80),
        (5000, np.float32, 1, None, 128, 80),
    ],
)
def test_a_table_lies_where_more_threads_fit(
    period: int, dtype: Any, runs: int, place: str | None, threads: int, registers: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    made: list[int] = []
    monkeypatch.setattr(
        "amsgrad.cuda.kernel._ptx", lambda parts, table, registers: made.append(registers) or ""
    )
    monkeypatch.setattr("amsgrad.cuda.kernel.TABLES", 2**30 // runs)  # as if there were so many
    kernel = kernel_of([Setup(Online(period=period), 0.01, dtype=dtype)], [RULES["sgd"]()])
    assert (kernel.table, kernel.threads, *made) == (place, threads, registers)
    assert kernel.shared == (
        threads * period * np.dtype(dtype).itemsize if place == "shared" else 0
    )


def test_threads_on_an_h100() -> None:
    assert block_of(48 * 1024) == 0
    assert resident(64, 64 * 404) == 512
    assert resident(32, 32 * 808) == 256
    assert registers_of(512) == 128
    assert 65_536 // (128 * registers_of(4096)) == 6  # blocks, of 128 threads
