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
from amsgrad.laws.proportional import multiple
from amsgrad.rules.rule import Rule
from amsgrad.schedules import constant

LONGEST = 100_000  # steps of a cycle: each is looked at one by one, in some 10 microseconds


class NoLaw(ValueError):
    """There is no law of a run, or none was found; the message says why, as a sentence ends."""


class Turn(NamedTuple):
    """One time around the memory's cycle, from a given step on."""

    slopes: list[float]  # g of each step
    steps: list[float]  # c of each step: alpha_k c is taken from x
    roundings: int  # the largest number of them between alpha_k c and what the program takes
    after: Any  # the memory after the last step


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
        limit: the cycle must begin before this step.

    Raises:
        NoLaw: it does not, or is longer than LONGEST steps.
    """
    still = replace(setup, lr=0.0, schedule=constant)
    engine = Compiled(still, rule)
    settled = first_boundary(still, rule)
    cycle = None
    if settled < limit:
        state, _ = engine.advance(engine.init(), settled, NOTHING)
        cycle = find_cycle(still, rule, state, limit)
    if cycle is None:
        raise NoLaw(f"its memory does not come back within {limit:,} steps")
    if cycle.length > LONGEST:
        raise NoLaw(
            f"its memory comes back after {cycle.length:,} steps only, and {LONGEST:,} are allowed"
        )
    state, _ = engine.advance(state, cycle.start - settled, NOTHING)
    around = turn(setup, rule, cycle.start, cycle.length, state.memory)
    return MemoryCycle(*cycle, state.memory, around)


def turn(setup: Setup, rule: Rule, start: int, length: int, memory: Any) -> Turn:
    """Return so many steps after the first `start`, from the memory there, in plain Python.

    Raises:
        NoLaw: what a step takes from x is not a multiple of the step size, or not finite.
    """
    problem, real = setup.problem, setup.dtype
    p = problem.parameters(real)
    slopes, steps, roundings = [], [], 0
    with np.errstate(all="ignore"):
        for t in range(setup.first_t + start, setup.first_t + start + length):
            g = problem.gradient(problem.select(t, t % problem.period, p), real(0), p)
            found = multiple(rule, memory, g)
            if found is None:
                raise NoLaw(f"the steps of {rule.name} are not multiples of the step size")
            if not np.isfinite([found.c, *found.memory]).all():
                raise NoLaw("its memory meets infinity or NaN")
            memory = found.memory
            slopes.append(float(g))
            steps.append(found.c)
            roundings = max(roundings, found.roundings)
    return Turn(slopes, steps, roundings, memory)
