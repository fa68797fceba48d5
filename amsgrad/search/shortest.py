"""Short slopes of a bounded size on which a rule fails.

From below, all periods up to some are excluded by branch and bound (`exhaustive.real`), as long as
it takes no more than its share of boxes. From above, structured slopes look for a first find; from
one on, annealing looks for ever shorter ones, by bisection: periods at which a rule fails with
|g| <= most mostly have longer ones after them. Where both meet, the shortest is proved; else it is
an upper bound.
"""

from collections.abc import Iterator
from typing import NamedTuple

from amsgrad.rules.form import Form
from amsgrad.search.annealing import Annealed, annealed
from amsgrad.search.balls import MOST_TERMS
from amsgrad.search.bias_of import bias_of
from amsgrad.search.exhaustive import FEW_BOXES, Slopes, finish, level, real
from amsgrad.search.families import small_runs
from amsgrad.search.measure import LEAST, measure

LONGEST = 2**13  # period of structured slopes
LONGEST_ANNEALED = 2**9


class Shortened(NamedTuple):
    """How far the search has come; it can go on from there."""

    excluded: int = 1  # no slopes of a period up to this one fail
    exhausted: bool = False  # whether the next one could not be excluded
    missed: int = 1  # the longest period at which nothing was found
    best: Slopes | None = None


def shortest(form: Form, most: int, seed: int, since: Shortened) -> Iterator[Shortened]:
    """Search slopes with |g| <= most; yield how far it has come, in steps of some seconds at most.

    The end is reached where `missed` + 1 is the period of `best`, or where there is none. If
    `excluded` + 1 is its period, no shorter slopes fail.

    Args:
        form: that can fail, with the power 1.
        most: 1 or more.
        seed: of the annealing.
        since: where to begin.
    """
    while not since.exhausted:
        since = _exclude(form, most, since)
        yield since
    if since.best is None:
        since = since._replace(best=_structured(form, most, since.missed))
        yield since
    while since.best is not None and since.missed < len(since.best) - 1:
        middle = (since.missed + len(since.best)) // 2
        found = None
        if middle <= LONGEST_ANNEALED:
            tries = annealed(form, middle, most, seed, Annealed(), since.best)
            found = next((tried.best for tried in tries if tried.best), None)
        since = since._replace(best=found) if found else since._replace(missed=middle)
        yield since


def _exclude(form: Form, most: int, since: Shortened) -> Shortened:
    """Exclude the next period, or find slopes of it, or leave it open."""
    period = since.excluded + 1
    if period > MOST_TERMS:
        return since._replace(exhausted=True)
    bias = bias_of(form, period)
    low = 1
    while low <= most and finish(real(bias, low, min(2 * low - 1, most), FEW_BOXES)).empty:
        low *= 2
    if low > most:
        return Shortened(period, False, period)
    found = finish(level(bias, most, FEW_BOXES)).best
    return since._replace(exhausted=True, best=found)


def _structured(form: Form, most: int, missed: int) -> Slopes | None:
    """Return the shortest structured slopes that bisection finds."""

    def found(period: int) -> Slopes | None:
        for g in small_runs(period, most):
            d, size = measure(form, g)
            if d < -LEAST * size:
                return tuple(map(int, g))
        return None

    period = missed + 1
    while (best := found(period)) is None:
        period *= 2
        if period > LONGEST:
            return None
    low = max(missed, period // 2)
    while low < len(best) - 1:
        middle = (low + len(best)) // 2
        shorter = found(middle)
        best, low = (best, middle) if shorter is None else (shorter, low)
    return best
