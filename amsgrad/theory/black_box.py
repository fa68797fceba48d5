"""The mean step D of any class of torch optimizers, as a black box: how far x goes in a period.

x is on the whole line, lr is constant and small, and after a burn-in the way of x in a period, over
lr, is D (`mean_step.py`). Many sequences of slopes are the lanes of one tensor
(`amsgrad/optimizers/lanes.py`), so that D of a hundred costs hardly more than D of one.

Cyclic slopes. Windows of whole periods follow one another, each as long as everything before it.
Their D differ by d0, d1 and d2, the last. If they fall, d1 <= q d0 and d2 <= q d1, what is still to
come is about d2 q / (1 - q): the error is four times that, and at least 4 d2. A difference below
1e-11 of sum |d| is rounding and has no part in q. With q < 0.9 D is known where the error is below
1e-5 of it, or 1e-9 of sum |d|; where q <= 0.6 (differences fall as fast as those of 1 / k, or
faster) a tenth of D will do, with at least d1 as error. Otherwise there is no verdict, and the
error is infinite. A slow change, such as of ADOPT's clip at k^(1/4), has q > 1 here; in windows of
one length it would look like agreement.

Random orders. Each sequence has many lanes with seeds of their own. D is their mean over the second
half of the steps, and the error four standard errors of it; where slopes are drawn, after a
regression on their sum, whose mean is known. If D of the quarter before differs by more than
chance, there is no verdict.

It is a measurement. It cannot exclude that an optimizer changes its mind later than it was watched.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from amsgrad.engines.base import Setup
from amsgrad.engines.driver import never
from amsgrad.engines.lane_losses import LaneLosses
from amsgrad.optimizers.catalog import foreign_optimizer
from amsgrad.optimizers.elementwise import elementwise
from amsgrad.optimizers.lanes import Lanes, Rates
from amsgrad.optimizers.randomness import own_randomness
from amsgrad.optimizers.threads import one_thread
from amsgrad.problems.sequence import ORDERS
from amsgrad.problems.sequence import Sequence as Problem
from amsgrad.theory.mean_step import FADING, LEAST, LOOSE, ROUNDING, STRICT, MeanStep
from amsgrad.theory.periodic import Floats

LR = 2.0**-10  # a power of 2: D is the way of x without a rounding
BURN_IN = 2**11  # steps before the first window, at least
MOST = 2**18  # steps from which on no further window begins: half a minute
RANDOM = 2**15  # steps of a random order
SEEDS = 256  # lanes of a sequence in a random order
BLOCK = 256  # steps whose slopes are made at once
SLOW, FAST = 0.9, 0.6  # factors by which the differences of windows fall
NOT_FINITE = "black box, not finite"
COLUMNS = 5  # sums of d, |d|, sqrt(k) d, sqrt(k) |d|, slopes


def black_box(
    cls: Any,
    slopes: Sequence[ArrayLike],
    keywords: Mapping[str, Any] | None = None,
    *,
    order: str = "cyclic",
    seed: int = 0,
    seeds: int = SEEDS,
    most: int | None = None,
    device: str = "cpu",
    stop: Callable[[], bool] = never,
) -> list[MeanStep]:
    """Return D of a class of torch optimizers on each of many sequences of slopes.

    Args:
        cls: the class; where it mixes elements each lane gets an optimizer, which is slow.
        slopes: of one period each.
        keywords: keyword arguments of the class but lr; a weight decay above 0 draws x to 0, and
            D is then refused.
        order: cyclic, shuffled or drawn.
        seed: of the random orders; each seed has lanes of its own.
        seeds: lanes of each sequence in a random order, at least two.
        most: steps from which on no further window begins, by default MOST, or RANDOM in a random
            order.
        device: "cpu" or "cuda".
        stop: asked several times per second; D is then not known.

    Raises:
        ValueError: the class cannot be tested, draws random numbers, does not move x by lr times a
            step that does not depend on lr, or is finite on no sequence (where it is not finite on
            some, the error of these is infinite); or slopes are all 0.
    """
    if order not in ORDERS:
        raise ValueError(f"order must be one of {', '.join(ORDERS)}, but {order} was given")
    cyclic = order == "cyclic"
    problems = [
        Problem(np.asarray(g, float).tolist(), order, (seed * seeds + lane) % 2**63)
        for g in slopes
        for lane in range(1 if cyclic else seeds)
    ]
    longest = max(problem.period for problem in problems)
    done, end = max(BURN_IN, 2 * longest), most or (MOST if cyclic else RANDOM)
    end = max(end, (16 if cyclic else 4) * done)
    windows: list[Floats] = []
    with one_thread(), own_randomness(torch.device(device)):
        walk = _Walk(cls, keywords or {}, problems, device)
        walk.go_to(done, stop)
        while done < end and not stop():
            done *= 2
            windows.append(walk.go_to(done, stop))
            if cyclic and all(_agreed(sums) for sums in np.array(windows).swapaxes(0, 1)):
                break
    if stop() or len(windows) < 2:
        return [MeanStep(math.nan, math.inf, math.nan, "black box, stopped")] * len(slopes)
    lanes = np.array(windows).swapaxes(0, 1).reshape(len(slopes), -1, len(windows), COLUMNS)
    if cyclic:
        return [_of_windows(own[0]) for own in lanes]
    return [
        _of_seeds(own[:, -2:], float(np.sum(g)) if order == "drawn" and np.ptp(g) else None)
        for own, g in zip(lanes, slopes, strict=True)
    ]


class _Walk:
    """The lanes of all problems, and the sums of what their steps take from x."""

    def __init__(
        self, cls: Any, keywords: Mapping[str, Any], problems: Sequence[Problem], device: str
    ) -> None:
        self._name = getattr(cls, "__name__", str(cls))
        found = elementwise(cls, **keywords)
        if found.verdict in ("refused", "draws"):
            raise ValueError(f"the mean step of {self._name} is not measured: it {found.reason}")
        if not found.linear:
            raise ValueError(
                f"the mean step of {self._name} is not measured: it does not move x by lr times a"
                " step that does not depend on lr"
            )
        x = torch.zeros(len(problems), dtype=torch.float64, device=device)
        make = foreign_optimizer(cls, lr=LR, **keywords)
        seeds = [0] * len(problems)
        self._lanes = Lanes(make, x, [len(problems)], together=found.lanes, seeds=seeds)
        self._losses = LaneLosses([Setup(problem, LR, dtype=np.float64) for problem in problems])
        self._periods = np.array([problem.period for problem in problems])
        self._sums = torch.zeros(COLUMNS, len(problems), dtype=torch.float64, device=device)
        self._done = 0
        self._begin = np.zeros(len(problems), np.int64)  # of the window of each lane
        self._before = np.zeros((len(problems), COLUMNS))  # the sums up to there

    def go_to(self, steps: int, stop: Callable[[], bool]) -> Floats:
        """Walk on, to the last whole period of each lane; return its sums per period, a row each.

        Raises:
            ValueError: x is not finite.
        """
        ends = steps // self._periods * self._periods
        lanes_at = {int(end): np.flatnonzero(ends == end) for end in np.unique(ends)}
        sums, x = np.empty_like(self._before), self._lanes.x.clone()
        for first in range(self._done, steps, BLOCK):
            if stop():
                break
            block = self._losses.slopes(first, min(BLOCK, steps - first))
            for k, slope in enumerate(torch.tensor(block, device=x.device).unbind(0), first + 1):
                self._sums[4].add_(slope)
                self._lanes.step(slope, [Rates(LR)])
                d = x.sub_(self._lanes.x).mul_(1 / LR)
                size, root = d.abs(), math.sqrt(k)
                for row, term, weight in ((0, d, 1), (1, size, 1), (2, d, root), (3, size, root)):
                    self._sums[row].add_(term, alpha=weight)
                x.copy_(self._lanes.x)
                if k in lanes_at:
                    sums[lanes_at[k]] = self._sums.cpu().numpy().T[lanes_at[k]]
            if not bool(x.isfinite().any()):
                raise ValueError(f"{self._name} takes steps that are not finite on these slopes")
        periods = (ends - self._begin) // self._periods
        found: Floats = (sums - self._before) / periods[:, None]
        self._done, self._begin, self._before = steps, ends, sums
        return found


def _of_windows(sums: Floats) -> MeanStep:
    """Return D of one lane from its windows, oldest first."""
    if not np.isfinite(sums).all():
        return MeanStep(math.nan, math.inf, math.nan, NOT_FINITE)
    for column, source in ((0, "black box"), (2, f"black box, {FADING}")) if len(sums) > 3 else ():
        total, size = map(float, sums[-1, column : column + 2])
        d0, d1, d2 = map(float, np.abs(np.diff(sums[-4:, column])))
        noise = ROUNDING * size
        falls = [b / a if a else math.inf for a, b in ((d0, d1), (d1, d2)) if b > noise]
        q = max(falls, default=0.0)
        if q >= SLOW:
            continue
        ahead = max(1.0, q / (1 - q))
        error = 4 * d2 * ahead + noise
        if error <= max(STRICT * abs(total), LEAST * size):
            return MeanStep(total, error, size, source)
        error = max(error, d1 * ahead)
        if q <= FAST and error <= LOOSE * abs(total):
            return MeanStep(total, error, size, source)
    total, size = map(float, sums[-1, :2])
    return MeanStep(total, math.inf, size, "black box, windows disagree")


def _agreed(sums: Floats) -> bool:
    found = _of_windows(sums)
    return math.isfinite(found.error) or found.source == NOT_FINITE


def _of_seeds(sums: Floats, mean: float | None) -> MeanStep:
    """Return D from the last two windows of many lanes, of shape (lanes, 2, COLUMNS).

    Args:
        sums: per period.
        mean: the mean of the sum of the slopes, where that is left to chance.
    """
    if not np.isfinite(sums).all():
        return MeanStep(math.nan, math.inf, math.nan, NOT_FINITE)
    spread = np.abs(np.diff(np.abs(sums[:, :, (1, 3)]).mean(axis=0), axis=0))[0]
    level = sums[:, -1, (1, 3)].mean(axis=0)
    fading = spread[0] / level[0] > spread[1] / level[1]
    column, source = (2, f"black box, {FADING}") if fading else (0, "black box")
    (before, _), (total, standard) = (
        _mean(sums[:, window, column], sums[:, window, 4], mean) for window in (0, 1)
    )
    size = float(sums[:, -1, column + 1].mean())
    error = 4 * standard + ROUNDING * size
    if abs(total - before) > 10 * standard + ROUNDING * size:  # of a window of half the length
        return MeanStep(total, math.inf, size, f"{source}, windows disagree")
    return MeanStep(total, error, size, source)


def _mean(totals: Floats, shown: Floats, mean: float | None) -> tuple[float, float]:
    """Return the mean over lanes and its standard error."""
    if mean is not None:
        chance = shown - mean
        totals = totals - np.cov(totals, chance)[0, 1] / chance.var(ddof=1) * chance
    return float(totals.mean()), float(totals.std(ddof=1)) / math.sqrt(totals.size)
