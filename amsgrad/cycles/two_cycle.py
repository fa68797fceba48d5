"""The cycle x, -x of the float program: a certificate for any rule, without a run that reaches it.

Such a cycle is often unstable (`amsgrad/theory/two_cycle.py`): a run leaves it by its rounding
errors, unless its numbers repeat bit for bit. Here such numbers are looked for: of each x near the
amplitude, the memory that the gradients of x and -x leave repeats soon, and a step of exactly 2 x
may be among them. Where the betas and 1 / alpha are short binary numbers it mostly is; of Adam at
betas (.9, .999) none was found.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from amsgrad.cycles.certificate import Certificate, first_boundary, refutation, why_no_cycle
from amsgrad.engines.base import Setup
from amsgrad.rules.rule import Rule

SETTLING = 10  # times that x becomes half of a step
NEAR = 100  # neighbours in floating point on either side
MOST_TURNS = 200_000  # of two steps, for all x: some seconds


def two_cycle(setup: Setup, rule: Rule, near: float) -> Certificate | None:
    """Return the checked certificate of a cycle x, -x, or None where none was found.

    It states what holds for ever from its state on. Whether a run comes to that state is another
    question (`unreached`); one that is started there does, if its first step has the coefficients
    of all later ones.

    Args:
        setup: a run of losses that are the same at every step, and even: f(-x) = f(x).
        rule: of the run.
        near: the amplitude; the cycle of the float program lies within rounding of it.

    >>> from amsgrad.problems.polynomial import Polynomial
    >>> from amsgrad.rules import RULES
    >>> adam = RULES["adam"](beta1=0.5, beta2=0.5, semantics="paper")
    >>> run = Setup(Polynomial(degree=2), lr=0.75, dtype=np.float64)
    >>> two_cycle(run, adam, near=0.75 * 0.5 / 3).highest
    0.125
    """
    problem, real = setup.problem, setup.dtype
    if why_no_cycle(setup, rule) is not None or problem.period != 1:
        return None
    p, start = problem.parameters(real), first_boundary(setup, rule)
    c = rule.coefficients(start + 1, setup.lr, rule.beta1, rule.h, real)
    loss = problem.select(0, 0, p)
    x, memory = real(near), rule.memory(*map(real, rule.start or [0.0] * len(rule.memory._fields)))
    turns, tries = 0, 0
    neighbours: Iterator[Any] = iter(())
    with np.errstate(all="ignore"):
        while tries < SETTLING + 2 * NEAR:
            there, back = problem.gradient(loss, x, p), problem.gradient(loss, -x, p)
            before: Any = None
            while memory != before and turns < MOST_TURNS:
                before = memory
                memory, _ = rule.update(memory, there, c)
                memory, delta = rule.update(memory, back, c)
                turns += 1
            if memory == before and -x - delta == x:
                break
            tries += 1
            if tries <= SETTLING:  # the memory stops short of its limit, and x follows it
                x, neighbours = -delta / real(2), _around(-delta / real(2))
            else:
                x = next(neighbours)
        regret = 2 * float(problem.loss(loss, x, p) - problem.loss(loss, real(problem.x_star), p))
    size = abs(float(x))
    own = {name: float(entry) for name, entry in memory._asdict().items()}
    found = Certificate(start, 2, float(x), own, regret, -size, size)
    return found if refutation(found, setup, rule) is None else None


def _around(x: Any) -> Iterator[Any]:
    """Yield a number in floating point and its neighbours, the nearest first."""
    above = below = x
    for _ in range(NEAR):
        above, below = np.nextafter(above, type(x)(np.inf)), np.nextafter(below, type(x)(0))
        yield above
        yield below
