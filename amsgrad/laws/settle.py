"""From the settings of a run to its law: plain steps until x is at an end of F for ever.

Where x comes to an end too late, or not at all, the reason says what exact arithmetic knows of it
(`interior.py`). The way through the interior itself is stepped plainly: sums over residue classes
know where x is, but not the bits that the rounding of each step leaves.
"""

from dataclasses import dataclass
from fractions import Fraction

from amsgrad.engines.base import NOTHING, Setup, State
from amsgrad.engines.compiled import Compiled
from amsgrad.laws.class_sums import LEAST
from amsgrad.laws.decay import decay_of
from amsgrad.laws.interior import Interior
from amsgrad.laws.law import Law
from amsgrad.laws.memory import MemoryCycle, NoLaw, memory_cycle
from amsgrad.laws.walk import MOST, Walk, walk_at_end
from amsgrad.regret import RegretSum, value
from amsgrad.rules.form import Form
from amsgrad.rules.rule import Rule


@dataclass(frozen=True)
class Way:
    """The way of a run to its law: when to look whether x is at its end of F for ever.

    Args:
        setup: of the run.
        memory: its cycle.
        walk: at the end of F.
        start: the first number of steps after which to look.
        limit: the law must begin before this step.
    """

    setup: Setup
    memory: MemoryCycle
    walk: Walk
    start: int
    limit: int

    @property
    def end(self) -> float:
        """The end of F."""
        return self.setup.problem.lower if self.walk.sign > 0 else self.setup.problem.upper

    def law(self, state: State) -> Law | None:
        """Return the law from a state on, or None where x has not come to the end.

        Raises:
            NoLaw: the program loses its drift.
        """
        return self._law(state) if state.x == self.end else None

    def law_after(self, steps: int, regret: float, engine: Compiled) -> Law:
        """Return the law that was found after so many steps, with R there."""
        turned = (steps - self.memory.start) % self.memory.length
        state, _ = engine.advance(engine.init(), self.memory.start + turned, NOTHING)
        return self._law(state._replace(steps=steps, regret=RegretSum(regret, 0.0, 0.0)))

    def next_look(self, state: State) -> int:
        """Return after how many steps to look again; it follows from the state of the last look.

        Raises:
            NoLaw: x does not come to the end before the limit.
        """
        arrival = None
        if state.finite:
            arrival = _from_here(self.setup, self.memory, state).arrival()
        if arrival is not None and arrival >= self.limit:
            far = f"{arrival:.4g}" if arrival < MOST else "1e60 or more"
            raise NoLaw(f"by exact arithmetic x comes to {self.end:g} after {far} steps only")
        length = self.memory.length
        ahead = max(1, state.steps // 100 // length) * length
        if arrival is not None:
            ahead = max(length, arrival - state.steps)
        if not state.finite or state.steps + ahead >= self.limit:
            raise NoLaw(f"x does not come to {self.end:g} within {self.limit:,} steps")
        return state.steps + ahead

    def _law(self, state: State) -> Law:
        regret, roundings = value(state.regret), self.memory.turn.roundings
        law = Law(self.setup, self.walk, state.steps, state.memory, regret, roundings)
        if law.bits_to == law.start:
            raise NoLaw("its drift is lost in rounding")
        return law


def way_to_law(setup: Setup, rule: Rule, limit: int, form: Form | None = None) -> Way:
    """Return the way of a run to its law.

    Args, Raises: as for `settle`.
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
    way = Way(setup, memory, walk, start, limit)
    if start >= limit:
        raise NoLaw(f"its walk at {way.end:g} is the same for ever from step {start:,} on only")
    return way


def settle(setup: Setup, rule: Rule, limit: int, form: Form | None = None) -> Law:
    """Return the law of a run.

    Args:
        setup, rule: a run for which `why_no_law` is None.
        limit: the law must begin before this step.
        form: of the rule, where it has one; it proves a mean step of 0.

    Raises:
        NoLaw: none was found.
    """
    way, engine = way_to_law(setup, rule, limit, form), Compiled(setup, rule)
    state, look = engine.init(), way.start
    while True:
        state, _ = engine.advance(state, look - state.steps, NOTHING)
        law = way.law(state)
        if law is not None:
            return law
        look = way.next_look(state)


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
