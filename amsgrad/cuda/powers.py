"""Powers from the host: those of bias corrections and schedules, with the bits of this CPU.

A device has no power with the bits of this CPU's library. But the powers that coefficients and
schedules take are few. With the step k, or a whole number near it, they are

    b^k          b one of the real numbers of the rule's h, beta1_k, or beta1_rate
    k^r          r the rate of a schedule
    c^(k s)      c a number in the code of the coefficients, s one of h, or 1

They are computed here for the steps of a launch, once per number, and looked up.
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

EXPONENT, SCHEDULED, BASE, SCALED = range(4)  # b^k, beta1_k^k, k^r, c^(k s)


class Numbers(NamedTuple):
    """The numbers of all runs of which powers are taken, each once.

    Args:
        ids: (number of a run, run) -> row of the tables.
        sorts: of each row.
        numbers: b, beta1, r or c of each row.
        rates: of the schedule of beta1, or s.
    """

    ids: NDArray[np.int32]
    sorts: NDArray[np.int64]
    numbers: NDArray[np.float64]
    rates: NDArray[np.float64]

    @property
    def scales(self) -> NDArray[np.float64]:
        """What an exponent is multiplied by to find k; 0 where k is the base."""
        # not a division: on a device that is a long function, whose registers all runs would pay
        scales = np.where(self.sorts == BASE, 0.0, 1.0)
        scaled = self.sorts == SCALED
        with np.errstate(divide="ignore", over="ignore"):  # by 0: such a power is not found
            scales[scaled] /= self.rates[scaled]
        return scales


def takes_power(function: Callable[..., Any]) -> bool:
    """Return whether a function, or one that it calls, has a power in its code."""
    if any("**" in i.argrepr or "pow" in str(i.argval) for i in dis.get_instructions(function)):
        return True
    outside = inspect.getclosurevars(function)
    inside = [*outside.globals.values(), *outside.nonlocals.values()]
    return any(map(takes_power, filter(inspect.isfunction, inside)))


def constants_of(function: Callable[..., Any]) -> set[float]:
    """Return the real numbers in the code of a function that takes a power, but for 0 and 1."""
    if not takes_power(function):
        return set()
    outside = inspect.getclosurevars(function)
    inside = [*outside.globals.values(), *outside.nonlocals.values()]
    found = {c for c in (*inside, *function.__code__.co_consts) if isinstance(c, float)}
    for callee in filter(inspect.isfunction, inside):
        found |= constants_of(callee)
    return found - {0.0, 1.0}


def numbers_of_powers(parts: Parts, setups: Sequence[Setup], rules: Sequence[Rule]) -> Numbers:
    """Return the numbers of which these runs may ask for powers."""
    beta1 = np.array([rule.beta1 for rule in rules])
    beta1_rate = np.array([setup.beta1_rate for setup in setups])
    columns = zip(*(rule.h for rule in rules), strict=True)
    own = [np.array(column) for column in columns if isinstance(column[0], float)]
    wanted = [(EXPONENT, column + 0j) for column in own]
    if parts.momentum is constant:
        wanted.append((EXPONENT, beta1 + 0j))
    else:
        wanted.append((SCHEDULED, beta1 + 1j * beta1_rate))
    if takes_power(parts.momentum):
        wanted += [(EXPONENT, beta1_rate + 0j), (BASE, beta1_rate + 0j)]
    if takes_power(parts.step_size):
        wanted.append((BASE, np.array([setup.schedule_rate + 0j for setup in setups])))
    for c in sorted(constants_of(parts.coefficients)):
        wanted += [(SCALED, c + 1j * scale) for scale in (*own, np.ones(len(rules)))]
    ids, pairs = [], []
    sorts: list[int] = []
    for sort, column in wanted:  # each pair of a number and a rate as a complex number
        found, places = np.unique(column, return_inverse=True)
        ids.append(len(sorts) + places)
        sorts += [sort] * found.size
        pairs.append(found)
    each = np.concatenate(pairs)
    return Numbers(np.array(ids, np.int32), np.array(sorts), each.real.copy(), each.imag.copy())


def powers_of(parts: Parts, wanted: Numbers, first: int, width: int) -> NDArray[np.float64]:
    """Return the tables (base, exponent or power; column; row); column c is of k = first + c."""
    tables = np.empty((3, width, wanted.sorts.size))
    _compile(parts.momentum)(first, *wanted[1:], tables)
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
                tables[0, c, row], tables[1, c, row] = x, y
                # as the rules call it: a float power, which numba does not take apart
                tables[2, c, row] = math.pow(x, y)

    return compile_loop(fill)


@no_type_check
def look(x, y, i, first, ids, scales, tables, missing):
    """Return x^y of run i from the tables; where it is not there, NaN, and set `missing`."""
    for j in range(ids.shape[0]):
        row = ids[j, i]
        scale = scales[row]
        near = (y * scale if scale > 0 else x) + 0.5
        if first <= near < first + tables.shape[1]:
            c = np.int64(near) - first
            if tables[0, c, row] == x and tables[1, c, row] == y:
                return tables[2, c, row]
    missing[0] = 1
    return np.nan
