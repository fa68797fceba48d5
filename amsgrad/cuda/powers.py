"""Powers from the host: those of bias corrections and schedules, with the bits of this CPU.

A device has no power with the bits of this CPU's library. But the powers that coefficients and
schedules take are few. With the step k, or a whole number near it, they are

    b^k          b one of the real numbers of the rule's h, beta1_k, or beta1_rate
    k^r          r the rate of a schedule
    c^(k s)      c a number in the code of the coefficients, s one of h, or 1

They are computed here for the steps of a launch, once per number, and looked up. A number that only
bias corrections ask for is dropped once the last run that has it is settled.
"""

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple, no_type_check

import numpy as np
from numpy.typing import NDArray

from amsgrad.cuda.takes_power import constants_of, takes_power
from amsgrad.engines.base import Setup
from amsgrad.engines.jit import compile_loop, make_callable
from amsgrad.rules.rule import NEVER, Rule
from amsgrad.schedules import constant

EXPONENT, SCHEDULED, BASE, SCALED = range(4)  # b^k, beta1_k^k, k^r, c^(k s)
NANOSECONDS_PER_POWER = 40.0  # of one core of a shared machine; measured
LEAST_OF_A_THREAD = 10_000  # powers


class Numbers(NamedTuple):
    """The numbers of all runs of which powers are taken, each once, those asked for longest first.

    Args:
        ids: (number of a run, run) -> row of the tables.
        sorts: of each row.
        numbers: b, beta1, r or c of each row.
        rates: of the schedule of beta1, or s.
        last: the step from which on nobody asks for the row.
    """

    ids: NDArray[np.int32]
    sorts: NDArray[np.int64]
    numbers: NDArray[np.float64]
    rates: NDArray[np.float64]
    last: NDArray[np.int64]

    def asked(self, done: int) -> int:
        """Return how many rows, the first ones, are asked for after so many steps."""
        return int(np.searchsorted(-self.last, -done))

    @property
    def planes(self) -> int:
        """How many numbers the tables have per power: the base beside it where it is beta1_k."""
        return 2 if SCHEDULED in self.sorts else 1

    @property
    def facts(self) -> NDArray[np.float64]:
        """What `look` knows of the rows: scale, number, factor.

        An exponent times the scale is k; the scale is 0 where k is the base. The number is the
        base, or then the exponent; NaN where the base is beta1_k. k times the factor is the
        exponent.
        """
        # not a division: on a device that is a long function, whose registers all runs would pay
        scales = np.where(self.sorts == BASE, 0.0, 1.0)
        scaled = self.sorts == SCALED
        with np.errstate(divide="ignore", over="ignore"):  # by 0: such a power is not found
            scales[scaled] /= self.rates[scaled]
        numbers = np.where(self.sorts == SCHEDULED, np.nan, self.numbers)
        return np.array([scales, numbers, np.where(scaled, self.rates, 1.0)])


def numbers_of_powers(setups: Sequence[Setup], rules: Sequence[Rule]) -> Numbers:
    """Return the numbers of which these runs, of one kind, may ask for powers."""
    step_size, momentum = setups[0].schedule, setups[0].beta1_schedule
    settled = np.array([rule.settled for rule in rules])
    ever = np.full(len(rules), NEVER)
    beta1 = np.array([rule.beta1 for rule in rules])
    beta1_rate = np.array([setup.beta1_rate for setup in setups])
    columns = zip(*(rule.h for rule in rules), strict=True)
    own = [np.array(column) for column in columns if isinstance(column[0], float)]
    wanted = [(EXPONENT, column + 0j, settled) for column in own]
    if momentum is constant:
        wanted.append((EXPONENT, beta1 + 0j, settled))
    else:
        wanted.append((SCHEDULED, beta1 + 1j * beta1_rate, settled))
    if takes_power(momentum):
        wanted += [(sort, beta1_rate + 0j, ever) for sort in (EXPONENT, BASE)]
    if takes_power(step_size):
        rate = np.array([setup.schedule_rate + 0j for setup in setups])
        wanted.append((BASE, rate, ever))
    for c in sorted(constants_of(rules[0].coefficients)):
        wanted += [(SCALED, c + 1j * scale, settled) for scale in (*own, np.ones(len(rules)))]
    ids, pairs, lasts = [], [], []
    sorts: list[int] = []
    for sort, column, until in wanted:  # each pair of a number and a rate as a complex number
        found, places = np.unique(column, return_inverse=True)
        ids.append(len(sorts) + places)
        sorts += [sort] * found.size
        pairs.append(found)
        last = np.zeros(found.size, np.int64)
        np.maximum.at(last, places, until)
        lasts.append(last)
    each, last = np.concatenate(pairs), np.concatenate(lasts)
    order = np.argsort(-last, kind="stable")
    rows = np.empty(order.size, np.int32)
    rows[order] = np.arange(order.size)
    each = each[order]
    return Numbers(
        rows[np.array(ids)], np.array(sorts)[order], each.real.copy(), each.imag.copy(), last[order]
    )


def powers_from_host(setups: Sequence[Setup], rules: Sequence[Rule], steps: int) -> int:
    """Return about how many powers the host computes for so many steps of these runs, of one kind.

    Distinct numbers x the steps at which some run asks for them. A power takes one core about
    `NANOSECONDS_PER_POWER`, and all cores share in the work.
    """
    setup, rule = setups[0], rules[0]
    asking = (rule.coefficients, setup.schedule, setup.beta1_schedule)
    if not any(takes_power(function) for function in asking):
        return 0
    last = numbers_of_powers(setups, rules).last
    return int(np.minimum(last, steps).sum())


def powers_of(
    momentum: Callable[..., Any], wanted: Numbers, asked: int, first: int, width: int
) -> NDArray[np.float64]:
    """Return the tables (plane, column, row) of the first rows; column c is of k = first + c."""
    tables = np.empty((wanted.planes, width, asked))
    compute = _compile(momentum)
    rows = [column[:asked] for column in (wanted.sorts, wanted.numbers, wanted.rates)]

    def part(ends: tuple[int, int]) -> None:
        low, high = ends
        compute(first + low, *rows, tables[:, low:high])

    parts = min(width, max(1, tables.size // LEAST_OF_A_THREAD), os.cpu_count() or 1)
    ends = pairwise(width * i // parts for i in range(parts + 1))
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(part, ends))
    return tables


@cache
def _compile(momentum: Callable[..., Any]) -> Any:
    make_callable(momentum)

    @no_type_check
    def fill(first, sorts, numbers, rates, tables):
        for c in range(tables.shape[1]):
            k = first + c
            for row in range(sorts.size):
                x, y = numbers[row], float(k)
                if sorts[row] == SCHEDULED:
                    x = momentum(k, numbers[row], rates[row])
                elif sorts[row] == BASE:
                    x, y = float(k), numbers[row]
                elif sorts[row] == SCALED:
                    y = k * rates[row]
                # as the rules call it: a float power, which numba does not take apart
                tables[0, c, row] = math.pow(x, y)
                if tables.shape[0] > 1:
                    tables[1, c, row] = x

    return compile_loop(fill)


@no_type_check
def look(x, y, i, first, ids, facts, tables, missing):
    """Return x^y of run i from the tables; where it is not there, NaN, and set `missing`."""
    for j in range(ids.shape[0]):
        row = ids[j, i]
        if row >= tables.shape[2]:  # dropped
            continue
        scale, number = facts[0, row], facts[1, row]
        near = (y * scale if scale > 0 else x) + 0.5
        if first <= near < first + tables.shape[1]:
            c = np.int64(near) - first
            k = np.float64(np.int64(near))
            if scale > 0:
                there = y == k * facts[2, row] and (
                    x == number or (tables.shape[0] > 1 and x == tables[1, c, row])
                )
            else:
                there = x == k and y == number
            if there:
                return tables[0, c, row]
    missing[0] = 1
    return np.nan
