"""The smallest integer slopes of a period on which a rule fails, by branch and bound.

A rule fails on slopes g with S > 0 exactly if S < B(g) (`bias.py`). A box of slopes in which the
bound of B is below S holds no counterexample; another one is halved where S - B may change most,
the most promising box first. Two sorts of boxes are searched:

    real     all real slopes with S >= 1 and max|g| between two numbers: where no box is left, no
             integers of these sizes fail; that takes about the same time at 10 and at 10,000
    integer  the integers with one max|g|: a box ends as a point

Slopes are taken up to rotation in time, so that g_0 is the largest in size, with either sign. S is
every sum from 1 on; slopes with S < 0 are the mirrored ones, since D is odd. Nothing else is used:
reversal in time changes D, and where eps > 0 multiples are other slopes.
"""

from collections.abc import Callable, Generator, Iterator
from math import ceil
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from amsgrad.rules.form import Form
from amsgrad.search.balls import Floats
from amsgrad.search.bias_of import bias_of
from amsgrad.search.boxes import Bound, Boxes

BATCH = 4096  # boxes at once
MOST_BOXES = 300_000  # of real slopes, in a second or two
FEW_BOXES = 50_000  # in a quarter of that
# Sums of P coordinates, at most 2 P in size, are off by up to P^2 2^-52: 2e-13 at MOST_TERMS. Of
# whole slopes they are exact.
SLACK = 1e-12


class AnyBias(Protocol):
    """One of those that `bias_of` makes."""

    period: int

    def bound(self, boxes: Boxes, largest: tuple[int, int]) -> Bound:
        """Bound the bias of slopes whose max|g| lies between these two."""


Slopes = tuple[int, ...]
R = TypeVar("R")
Search = Generator[int, None, R]  # yields a number of boxes, returns a result


class Exhausted(NamedTuple):
    """How far the search has come; it can go on from there."""

    empty_to: int = 0  # no integers with max|g| up to this fail, but for the undecided
    best: Slopes | None = None  # the smallest on which the rule fails, so far
    boxes: int = 0  # bounded so far
    undecided: int = 0  # slopes below `best` whose D has no sign that is known


def smallest(
    form: Form, period: int, most: int, fails: Callable[[Slopes], bool | None], since: Exhausted
) -> Iterator[Exhausted]:
    """Search by increasing max|g|; yield how far it has come, after every few thousand boxes.

    It ends where empty_to + 1 is the max|g| of `best`, which is then the smallest, or where
    empty_to is `most`. Of several with one max|g|, `best` has the largest B - S.

    Args:
        form: that can fail, with the power 1.
        period: 2 to MOST_TERMS of `balls`.
        most: the largest max|g|, at most 10^9.
        fails: decides a candidate on which rounding leaves the sign of D open; None if it cannot.
        since: where to begin.

    Raises:
        ValueError: the period is too long; or D may be 0 or not defined on all slopes.
    """
    if form.eps == 0 and (
        (form.beta2 == 0 and (period == 2 or form.average == "decayed maximum"))
        or (form.of == "deviation" and form.beta1 == 0)
    ):
        raise ValueError("with eps = 0 and these betas D may be 0 or not defined on all slopes")
    bias = bias_of(form, period)
    since = yield from _real(bias, most, since)
    low = since.empty_to + 1
    if since.best is None and low <= most:  # an upper bound, lest a long search is stopped in vain
        above = yield from _counted(level(bias, min(2 * low, most), FEW_BOXES), since)
        since = since._replace(best=above.best, boxes=since.boxes + above.boxes)
        yield since
    while low < (most + 1 if since.best is None else max(map(abs, since.best))):
        found = yield from _counted(level(bias, low), since)
        here, undecided = found.best, 0
        for slopes in found.undecided if here is None else ():
            failing = fails(slopes)
            if failing:
                here = slopes
                break
            undecided += failing is None
        since = since._replace(boxes=since.boxes + found.boxes)
        if here is not None:
            yield since._replace(best=here)
            return
        since = since._replace(empty_to=low, undecided=since.undecided + undecided)
        yield since
        low += 1


def _real(bias: AnyBias, most: int, since: Exhausted) -> Generator[Exhausted, None, Exhausted]:
    """Exclude sizes as long as no real slopes of them fail."""
    while since.empty_to < most:
        low = since.empty_to + 1
        high = min(2 * low - 1, most)
        while high >= low:
            tried = yield from _counted(real(bias, low, high), since)
            since = since._replace(boxes=since.boxes + tried.boxes)
            if tried.empty:
                break
            high = min(high - 1, tried.fails_from - 1 if tried.fails_from else (low + high) // 2)
        else:
            return since
        since = since._replace(empty_to=high)
        yield since
    return since


def _counted(search: Search[R], since: Exhausted) -> Generator[Exhausted, None, R]:
    """Do a part of the search, and count its boxes meanwhile."""
    while True:
        try:
            boxes = next(search)
        except StopIteration as end:
            result: R = end.value
            return result
        yield since._replace(boxes=since.boxes + boxes)


def finish(search: Search[R]) -> R:
    """Return the result of a part of the search."""
    while True:
        try:
            next(search)
        except StopIteration as end:
            result: R = end.value
            return result


class Real(NamedTuple):
    """All real slopes with max|g| between two numbers."""

    empty: bool  # it is shown that none fails
    fails_from: int  # a max|g| of real slopes with S = 1 that fail, rounded up; 0 for none
    boxes: int


def real(bias: AnyBias, least: int, most: int, most_boxes: int = MOST_BOXES) -> Search[Real]:
    """Search real slopes with S >= 1 and max|g| in [least, most], or as many boxes of them.

    Yields:
        The number of boxes so far.
    """
    boxes = 0
    for step in _search(bias, least, most, whole=False):
        boxes += step.boxes
        if step.failing:
            return Real(False, ceil(1 / step.failing), boxes)
        if boxes > most_boxes:
            return Real(False, 0, boxes)
        yield boxes
    return Real(True, 0, boxes)


class Level(NamedTuple):
    """The integers with one max|g|."""

    best: Slopes | None  # S < B for sure; of those the slopes with the largest B - S
    undecided: list[Slopes]  # S < B is neither shown nor excluded
    boxes: int


def level(bias: AnyBias, largest: int, most_boxes: int | None = None) -> Search[Level]:
    """Search the integers with max|g| = largest, or as many boxes of them and the first find.

    Yields:
        The number of boxes so far.
    """
    best, most, undecided, boxes = None, 0.0, [], 0
    for step in _search(bias, largest, largest, whole=True):
        boxes += step.boxes
        for slopes, margin in zip(step.points.tolist(), step.margins.tolist(), strict=True):
            if margin > most:
                best, most = tuple(slopes), margin
            elif not margin > 0:
                undecided.append(tuple(slopes))
        enough = most_boxes is not None and (best or boxes > most_boxes)
        if enough or most >= step.promise:  # no box that is left holds a better one
            break
        yield boxes
    return Level(best, undecided, boxes)


class _Part(NamedTuple):
    """Boxes as `bias.Boxes`, in a unit of their own, and the largest B - S that each may hold."""

    first: Floats
    low: Floats
    high: Floats
    promise: Floats

    def at(self, which: NDArray[Any] | slice) -> "_Part":
        return _Part(*(side[which] for side in self))


class _Step(NamedTuple):
    """What became of some boxes."""

    boxes: int  # that were bounded
    points: NDArray[np.int64]  # those that are points, and not excluded
    margins: Floats  # lower bounds of B - S at them
    failing: float  # the largest B in the middle of a box with S < B, or 0
    promise: float  # the largest B - S that a box that is left may hold


def _search(bias: AnyBias, least: int, most: int, *, whole: bool) -> Iterator[_Step]:
    """Bound boxes, drop them, or halve them, until none is left."""
    unit = most if whole else 1
    low = np.full((2, bias.period - 1), -float(unit))
    high = -low
    low[:, -1] = 1 if whole else (1 - SLACK) / most
    high[:, -1] = bias.period * unit
    pool = _Part(np.array([1.0, -1.0]) * unit, low, high, np.full(2, np.inf))
    while pool.first.size:
        chosen = np.argpartition(-pool.promise, min(BATCH, pool.first.size) - 1)
        part, pool = pool.at(chosen[:BATCH]), pool.at(chosen[BATCH:])
        bound = bias.bound(Boxes(*(side / unit for side in part[:3])), (least, most))
        promise = bound.upper * unit * (1 + SLACK) - part.low[:, -1] * (1 - SLACK)
        part = part._replace(promise=np.where(np.isnan(promise), np.inf, promise))
        centre = (part.low + part.high) / 2
        margin = bound.middle * unit * (1 - SLACK) - centre[:, -1] * (1 + SLACK)
        fails = (margin > 0) & _possible(part._replace(low=centre, high=centre), unit)
        left = part.promise >= 0
        point = (part.low == part.high).all(-1)
        halved = left & ~point
        halves = _halves(part.at(halved), bound.smear[halved], whole)
        halves = halves.at(_possible(halves, unit))
        pool = _Part(*map(np.concatenate, zip(pool, halves, strict=True)))
        yield _Step(
            part.first.size,
            _slopes(part.at(left & point)),
            margin[left & point],
            bound.middle[fails].max(initial=0),
            pool.promise.max(initial=-np.inf),
        )


def _possible(part: _Part, unit: int) -> NDArray[np.bool_]:
    """Return where the last slope may lie in [-unit, unit]."""
    least = part.low[:, -1] - part.first - part.high[:, :-1].sum(-1)
    most = part.high[:, -1] - part.first - part.low[:, :-1].sum(-1)
    reach = unit * (1 + SLACK)
    possible: NDArray[np.bool_] = np.logical_and(least <= reach, most >= -reach)
    return possible


def _slopes(points: _Part) -> NDArray[np.int64]:
    others, s = points.low[:, :-1], points.low[:, -1]
    last = s - points.first - others.sum(-1)
    return np.column_stack([points.first, others, last]).astype(np.int64)


def _halves(part: _Part, smear: Floats, whole: bool) -> _Part:
    """Return both halves of each box, across the coordinate along which S - B changes most."""
    width = part.high - part.low
    smear = np.where(np.isfinite(smear), smear, 1e300 * width)
    at = np.arange(width.shape[0]), np.where(width > 0, smear, -1).argmax(-1)
    cut = (part.low[at] + part.high[at]) / 2
    below, above = part.high.copy(), part.low.copy()
    below[at] = np.floor(cut) if whole else cut
    above[at] = below[at] + 1 if whole else cut
    return _Part(
        np.tile(part.first, 2),
        np.concatenate([part.low, above]),
        np.concatenate([below, part.high]),
        np.tile(part.promise, 2),
    )
