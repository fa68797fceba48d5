"""From the settings of a run to its law: plain steps until x is at an end of F for ever.

Where x comes to an end too late, or not at all, the reason says what exact arithmetic knows of it
(`interior.py`). The way through the interior itself is stepped plainly: sums over residue classes
know where x is, but not the bits that the rounding of each step leaves.
"""

from fractions import Fraction

from amsgrad.engines.base import NOTHING, Setup, State
from amsgrad.engines.compiled import Compiled
from amsgrad.laws.class_sums import LEAST
from amsgrad.laws.decay import decay_of
from amsgrad.laws.interior import Interior
from amsgrad.laws.law import Law
from amsgrad.laws.memory import MemoryCycle, NoLaw, memory_cycle
from amsgrad.laws.walk import MOST, walk_at_end
from amsgrad.regret import value
from amsgrad.rules.form import Form
from amsgrad.rules.rule import Rule


def settle(setup: Setup, rule: Rule, limit: int, form: Form | None = None) -> Law:
    """Return the law of a run.

    Args:
        setup, rule: a run for which `why_no_law` is None.
        limit: the law must begin before this step.
        form: of the rule, where it has one; it proves a mean step of 0.

    Raises:
        NoLaw: none was found.
    """
    memory = memory_cycle(setup, rule, limit)
    slopes, steps = memory.turn.slopes, memory.turn.steps
    walk = walk_at_end(slopes, steps)
    balanced = form is not None and form.never_fails and not sum(map(Fraction, slopes))
    if walk is None or balanced:
        why = "its slopes sum to zero" if balanced else "its steps sum to zero over a cycle"
        raise NoLaw(why + _rest(setup, rule, memory, limit))
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
        arrival = _from_here(setup, memory, state).arrival() if state.finite else None
        if arrival is not None and arrival >= limit:
            far = f"{arrival:.4g}" if arrival < MOST else "1e60 or more"
            raise NoLaw(f"by exact arithmetic x comes to {end:g} after {far} steps only")
        ahead = max(1, state.steps // 100 // length) * length
        if arrival is not None:
            ahead = max(length, arrival - state.steps)
        if not state.finite or state.steps + ahead >= limit:
            raise NoLaw(f"x does not come to {end:g} within {limit:,} steps")
        state, _ = engine.advance(state, ahead, NOTHING)
    regret = value(state.regret)
    law = Law(setup, walk, state.steps, state.memory, regret, memory.turn.roundings)
    if law.bits_to == law.start:
        raise NoLaw("its drift is lost in rounding")
    return law


def _from_here(setup: Setup, memory: MemoryCycle, state: State) -> Interior:
    """Return the way through the interior from a state whose memory is on its cycle."""
    turned = (state.steps - memory.start) % memory.length
    slopes, steps = (
        numbers[turned:] + numbers[:turned] for numbers in (memory.turn.slopes, memory.turn.steps)
    )
    return Interior(setup, slopes, steps, state.steps, float(state.x), value(state.regret))


def _rest(setup: Setup, rule: Rule, memory: MemoryCycle, limit: int) -> str:
    """Return where x rests without a mean step, as the end of a sentence."""
    engine = Compiled(setup, rule)
    steps = max(memory.start, LEAST * memory.length)
    state, _ = engine.advance(engine.init(), steps, NOTHING)
    while state.finite and state.steps < limit:
        rest = _from_here(setup, memory, state).rest()
        if rest is not None:
            return (
                f", so its mean step is 0, and by exact arithmetic x rests at {rest:.10g}, in the"
                " interior of F"
            )
        state, _ = engine.advance(state, state.steps, NOTHING)
    return ", so its mean step is 0, and x does not come to an end of F"
