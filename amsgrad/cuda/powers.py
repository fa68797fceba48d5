"""Powers from the host: those of bias corrections and schedules, with the bits of this CPU.

A device has no power with the bits of this CPU's library. But the powers that coefficients and
schedules take are few: b^k with the step k, or a number near it, and a number b of the run; or
k^rate. They are computed here for the steps of a launch, once per number, and looked up.

Of a run the numbers b are its beta1, beta1_rate and the real numbers of the rule's h.
"""

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


def numbers_of_powers(parts: Parts, setups: Sequence[Setup], rules: Sequence[Rule]) -> Numbers:
    """Return the numbers of which these runs may ask for powers."""
    scheduled = parts.momentum is not constant
    rows: dict[tuple[int, float, float], int] = {}
    ids = []
    for setup, rule in zip(setups, rules, strict=True):
        wanted = [(WHOLE_EXPONENT, float(e), 0.0) for e in rule.h if isinstance(e, float)]
        if scheduled:
            wanted += [
                (SCHEDULED_BETA1, rule.beta1, setup.beta1_rate),
                (WHOLE_EXPONENT, setup.beta1_rate, 0.0),
                (WHOLE_BASE, setup.beta1_rate, 0.0),
            ]
        else:
            wanted.append((WHOLE_EXPONENT, rule.beta1, 0.0))
        if parts.step_size is not constant:
            wanted.append((WHOLE_BASE, setup.schedule_rate, 0.0))
        places = [(sort, rows.setdefault((sort, *rest), len(rows))) for sort, *rest in wanted]
        ids.append([~row if sort == WHOLE_BASE else row for sort, row in places])
    sorts, numbers, rates = zip(*rows, strict=True)
    return Numbers(
        np.array(ids, np.int32).T.copy(), np.array(sorts), np.array(numbers), np.array(rates)
    )


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
