"""A counterexample where the mean step is measured: without a closed form, or in random order.

Structured slopes are measured, until the rule fails on some of a group with a large D. Those with
the largest price / T* are kept (`visible.py`); in random order, if a second, longer measurement
agrees with the first: among many some fail by chance, and what fades slowly, such as ADOPT's clip,
fakes a D that changes with the length. Where the rule fails on none of them in cyclic order, whole
multiples of the slopes on which the zero-sum test sees most (`theory/zero_sum.py`) are measured,
too, with one slope changed by 1: a continuous D that is not 0 there has the wrong sign on large
multiples.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from amsgrad.search.balls import Floats
from amsgrad.search.exhaustive import Slopes
from amsgrad.search.families import two_runs
from amsgrad.theory.mean_step import MeanStep
from amsgrad.theory.zero_sum import AT_ONCE, MeanSteps, zero_sum

PERIODS = (1000, 300, 100, 3000, 30, 12, 6, 4, 3)  # in this order
SMALLER, SHARES, EXCESSES = (1, 2, 9), (0.4, 0.48, 0.2, 0.05, 0.0), (0.0, 0.1, 0.5)  # of `two_runs`
MULTIPLES = 24  # evenly over the logarithm
ENOUGH = 0.01  # |D| / sum |d| of a strong find


Again = Callable[[Floats], MeanStep]


class Measured(NamedTuple):
    """How far the search has come; it can go on from there."""

    done: int = 0  # sequences measured
    total: int = 0  # to be measured, as far as that is known
    score: float = 0.0  # price / T* of the best
    best: Slopes | None = None
    step: MeanStep | None = None  # the second measurement of the best


def measured(
    groups: Sequence[Sequence[Floats]],
    mean_steps: MeanSteps,
    again: Again | None,
    since: Measured,
    at_once: int = 1,
) -> Iterator[Measured]:
    """Measure sequences; yield how far it has come. A strong find ends it with its group.

    Args:
        groups: of sequences, such as those of `structured` and `multiples`.
        mean_steps: returns D for each of some sequences.
        again: returns D of one, independently and from more steps; None where chance has no part.
        since: where to begin.
        at_once: most sequences of a group that are measured together.
    """
    offset, total = 0, sum(map(len, groups))
    for group in groups:
        while since.done < offset + len(group):
            some = group[since.done - offset :][:at_once]
            since = since._replace(done=since.done + len(some), total=total)
            since = _better(some, mean_steps(some), again, since)
            yield since
        offset += len(group)
        if since.step is not None and abs(since.step.total) > ENOUGH * since.step.size:
            return


def _better(
    some: Sequence[Floats], steps: Sequence[MeanStep], again: Again | None, since: Measured
) -> Measured:
    """Return the state with the best of these, if it is better and a second measurement agrees."""

    def score(i: int) -> float:
        g = some[i]
        return float(abs(steps[i].total * g.sum()) / (np.abs(g).max() * g.size**3))

    wrong = [i for i, g in enumerate(some) if steps[i].goes_to * g.sum() > 0]
    for i in sorted(wrong, key=score, reverse=True):
        if score(i) <= since.score:
            break
        first = second = steps[i]
        if again is not None:
            second = again(some[i])
        apart = abs(second.total - first.total)
        if second.goes_to == first.goes_to and apart <= first.error + second.error:
            best = tuple(map(int, some[i]))
            return since._replace(score=score(i), best=best, step=second)
    return since


def structured(periods: Iterable[int], most: int, *, cyclic: bool) -> list[list[Floats]]:
    """Return slopes of two runs, a group for each period; in random order one slope and the others.

    Args:
        periods: of them.
        most: of max|g|.
        cyclic: whether they are in cyclic order.
    """
    shares, smaller = (SHARES, SMALLER) if cyclic else (SHARES[-1:], SMALLER[:1])
    return [list(two_runs(period, most, smaller, shares, EXCESSES)) for period in periods]


def multiples(
    mean_steps: MeanSteps, periods: Collection[int], most: int, at_once: int = AT_ONCE
) -> list[Floats]:
    """Return multiples of the slopes on which the zero-sum test sees most, changed by 1.

    Args:
        mean_steps: returns D for each of some sequences.
        periods, most: as for `structured`.
        at_once: as for `zero_sum`.
    """
    found = zero_sum(mean_steps, at_once=at_once)
    if found.example is None or found.worst.size not in periods:
        return []
    whole = np.rint(found.worst * 2**7)  # the test scales its whole numbers by powers of 2
    whole /= np.gcd.reduce(whole.astype(int))
    size = np.abs(whole)
    one = np.where(np.arange(whole.size) == size.argmax(), np.sign(found.example.sum()), 0)
    times = np.unique(np.geomspace(1, max(1, most // size.max()), MULTIPLES).round())
    return [g for g in times[:, None] * whole + one if np.abs(g).max() <= most]
