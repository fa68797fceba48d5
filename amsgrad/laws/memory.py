"""The cycle of a rule's memory, which periodic linear losses drive whatever x does.

On linear losses the gradients do not depend on x, so neither do the state variables. Once the
coefficients have settled they go round in a cycle (`amsgrad/cycles/search.py`, here with a step
size of 0), bit for bit; each step on it takes alpha_k c_i from x.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from amsgrad.cycles.certificate import first_boundary
from amsgrad.cycles.search import find_cycle
from amsgrad.engines.base import NOTHING, Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.laws.later import later
from amsgrad.laws.proportional import multiple
from amsgrad.rules.rule import Rule
from amsgrad.schedules import constant

FADED = 2.0**-54  # a beta1 from which on 1 - beta1 is 1
LONGEST = 100_000  # steps of a cycle: each is looked at one by one, in some 10 microseconds

FARTHEST = 100_000_000  # steps: a memory that has not come back is looked at for a second or two


class NoLaw(ValueError):
    """There is no law of a run, or none was found; the message says why, as a sentence ends."""


class Turn(NamedTuple):
    """One time around the memory's cycle, from a given step on."""

    slopes: list[float]  # g of each step
    steps: list[float]  # c of each step: alpha_k c is taken from x
    roundings: int  # the largest number of them between alpha_k c and what the program takes
    after: Any  # the memory after the last step
    settled: bool  # whether each step has the bits of the run that this one becomes (`later.py`)


class MemoryCycle(NamedTuple):
    """After `start` steps the memory is, bit for bit, what it is `length` steps later."""

    start: int
    length: int
    memory: Any  # the state variables after `start` steps
    turn: Turn


def memory_cycle(setup: Setup, rule: Rule, limit: int) -> MemoryCycle:
    """Return the cycle of the memory of a run.

    Args:
        setup, rule: a run for which `why_no_law` is None.
        limit: the cycle must begin before this step, and before FARTHEST.

    Raises:
        NoLaw: it does not, or is longer than LONGEST steps.
    """
    limit = min(limit, FARTHEST)
    still = replace(setup, lr=0.0, schedule=constant)
    engine, alike = Compiled(still, rule), later(still, rule)
    settled = first_boundary(*alike)
    while settled < limit:
        state, _ = engine.advance(engine.init(), settled, NOTHING)
        cycle = find_cycle(*alike, state, limit)
        if cycle is None:
            break
        if cycle.length > LONGEST:
            raise NoLaw(
                f"its memory comes back after {cycle.length:,} steps only, and {LONGEST:,} are"
                " allowed"
            )
        state, _ = engine.advance(state, cycle.start - settled, NOTHING)
        around = turn(setup, rule, cycle.start, cycle.length, state.memory)
        if around.settled and same_bits(around.after, state.memory):
            return MemoryCycle(*cycle, state.memory, around)
        settled += max(cycle.start // cycle.length, 1) * cycle.length
    raise NoLaw(f"its memory does not come back within {limit:,} steps")


def same_bits(one: Any, other: Any) -> bool:
    """Return whether two memories in double precision are the same, bit for bit."""
    return np.array(one, np.float64).tobytes() == np.array(other, np.float64).tobytes()


def turn(setup: Setup, rule: Rule, start: int, length: int, memory: Any) -> Turn:
    """Return so many steps after the first `start`, from the memory there, in plain Python.

    Raises:
        NoLaw: what a step takes from x is not a multiple of the step size, or not finite.
    """
    problem, real = setup.problem, setup.dtype
    _, fixed = later(setup, rule)
    p = problem.parameters(real)
    slopes, steps, roundings, settled = [], [], 0, True
    with np.errstate(all="ignore"):
        for k in range(start + 1, start + length + 1):
            t = setup.first_t + k - 1
            g = problem.gradient(problem.select(t, t % problem.period, p), real(0), p)
            found = multiple(fixed, memory, g)
            if found is None:
                raise NoLaw(f"the steps of {rule.name} are not multiples of the step size")
            if not np.isfinite([found.c, *found.memory]).all():
                raise NoLaw("its memory meets infinity or NaN")
            beta1 = setup.beta1(k, rule.beta1)
            own = rule.update(memory, g, rule.coefficients(k, 1.0, beta1, rule.h, real))
            settled = settled and same_bits([*own[0], own[1]], [*found.memory, found.c])
            settled = settled and (setup.beta1_schedule is constant or beta1 <= FADED)
            memory = found.memory
            slopes.append(float(g))
            steps.append(found.c)
            roundings = max(roundings, found.roundings)
    return Turn(slopes, steps, roundings, memory, settled)
