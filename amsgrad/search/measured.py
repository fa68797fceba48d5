"""A counterexample where the mean step is measured: without a closed form, or in random order.

Structured slopes are measured, until the rule fails on some of one period with a large D. Those
with the largest price / T* are kept (`visible.py`), if a second, longer measurement agrees with the
first: among many some fail by chance, and what fades slowly, such as ADOPT's clip, fakes a D that
changes with the length. Where the rule fails on none of them in cyclic order, whole multiples of
the slopes on which the zero-sum test sees most (`theory/zero_sum.py`) are measured, too, with one
slope changed by 1: a continuous D that is not 0 there has the wrong sign on large multiples.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from amsgrad.search.balls import Floats
from amsgrad.search.exhaustive import Slopes
from amsgrad.search.families import two_runs
from amsgrad.theory.mean_step import MeanStep
from amsgrad.theory.zero_sum import MeanSteps, zero_sum

PERIODS = (1000, 300, 100, 3000, 30, 12, 6, 4, 3)  # in this order; the last four in cyclic order
SMALLER, SHARES, EXCESSES = (1, 2, 9), (0.4, 0.48, 0.2, 0.05, 0.0), (0.0, 0.1, 0.5)  # of `two_runs`
MULTIPLES = 24  # evenly over the logarithm
ENOUGH = 0.01  # |D| / sum |d| of a strong find


class Measured(NamedTuple):
    """How far the search has come; it can go on from there."""

    done: int = 0  # sequences measured
    total: int = 0  # to be measured, as far as that is known
    score: float = 0.0  # price / T* of the best
    best: Slopes | None = None
    step: MeanStep | None = None  # the second measurement of the best


def measured(
    sequences: list[Floats],
    mean_steps: MeanSteps,
    again: Callable[[Floats], MeanStep],
    since: Measured,
    at_once: int = 1,
) -> Iterator[Measured]:
    """Measure sequences; yield how far it has come. A strong find ends it with its period.

    Args:
        sequences: those of one period follow one another.
        mean_steps: returns D for each of some sequences.
        again: returns D of one, independently and from more steps.
        since: where to begin.
        at_once: most sequences, of one period, that are measured together.
    """
    while since.done < len(sequences):
        some = sequences[since.done : since.done + at_once]
        some = [g for g in some if g.size == some[0].size]
        since = since._replace(done=since.done + len(some), total=len(sequences))
        for g, step in zip(some, mean_steps(some), strict=True):
            score = float(abs(step.total * g.sum()) / (np.abs(g).max() * g.size**3))
            if step.goes_to * g.sum() > 0 and score > since.score:
                second = again(g)
                apart = abs(second.total - step.total)
                if second.goes_to == step.goes_to and apart <= second.error + step.error:
                    best = tuple(map(int, g))
                    since = since._replace(score=score, best=best, step=second)
        yield since
        strong = since.step is not None and abs(since.step.total) > ENOUGH * since.step.size
        if strong and since.done < since.total and sequences[since.done].size != g.size:
            return


def structured(periods: tuple[int, ...], most: int, *, cyclic: bool) -> list[Floats]:
    """Return slopes of two runs; in random order one slope and the others.

    Args:
        periods: of them.
        most: of max|g|.
        cyclic: whether they are in cyclic order.
    """
    shares, smaller = (SHARES, SMALLER) if cyclic else (SHARES[-1:], SMALLER[:1])
    return [g for period in periods for g in two_runs(period, most, smaller, shares, EXCESSES)]


def multiples(mean_steps: MeanSteps, periods: tuple[int, ...], most: int) -> list[Floats]:
    """Return multiples of the slopes on which the zero-sum test sees most, changed by 1.

    Args:
        mean_steps: returns D for each of some sequences.
        periods, most: as for `structured`.
    """
    found = zero_sum(mean_steps)
    if found.example is None or found.worst.size not in periods:
        return []
    whole = np.rint(found.worst * 2**7)  # the test scales its whole numbers by powers of 2
    whole /= np.gcd.reduce(whole.astype(int))
    size = np.abs(whole)
    one = np.where(np.arange(whole.size) == size.argmax(), np.sign(found.example.sum()), 0)
    times = np.unique(np.geomspace(1, max(1, most // size.max()), MULTIPLES).round())
    return [g for g in times[:, None] * whole + one if np.abs(g).max() <= most]
