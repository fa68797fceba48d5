"""Powers from the host: those of bias corrections and schedules, with the bits of this CPU.

A device has no power with the bits of this CPU's library. But the powers that coefficients and
schedules take are few: b^k with the step k, or a number near it, and a number b of the run; or
k^rate. They are computed here for the steps of a launch, once per number, and looked up.

Of a run the numbers b are its beta1, beta1_rate and the real numbers of the rule's h.
"""

import dis
import inspect
import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, no_type_check

import numpy as np
from numpy.typing import NDArray

from amsgrad.cuda.parts import Parts
from amsgrad.engines.base import Setup
from amsgrad.engines.jit import compile_loop, make_callable
from amsgrad.rules.rule import Rule
from amsgrad.schedules import constant

WHOLE_EXPONENT, SCHEDULED_BETA1, WHOLE_BASE = range(3)


class Numbers(NamedTuple):
    """The numbers of all runs of which powers are taken, each once.

    Args:
        ids: (number of a run, run) -> row of the tables; with a whole base its complement ~row.
        sorts: of each row: b^k, beta1_k^k with the schedule's beta1_k, or k^b.
        numbers: b of each row, or beta1.
        rates: of that schedule.
    """

    ids: NDArray[np.int32]
    sorts: NDArray[np.int64]
    numbers: NDArray[np.float64]
    rates: NDArray[np.float64]


def takes_power(function: Callable[..., Any]) -> bool:
    """Return whether a function, or one that it calls, has a power in its code."""
    if any("**" in i.argrepr or "pow" in str(i.argval) for i in dis.get_instructions(function)):
        return True
    outside = inspect.getclosurevars(function)
    inside = [*outside.globals.values(), *outside.nonlocals.values()]
    return any(map(takes_power, filter(inspect.isfunction, inside)))


def numbers_of_powers(parts: Parts, setups: Sequence[Setup], rules: Sequence[Rule]) -> Numbers:
    """Return the numbers of which these runs may ask for powers."""
    beta1 = np.array([rule.beta1 for rule in rules])
    beta1_rate = np.array([setup.beta1_rate for setup in setups])
    columns = zip(*(rule.h for rule in rules), strict=True)
    wanted = [(WHOLE_EXPONENT, np.array(c) + 0j) for c in columns if isinstance(c[0], float)]
    if parts.momentum is constant:
        wanted.append((WHOLE_EXPONENT, beta1 + 0j))
    else:
        wanted.append((SCHEDULED_BETA1, beta1 + 1j * beta1_rate))
    if takes_power(parts.momentum):
        wanted += [(WHOLE_EXPONENT, beta1_rate + 0j), (WHOLE_BASE, beta1_rate + 0j)]
    if takes_power(parts.step_size):
        wanted.append((WHOLE_BASE, np.array([setup.schedule_rate + 0j for setup in setups])))
    ids, pairs = [], []
    sorts: list[int] = []
    for sort, column in wanted:  # each pair of a number and a rate as a complex number
        found, places = np.unique(column, return_inverse=True)
        rows = len(sorts) + places
        ids.append(~rows if sort == WHOLE_BASE else rows)
        sorts += [sort] * found.size
        pairs.append(found)
    each = np.concatenate(pairs)
    return Numbers(np.array(ids, np.int32), np.array(sorts), each.real.copy(), each.imag.copy())


def powers_of(
    parts: Parts, wanted: Numbers, first: int, width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two tables (column, row): the number that is raised, or the exponent; and the power.

    Column c belongs to the whole number first + c.
    """
    keys, values = (np.empty((width, wanted.sorts.size)) for _ in range(2))
    _compile(parts.momentum)(first, *wanted[1:], keys, values)
    return keys, values


@cache
def _compile(momentum: Callable[..., Any]) -> Any:
    make_callable(momentum)

    @no_type_check
    def fill(first, sorts, numbers, rates, keys, values):
        for c in range(keys.shape[0]):
            whole = first + c
            for row in range(sorts.size):
                number = numbers[row]
                if sorts[row] == SCHEDULED_BETA1:
                    number = momentum(whole, number, rates[row])
                keys[c, row] = number
                # as the rules call it: a float power, which numba does not take apart
                if sorts[row] == WHOLE_BASE:
                    values[c, row] = math.pow(float(whole), number)
                else:
                    values[c, row] = math.pow(number, float(whole))

    return compile_loop(fill)


@no_type_check
def look(x, y, i, first, ids, keys, values, missing):
    """Return x^y of run i from the tables; where it is not there, NaN, and set `missing`."""
    for j in range(ids.shape[0]):
        row = ids[j, i]
        whole, key = (y, x) if row >= 0 else (x, y)
        row = row if row >= 0 else ~row
        if first <= whole < first + keys.shape[0]:
            c = np.int64(whole) - first
            if keys[c, row] == key and np.float64(first + c) == whole:
                return values[c, row]
    missing[0] = 1
    return np.nan
