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

from amsgrad.cycles.certificate import LONGEST
from amsgrad.engines.base import Setup, State
from amsgrad.engines.jit import compile_loop, make_callable, named
from amsgrad.rules.rule import Rule

STEPS_PER_CALL = 10_000_000  # Ctrl-C is seen between two calls


class Cycle(NamedTuple):
    """After `start` steps the state is, bit for bit, the one after `start + length` steps."""

    start: int  # the first such number of steps at which a period begins (t mod period = 0)
    length: int  # steps, the least multiple of the period


def find_cycle(setup: Setup, rule: Rule, state: State, limit: int) -> Cycle | None:
    """Return the cycle of a run, or None if there is none within `limit` steps.

    Args:
        setup, rule: a run for which `why_no_cycle` is None.
        state: its state after `first_boundary` steps.
        limit: the cycle must begin before this step; up to three times as many steps are computed.
    """
    problem, real, period = setup.problem, setup.dtype, setup.problem.period
    p = problem.parameters(real)
    c = rule.coefficients(state.steps + 1, setup.lr, rule.beta1, rule.h, real)
    around = c, p, period, real(problem.lower), real(problem.upper)
    memory: Any = rule.memory
    search, lead_in = _compile(rule.update, problem.select, problem.gradient, memory)

    first = np.array([state.x, *state.memory], real)
    here, anchor = first.copy(), first.copy()
    length, room, found = 0, 1, False
    left = 3 * max(limit - state.steps, 0) // period  # Brent may need so many to be sure
    with np.errstate(all="ignore"):  # for NUMBA_DISABLE_JIT; compiled code does not warn
        while left > 0 and not found and np.isfinite(here[0]):
            some = min(left, -(-STEPS_PER_CALL // period))
            length, room, found = search(here, anchor, length, room, some, *around)
            left -= some
        if not found or length * period > LONGEST:
            return None
        before = lead_in(first, length, *around)
    cycle = Cycle(state.steps + before * period, length * period)
    return cycle if cycle.start < limit else None


@cache
def _compile(
    update: Callable[..., Any],
    select: Callable[..., Any],
    gradient: Callable[..., Any],
    memory_type: Any,
) -> tuple[Any, Any]:
    """Compile Brent's search over periods, in parts, and the count of periods before the cycle.

    A state is an array of x and the memory, which the search writes into.
    """
    entries = ", ".join(f"state[{i + 1}]" for i in range(len(memory_type._fields)))
    memory_of = eval(f"lambda state: cls({entries})", {"cls": memory_type})
    make_callable(update, select, gradient, same, named(memory_of, memory_type))

    @no_type_check
    def go_round(state, c, p, period, lower, upper):
        x, memory = state[0], memory_of(state)
        for phase in range(period):
            memory, delta = update(memory, gradient(select(phase, phase, p), x, p), c)
            x = min(max(x - delta, lower), upper)
        state[0] = x
        for i in range(len(memory)):
            state[i + 1] = memory[i]

    make_callable(named(go_round))

    @no_type_check
    def search(here, anchor, length, room, some, c, p, period, lower, upper):
        found = False
        for _ in range(some):
            if length == room:
                anchor[:] = here
                length, room = 0, 2 * room
            go_round(here, c, p, period, lower, upper)
            length += 1
            found = same(here, anchor)
            if found:
                break
        return length, room, found

    @no_type_check
    def lead_in(first, length, c, p, period, lower, upper):
        # two runs, one of them a cycle ahead, meet where the cycle begins
        here, ahead = first.copy(), first.copy()
        for _ in range(length):
            go_round(ahead, c, p, period, lower, upper)
        before = 0
        while not same(here, ahead):
            go_round(here, c, p, period, lower, upper)
            go_round(ahead, c, p, period, lower, upper)
            before += 1
        return before

    return compile_loop(search), compile_loop(lead_in)


def same(state: Any, other: Any) -> bool:
    """Return True if two states agree to the bit; 0 and -0 do not, and NaN agrees with nothing."""
    alike = True
    for i in range(state.size):
        a, b = state[i], other[i]
        alike = alike and a == b and np.signbit(a) == np.signbit(b)
    return bool(alike)
