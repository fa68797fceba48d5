"""The step size with which a law begins soonest."""

from dataclasses import replace
from fractions import Fraction

from amsgrad.engines.base import Setup
from amsgrad.laws.class_sums import LEAST
from amsgrad.laws.decay import decay_of
from amsgrad.laws.memory import NoLaw, memory_cycle
from amsgrad.laws.walk import MOST, walk_at_end
from amsgrad.rules.rule import Rule


def soonest(setup: Setup, rule: Rule, limit: int) -> float:
    """Return an alpha, to two digits, with which the law of a run begins about as soon as it can.

    The clips of the walk at an end of F are the same for ever after K steps, whatever alpha is
    (`walk.py`). A small alpha takes longer to bring x there. With a large one x swings from one end
    to the other, until alpha_k U is the width of F, where U is the most that x goes back in a
    cycle, over alpha. So alpha is chosen such that this is so after K steps, or a little earlier:
    the last swings have brought x to its end.

    Args:
        setup, rule: a run for which `why_no_law` is None; its lr is not used.
        limit: the memory must come to its cycle before this step.

    Raises:
        NoLaw: it does not, or the mean step is 0.
    """
    one = replace(setup, lr=1.0)
    memory = memory_cycle(one, rule, limit)
    walk = walk_at_end(memory.turn.slopes, memory.turn.steps)
    if walk is None:
        raise NoLaw("its steps sum to zero over a cycle")
    decay, problem = decay_of(one), setup.problem
    assert decay is not None
    kept = walk.holds_from(decay, Fraction(MOST))  # an end that is out of reach
    k = max(memory.start, LEAST * memory.length, kept)
    most = max(excursion.top for excursion in walk.excursions) or max(map(abs, walk.steps))
    width = Fraction(problem.upper) - Fraction(problem.lower)
    return float(f"{0.9 * float(width / (most * walk.unit) / decay.at(k).lower):.1e}")
