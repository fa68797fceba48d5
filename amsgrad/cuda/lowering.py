"""From plain functions to LLVM IR, by numba, as for this CPU.

So every operation has the meaning that it has on the CPU: a maximum with NaN, the remainder of a
negative number, the wrap of 64 random bits.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, no_type_check

import numba
import numpy as np
from numba import types
from numba.np.numpy_support import carray

from amsgrad.cuda.parts import Parts
from amsgrad.cuda.powers import look
from amsgrad.engines.jit import ERROR_MODEL, make_callable


class Lowered(NamedTuple):
    """A function of plain numbers and addresses, compiled for this CPU, and its LLVM IR.

    Args:
        ir: the text of the module.
        name: of the function in it, after its first two arguments, which are numba's own.
        compiled: numba's cfunc.
    """

    ir: str
    name: str
    compiled: Any


_ADDRESS: Any = types.CPointer
_REALS: Any = {np.float32: types.float32, np.float64: types.float64}


def lower_lane(parts: Parts, lane: Callable[..., Any]) -> Lowered:
    """Return the loop of one run.

    Its arguments are the number of the run, those named in `kernel.py`, and of a loop with a table
    its address, the distance of its phases and the place of the first.

    Args:
        parts: of the runs.
        lane: from `lane.py` or `table_lane.py`.
    """
    real: Any = _REALS[parts.real]
    reals_rows, doubles_rows, words_rows = parts.layout[3:]
    loop = numba.njit(error_model=ERROR_MODEL)(lane)
    to_real, to_double, to_whole = map(_ADDRESS, (real, types.float64, types.int64))
    arguments = [
        *(types.uint64, types.uint64),
        *[types.int64] * 5,
        *[real] * 3,
        *(to_real, to_double, to_whole, to_whole, types.uint64, to_double),
    ]

    @no_type_check
    def entry(
        i, n, done, end, first_t, period, settled, lower, upper, x_star,
        reals, doubles, words, step, rows, records,
    ):  # fmt: skip
        loop(
            i, done, end, first_t, period, settled, lower, upper, x_star,
            carray(reals, (reals_rows, n)), carray(doubles, (doubles_rows, n)),
            carray(words, (words_rows, n)), carray(step, (rows,)), carray(records, (4, rows, n)),
        )  # fmt: skip

    @no_type_check
    def table_entry(
        i, n, done, end, first_t, period, settled, lower, upper, x_star,
        reals, doubles, words, step, rows, records, table, width, slot,
    ):  # fmt: skip
        loop(
            i, done, end, first_t, period, settled, lower, upper, x_star,
            carray(reals, (reals_rows, n)), carray(doubles, (doubles_rows, n)),
            carray(words, (words_rows, n)), carray(step, (rows,)), carray(records, (4, rows, n)),
            carray(table, (period * width,)), np.uint32(width), np.uint32(slot),
        )  # fmt: skip

    if parts.tabled:
        return _lower(table_entry, types.void(*arguments, to_real, types.uint64, types.uint64))
    return _lower(entry, types.void(*arguments))


def lower_look() -> Lowered:
    """Return the look at the powers from the host (`powers.py`)."""
    make_callable(look)
    to_double, to_whole = map(_ADDRESS, (types.float64, types.int64))

    @no_type_check
    def entry(
        x, y, i, n, rows, first, planes, width, asked, total, ids, facts, tables, missing
    ):  # fmt: skip
        return look(
            x, y, i, first, carray(ids, (rows, n)), carray(facts, (3, total)),
            carray(tables, (planes, width, asked)), carray(missing, (1,)),
        )  # fmt: skip

    numbers = [*[types.float64] * 2, *[types.int64] * 8]
    addresses = [_ADDRESS(types.int32), to_double, to_double, to_whole]
    return _lower(entry, types.float64(*numbers, *addresses))


def _lower(entry: Callable[..., Any], signature: Any) -> Lowered:
    compiled = numba.cfunc(signature, error_model=ERROR_MODEL)(entry)
    return Lowered(compiled.inspect_llvm(), compiled.native_name.removeprefix("cfunc."), compiled)
