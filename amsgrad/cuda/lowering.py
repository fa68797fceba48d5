"""From plain functions to LLVM IR, by numba, as for this CPU.

So every operation has the meaning that it has on the CPU: a maximum with NaN, the remainder of a
negative number, the wrap of 64 random bits.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, no_type_check

import numba
import numpy as np
from numba import types
from numba.core.errors import NumbaError
from numba.np.numpy_support import carray

from amsgrad.cuda.columns import Place
from amsgrad.cuda.parts import Parts
from amsgrad.cuda.powers import look
from amsgrad.engines.jit import ERROR_MODEL, make_callable


class Uncompiled(ValueError):
    """Numba does not compile a function."""


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


POWER = "llvm.pow.f64"  # how numba calls a power in double precision
_TYPE_OF: Any = numba.typeof
_ADDRESS: Any = types.CPointer
_REALS: Any = {np.float32: types.float32, np.float64: types.float64}


def lower_lane(parts: Parts, lane: Callable[..., Any]) -> Lowered:
    """Return the loop of one run.

    Its arguments are the number of the run, those named in `kernel.py`, and of a loop with a table
    its address, the distance of its phases and the place of the first.

    Args:
        parts: of the runs.
        lane: from `lane.py` or `table_lane.py`.

    Raises:
        Uncompiled: numba does not take one of their functions.
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


def takes_power_of_data(parts: Parts) -> bool:
    """Return whether a function that is given x or gradients takes a power, by its LLVM IR."""
    coefficients, update, select, loss, gradient, *_ = parts.functions
    make_callable(*parts.functions)

    def like(cls: Any, places: Sequence[Place]) -> Any:
        """Return the type of the NamedTuple as `columns.reader` reads it."""
        entries = []
        for place in places:
            dtype = np.dtype(parts.real if place.dtype == "real" else place.dtype)
            # every other number: a run's numbers do not lie side by side
            row = np.zeros(2 * max(place.length, 1), dtype)[::2]
            entries.append(row if place.length else row[0])
        return _TYPE_OF(cls(*entries))

    @no_type_check
    def of_data(t, phase, x, memory, c, p):
        f = select(t, phase, p)
        return loss(f, x, p), update(memory, gradient(f, x, p), c)

    layout, real = parts.layout, _REALS[parts.real]
    given = like(parts.hyper, layout.hyper), _TYPE_OF(parts.real)
    try:
        of_steps = numba.njit(error_model=ERROR_MODEL)(coefficients)
        of_steps.compile((types.int64, types.float64, types.float64, *given))
        (c,) = (signature.return_type for signature in of_steps.nopython_signatures)
        memory, p = like(parts.memory, layout.memory), like(parts.parameters, layout.parameters)
        compiled = numba.njit(error_model=ERROR_MODEL)(of_data)
        compiled.compile((types.int64, types.int32, real, memory, c, p))
    except NumbaError as error:
        raise Uncompiled from error
    return any(f"@{POWER}(" in ir for ir in compiled.inspect_llvm().values())


def _lower(entry: Callable[..., Any], signature: Any) -> Lowered:
    try:
        compiled = numba.cfunc(signature, error_model=ERROR_MODEL)(entry)
    except NumbaError as error:
        raise Uncompiled from error
    return Lowered(compiled.inspect_llvm(), compiled.native_name.removeprefix("cfunc."), compiled)
