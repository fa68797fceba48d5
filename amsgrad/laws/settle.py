"""From the settings of a run to its law: plain steps until x is at an end of F for ever."""

from fractions import Fraction

from amsgrad.engines.base import NOTHING, Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.laws.class_sums import LEAST
from amsgrad.laws.decay import decay_of
from amsgrad.laws.law import Law
from amsgrad.laws.memory import NoLaw, memory_cycle
from amsgrad.laws.walk import walk_at_end
from amsgrad.regret import value
from amsgrad.rules.rule import Rule


def settle(setup: Setup, rule: Rule, limit: int) -> Law:
    """Return the law of a run.

    Args:
        setup, rule: a run for which `why_no_law` is None.
        limit: the law must begin before this step.

    Raises:
        NoLaw: none was found.
    """
    memory = memory_cycle(setup, rule, limit)
    walk = walk_at_end(memory.turn.slopes, memory.turn.steps)
    if walk is None:
        raise NoLaw("its steps sum to zero over a cycle, and x does not come to an end of F")
    decay, problem, length = decay_of(setup), setup.problem, memory.length
    assert decay is not None
    width = Fraction(problem.upper) - Fraction(problem.lower)
    least = max(memory.start, LEAST * length, walk.holds_from(decay, width))
    start = least + (memory.start + walk.phase - least) % length
    end = problem.lower if walk.sign > 0 else problem.upper
    if start >= limit:
        raise NoLaw(f"its walk at {end:g} is the same for ever from step {start:,} on only")
    engine = Compiled(setup, rule)
    state, _ = engine.advance(engine.init(), start, NOTHING)
    while state.x != end:
        ahead = max(1, state.steps // 100 // length) * length
        if not state.finite or state.steps + ahead >= limit:
            raise NoLaw(f"x does not come to {end:g} within {limit:,} steps")
        state, _ = engine.advance(state, ahead, NOTHING)
    regret = value(state.regret)
    law = Law(setup, walk, state.steps, state.memory, regret, memory.turn.roundings)
    if law.bits_to == law.start:
        raise NoLaw("its drift is lost in rounding")
    return law
