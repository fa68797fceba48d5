"""The kernel of one kind of runs.

Its arguments: the number of runs; the steps taken before and after; first t, period, largest
settling step; lower, upper and x* in the precision of the run; the addresses of reals, doubles and
words (`columns.py`); those of the steps to record, their number, and the address of the records; of
a loop with a table in the device's memory, its address.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from amsgrad.cuda.kept import kept
from amsgrad.cuda.lane import make_lane
from amsgrad.cuda.lowering import lower_lane, lower_look
from amsgrad.cuda.parts import Parts, parts_of
from amsgrad.cuda.ptx import TARGET, to_ptx
from amsgrad.cuda.table_lane import make_table_lane
from amsgrad.engines.base import Setup
from amsgrad.rules.rule import Rule

THREADS = 128  # per block
WARP = 32  # threads, the fewest per block
SHARED = 48 * 1024  # bytes that a block may share on every device
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
    """
    parts = parts_of(setups, rules)
    period = setups[0].problem.period
    own = period * np.dtype(parts.real).itemsize
    table, threads, shared = None, THREADS, 0
    if parts.tabled:
        while threads > WARP and threads * own > SHARED:
            threads //= 2
        if threads * own <= SHARED:
            table, shared = "shared", threads * own
        elif period <= LONGEST_TABLE and len(setups) * own <= TABLES:
            table, threads = "global", THREADS
        else:
            parts, threads = parts._replace(tabled=False), THREADS
    return Kernel(parts, _ptx(parts, table), table, threads, shared)


@cache
def _ptx(parts: Parts, table: str | None) -> str:
    lane = (make_table_lane if parts.tabled else make_lane)(parts)
    facts = hashlib.sha256(repr((parts.layout, table, TARGET)).encode()).hexdigest()[:16]
    return kept(
        make_lane,
        f"cuda.{lane.__name__}_{facts}",
        lambda: to_ptx(lower_lane(parts, lane), lower_look(), table),
    )
