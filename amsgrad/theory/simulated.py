"""What a rule takes from x in each of many stretches of periods, by its own compiled update.

alpha = 1, beta1 is constant, the coefficients are those of the running step k, and t = k. There is
no x: on linear losses the memory does not depend on it. Sums are of a period first, then of them.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, no_type_check

import numpy as np
from numpy.typing import NDArray

from amsgrad.problems.sequence import ORDERS, Shown
from amsgrad.rules.rule import Rule

COLUMNS = 5


class Walk(NamedTuple):
    """The steps taken so far, the memory after them, and what the last stretches took.

    The sums are those of d, |d|, sqrt(k) d, sqrt(k) |d| and the slopes, as the mean of the periods
    of a stretch, a row per stretch.
    """

    done: int
    memory: Any
    sums: NDArray[np.float64]


def begin(rule: Rule) -> Walk:
    """Return the walk before the first step."""
    start = rule.start or (0.0 for _ in rule.memory._fields)
    return Walk(0, rule.memory(*map(np.float64, start)), np.empty((0, COLUMNS)))


def go_on(walk: Walk, rule: Rule, shown: Shown, order: str, stretches: int, periods: int) -> Walk:
    """Return the walk after so many stretches of so many periods each.

    Args:
        walk: where to go on, at the end of a period.
        rule: of whom.
        shown: the slopes of a period, and random bits.
        order: of the slopes.
        stretches, periods: >= 1.
    """
    kernel = _compile(rule.coefficients, rule.update, ORDERS[order])
    memory, sums = np.empty(len(walk.memory)), np.empty((stretches, COLUMNS))
    with np.errstate(all="ignore"):  # for NUMBA_DISABLE_JIT
        kernel(
            walk.memory, walk.done, memory, sums, periods, rule.beta1, rule.h, rule.settled, shown
        )
    done = walk.done + stretches * periods * shown.slopes.size
    return Walk(done, rule.memory(*map(np.float64, memory)), sums / periods)


@cache
def _compile(
    coefficients: Callable[..., Any], update: Callable[..., Any], select: Callable[..., Any]
) -> Any:
    # numba takes a second to import
    from amsgrad.engines.jit import compile_loop, make_callable

    make_callable(coefficients, update, select)
    real = np.float64

    @no_type_check
    def walk(memory, done, memory_out, sums, periods, beta1, h, settled, shown):
        period = shown.slopes.size
        c = coefficients(done + 1, 1.0, beta1, h, real)
        for stretch in range(sums.shape[0]):
            sums[stretch] = 0.0
            for _ in range(periods):
                total, size, raised, raised_size, shown_sum = 0.0, 0.0, 0.0, 0.0, 0.0
                for i in range(period):
                    k = done + 1
                    if k <= settled:
                        c = coefficients(k, 1.0, beta1, h, real)
                    g = select(k, i + 1 if i + 1 < period else 0, shown)
                    memory, d = update(memory, g, c)
                    root = np.sqrt(k)
                    total += d
                    size += abs(d)
                    raised += root * d
                    raised_size += root * abs(d)
                    shown_sum += g
                    done = k
                sums[stretch, 0] += total
                sums[stretch, 1] += size
                sums[stretch, 2] += raised
                sums[stretch, 3] += raised_size
                sums[stretch, 4] += shown_sum
        for i in range(len(memory)):
            memory_out[i] = memory[i]

    return compile_loop(walk)
