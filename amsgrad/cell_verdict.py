"""The verdict of a cell of a card: one optimizer on one problem, with several step sizes and seeds.

It is right, wrong, still moving or undecided. There are two sorts of evidence.

**D**, the mean step over a period at alpha = 1, with an error (`theory/mean_step.py`), where the
losses are linear and their slopes are those of one period, in cyclic, shuffled or drawn order. If
the step size decays and is not summable, D > 0 sends x to the left end of F and D < 0 to the right
one, whatever the step size is. So D says *right* where this end is x*, and *wrong* where it is the
other one. Where |D| is not above its error, D says nothing. D is a number that was computed: its
sign becomes a theorem about the rule only where D is enclosed, which no card does.

**Runs**, each with the verdict of `verdict.py`. A run is *right* if it is at the optimum, and
*wrong* if it is at the worst end, or diverged. Where F has no ends, it is also wrong if it has
settled in between, at a constant step; and if it is still moving and moves away: its mean distance
from x* is larger in the fourth quarter of the steps than in the second, and larger than that of x_1
by more than d, which is what `verdict.py` calls near.
Together the runs say
- right, if some run is right and none is wrong; wrong, if some is wrong and none is right;
- still moving, if none is right or wrong, and at least half of them are still moving;
- undecided otherwise: also where some are right and others wrong.

A run can be too short for D: ADOPT is at -1 for 10^5 steps on slopes that send it to +1 later. It
is *long enough* for D if both of these hold.
- The mean step alone would have carried x twice from x_1 to the end of F:
  |D| / P sum_k alpha_k >= 2 |end - x_1|.
- At its last step the fluctuation of x is at most d. In cyclic and shuffled order it is
  alpha_T / 2 sum |d_i|: the steps of a period add up to little more on their way. In drawn order
  x spreads beside the end with a density exp(-2 mu z / (alpha_T s^2)), mu = |D| / P, and s^2 the
  mean square of a step; 95% of it are within 3 alpha_T s^2 / (2 mu). Here a step is taken to be
  as uneven as the slopes, and momentum to join the steps of 1 / (1 - beta1): s = rms(g) /
  mean |g| times the mean |d_i|, and s^2 times (1 + beta1) / (1 - beta1).

The verdict is the first of these that holds:
1. D does not exist, since the losses are not linear, or the optimizer's step is not alpha times
   something: what the runs say. A run that is wrong does not count if its step size is above the
   published one: where losses are not linear, a step that is too long leads away by itself.
2. D says nothing: undecided.
3. A run that is long enough says the opposite of D: undecided.
4. Some run says what D says: that, by D and by runs.
5. No run is long enough: what D says, by D alone.
6. The runs should have shown what D says, and have not: still moving, or undecided.

No verdict is a theorem or a certificate. The rules are ours.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.base import Setup
from amsgrad.theory.mean_step import MeanStep
from amsgrad.verdict import BETWEEN, DIVERGED, MOVING, NEAR, OPTIMUM, UNDECIDED, WORST, Verdict

RIGHT, WRONG = "right", "wrong"
VERDICTS = (RIGHT, WRONG, MOVING, UNDECIDED)
NODES = 1000


class Drift(NamedTuple):
    """D of one optimizer on one sequence."""

    step: MeanStep
    slopes: NDArray[np.float64]  # of one period
    drawn: bool  # whether they come in independent order
    fades: bool = False  # whether the step is in units of alpha_k / sqrt(k), as AdaGrad's
    beta1: float = 0.0  # decay of the first moment

    @property
    def says_nothing(self) -> bool:
        """Whether |D| is not above its error."""
        return self.step.goes_to == 0

    @property
    def horizon(self) -> float:
        """T* = P^2 / |D|: the order of the steps before which no run can show D."""
        return math.inf if self.says_nothing else self.slopes.size**2 / abs(self.step.total)

    def shown_by(self, setup: Setup, steps: int) -> bool:
        """Return whether a run of so many steps is long enough."""
        k = np.geomspace(1, steps, NODES)
        alpha = np.array([setup.alpha(at) for at in k]) / (np.sqrt(k) if self.fades else 1)
        mean = abs(self.step.total) / self.slopes.size
        end = setup.problem.lower if self.step.total > 0 else setup.problem.upper
        carried = mean * float(np.trapezoid(alpha, k))
        fluctuation = alpha[-1] * self.step.size / 2
        if self.drawn and mean > 0:
            g = self.slopes
            uneven = np.mean(g * g) / np.mean(np.abs(g)) ** 2
            joined = (1 + self.beta1) / (1 - self.beta1)
            square = joined * uneven * (self.step.size / g.size) ** 2
            fluctuation = 3 * alpha[-1] * square / (2 * mean)
        near = NEAR * (setup.problem.upper - setup.problem.lower)
        return bool(carried >= 2 * abs(end - setup.x0) and fluctuation <= near)


class Run(NamedTuple):
    """The end of one run."""

    verdict: Verdict
    setup: Setup
    steps: int
    away: bool  # whether x moves away from x*, as this module defines it

    @property
    def says(self) -> str:
        """Right or wrong; else still moving or undecided."""
        place, problem = self.verdict.place, self.setup.problem
        if place == OPTIMUM:
            return RIGHT
        if place in (WORST, DIVERGED):
            return WRONG
        endless = math.isinf(problem.upper - problem.lower)
        if place == MOVING:
            return WRONG if endless and self.away else MOVING
        return WRONG if endless and place == BETWEEN else UNDECIDED


def moves_away(step: NDArray[np.int64], x: NDArray[np.float64], setup: Setup) -> bool:
    """Return whether x moves away from x*, as this module defines it.

    Args:
        step, x: numbers of the recorded steps, increasing, and x_t at them.
        setup: of the run.
    """
    if not step.size:
        return False
    distance, share = np.abs(x - setup.problem.x_star), step / step[-1]
    second, fourth = (distance[(share > q) & (share <= q + 0.25)] for q in (0.25, 0.75))
    least = (1 + NEAR) * abs(setup.x0 - setup.problem.x_star)
    return bool(second.size and fourth.mean() > max(second.mean(), least))


class Judgement(NamedTuple):
    """The verdict of a cell."""

    verdict: str  # one of VERDICTS
    by: str  # "D", "runs", "D and runs", or nothing where the verdict is undecided
    reason: str  # without a full stop


def judge(runs: Sequence[Run], drift: Drift | str, published: float) -> Judgement:
    """Return the verdict of a cell, as this module defines it.

    Args:
        runs: one for each step size and seed, all on one problem.
        drift: D of the optimizer on the problem, or why it does not exist.
        published: the step size of the problem's paper.
    """
    told = [run.says for run in runs]
    counts = ", ".join(f"{told.count(word)} {word}" for word in VERDICTS if word in told)
    seen = f"runs: {counts}"
    if isinstance(drift, str):
        fair = [run for run in runs if run.says != WRONG or run.setup.lr <= published]
        together = _together([run.says for run in fair])
        ignored = len(runs) - len(fair)
        note = f", {ignored} wrong with a step size above the published one" if ignored else ""
        return Judgement(
            together, "" if together == UNDECIDED else "runs", f"{drift}; {seen}{note}"
        )
    d = f"D = {drift.step.total:.3g} with an error of {drift.step.error:.1g}"
    if drift.says_nothing:
        return Judgement(UNDECIDED, "", f"{d} says nothing; {seen}")
    problem = runs[0].setup.problem
    end = problem.upper if drift.step.goes_to > 0 else problem.lower
    says = RIGHT if end == problem.x_star else WRONG
    opposite = WRONG if says == RIGHT else RIGHT
    long = [run for run in runs if drift.shown_by(run.setup, run.steps)]
    d = f"{d} sends x to {end:+g}; {seen}"
    against = sum(run.says == opposite for run in long)
    if against:
        reason = f"{against} of {len(long)} runs that are long enough for D say the opposite"
        return Judgement(UNDECIDED, "", f"{d}; {reason}")
    if says in told:
        return Judgement(says, "D and runs", d)
    if not long:
        return Judgement(says, "D", f"{d}, none of them long enough for D")
    together = _together([run.says for run in long])
    reason = f"{len(long)} of them long enough for D, and none shows it"
    return Judgement(together, "" if together == UNDECIDED else "runs", f"{d}, {reason}")


def _together(told: Sequence[str]) -> str:
    """Return what the runs say together."""
    if RIGHT in told and WRONG in told:
        return UNDECIDED
    for word in (RIGHT, WRONG):
        if word in told:
            return word
    return MOVING if 2 * told.count(MOVING) >= len(told) else UNDECIDED
