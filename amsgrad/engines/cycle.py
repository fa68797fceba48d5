"""The exact cycle of a constant-step run: from some step on its whole state repeats bit for bit.

With periodic losses, a constant step size and a bias correction that has saturated, a period is a
fixed map of the floating-point state (x, memory) into itself. The states are finitely many, so the
run must end in a cycle; on the problems here it mostly does so soon. Brent's algorithm finds it
("An improved Monte Carlo factorization algorithm", BIT 20, 1980): no state is stored but one.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, no_type_check

import numpy as np

from amsgrad.certificate import LONGEST
from amsgrad.engines.contract import Setup
from amsgrad.engines.jit import compile_loop, make_callable, named
from amsgrad.engines.state import State
from amsgrad.rules.rule import Rule

STEPS_A_CALL = 10_000_000  # between two looks at the clock, or at Ctrl-C


class Cycle(NamedTuple):
    """After `start` steps the state is, bit for bit, the one after `start + length` steps."""

    start: int  # the first such number of steps at which a period begins (t mod period = 0)
    length: int  # steps, the least multiple of the period


def find_cycle(setup: Setup, rule: Rule, state: State, limit: int) -> Cycle | None:
    """The cycle of the run that stands at its first boundary, or None within `limit` steps.

    Args:
        setup, rule: a run for which `why_no_cycle` is None.
        state: its state after `first_boundary` steps.
        limit: where to give up; three times as many steps are computed in the worst case.
    """
    problem, real, period = setup.problem, setup.dtype, setup.problem.period
    p = problem.parameters(real)
    c = rule.coefficients(state.steps + 1, setup.lr, rule.beta1, rule.h, real)
    around = c, p, period, real(problem.lower), real(problem.upper)
    search, lead_in = _compile(rule.update, problem.select, problem.gradient)

    def back(x: Any, memory: Any) -> tuple[Any, Any]:
        return real(x), rule.memory(*map(real, memory))  # numba gives Python floats

    start = state.x, state.memory
    here, anchor, length, room, found = start, start, 0, 1, False
    left = max(limit - state.steps, 0) // period
    with np.errstate(all="ignore"):  # for NUMBA_DISABLE_JIT; compiled code does not warn
        while left > 0 and not found and np.isfinite(here[0]):
            some = min(left, -(-STEPS_A_CALL // period))
            *ends, length, room, found = search(*here, *anchor, length, room, some, *around)
            here, anchor = back(*ends[:2]), back(*ends[2:])
            left -= some
        if not found or length * period > LONGEST:
            return None
        before = lead_in(*start, length, *around)
    return Cycle(state.steps + before * period, length * period)


@cache
def _compile(
    update: Callable[..., Any], select: Callable[..., Any], gradient: Callable[..., Any]
) -> tuple[Any, Any]:
    """Brent's search over periods, a part of it at a time; and the periods before the cycle."""
    make_callable(update, select, gradient, same)

    @no_type_check
    def one_period(x, memory, c, p, period, lower, upper):
        for phase in range(period):
            memory, delta = update(memory, gradient(select(phase, phase, p), x, p), c)
            x = min(max(x - delta, lower), upper)
        return x, memory

    make_callable(named(one_period))

    @no_type_check
    def search(
        x, memory, anchor_x, anchor_memory, length, room, some, c, p, period, lower, upper
    ):  # fmt: skip
        found = False
        for _ in range(some):
            if length == room:
                anchor_x, anchor_memory = x, memory
                length, room = 0, 2 * room
            x, memory = one_period(x, memory, c, p, period, lower, upper)
            length += 1
            found = same(x, memory, anchor_x, anchor_memory)
            if found:
                break
        return x, memory, anchor_x, anchor_memory, length, room, found

    @no_type_check
    def lead_in(x, memory, length, c, p, period, lower, upper):
        # two runs, one of them a cycle ahead, meet where the cycle begins
        ahead_x, ahead_memory = x, memory
        for _ in range(length):
            ahead_x, ahead_memory = one_period(ahead_x, ahead_memory, c, p, period, lower, upper)
        before = 0
        while not same(x, memory, ahead_x, ahead_memory):
            x, memory = one_period(x, memory, c, p, period, lower, upper)
            ahead_x, ahead_memory = one_period(ahead_x, ahead_memory, c, p, period, lower, upper)
            before += 1
        return before

    return compile_loop(search), compile_loop(lead_in)


def same(x: Any, memory: Any, other_x: Any, other_memory: Any) -> bool:
    """Whether two states agree to the bit; 0 and -0 do not, and NaN agrees with nothing."""
    alike = x == other_x and np.signbit(x) == np.signbit(other_x)
    for i in range(len(memory)):
        a, b = memory[i], other_memory[i]
        alike = alike and a == b and np.signbit(a) == np.signbit(b)
    return bool(alike)
