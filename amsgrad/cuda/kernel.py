"""The kernel of one kind of runs.

Its arguments: the number of runs; the steps taken before and after; first t, period, largest
settling step; lower, upper and x* in the precision of the run; the addresses of reals, doubles and
words (`columns.py`); those of the steps to record, their number, and the address of the records; of
a loop with a table in the device's memory, its address.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from amsgrad.cuda.kept import kept
from amsgrad.cuda.kernel_ir import LOOK
from amsgrad.cuda.lane import make_lane
from amsgrad.cuda.lowering import lower_lane, lower_look, takes_power_of_data
from amsgrad.cuda.occupancy import WARP, block_of, registers_of, resident
from amsgrad.cuda.parts import Parts, parts_of
from amsgrad.cuda.ptx import TARGET, NotOnDevice, to_ptx
from amsgrad.cuda.table_lane import make_table_lane
from amsgrad.engines.base import Setup
from amsgrad.rules.rule import Rule

THREADS = 128  # per block
# Warps on a multiprocessor, two for each of its schedulers: with fewer shared tables, which are too
# large then, steps wait for each other, and tables in the device's memory are the better place.
LEAST_WARPS = 8
TABLES = 2**30  # bytes of the device's memory, at most
LONGEST_TABLE = 4096  # steps: as in `Batch`


class Kernel(NamedTuple):
    """A kernel and how to launch it.

    Args:
        table: "shared" or "global", the place of its table; None for a loop without one.
        threads: per block.
        shared: bytes of shared memory per block.
    """

    parts: Parts
    ptx: str
    table: str | None
    threads: int
    shared: int


def kernel_of(setups: Sequence[Setup], rules: Sequence[Rule]) -> Kernel:
    """Return the kernel for runs of one kind.

    Raises:
        NotOnDevice: the rule or the problem calls what no device has with this CPU's bits.
        Unplaced: their numbers are not all numbers (`columns.py`).
        Uncompiled: numba does not take one of their functions.
    """
    parts = parts_of(setups, rules)
    period = setups[0].problem.period
    own = period * np.dtype(parts.real).itemsize
    table, threads, shared = None, THREADS, 0
    if parts.tabled:
        block = block_of(own)
        warps = resident(block, block * own) // WARP
        if warps < LEAST_WARPS and period <= LONGEST_TABLE and len(setups) * own <= TABLES:
            table = "global"
        elif block:
            table, threads, shared = "shared", block, block * own
        else:
            parts = parts._replace(tabled=False)
    registers = registers_of(resident(threads, shared))
    return Kernel(parts, _ptx(parts, table, registers), table, threads, shared)


@cache
def _ptx(parts: Parts, table: str | None, registers: int) -> str:
    lane = (make_table_lane if parts.tabled else make_lane)(parts)
    facts = hashlib.sha256(repr((parts.layout, table, registers, TARGET)).encode()).hexdigest()[:16]
    return kept(
        make_lane,
        f"cuda.{lane.__name__}_{facts}",
        lambda: _make(parts, lane, table, registers),
    )


def _make(parts: Parts, lane: Any, table: str | None, registers: int) -> str:
    text = to_ptx(lower_lane(parts, lane), lower_look(), table, registers)
    if LOOK in text and takes_power_of_data(parts):
        raise NotOnDevice("pow")
    return text
