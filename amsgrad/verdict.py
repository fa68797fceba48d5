"""What has become of a run, in words: where x ended, and whether the average regret levels off.

x is *at* a point if it is within d of it: d is 0.05 times the length of F, or where F has no ends
0.05 |x_1 - x*|. The quarters of a run are its steps in four equal parts. The verdict is the first
of these that holds:

- diverged: the run met NaN or infinity.
- at the optimum, at the worst end: by its law x goes to x*, or to the end of F that is farther from
  x*; or every x of its cycle is there, or half of at least 10 records on the cycle are. Without a
  law and a cycle: 95% of the records in the last quarter are, and x is not moving away from there;
  or the run has settled, and half of them are.
- in between: the run has a cycle, or a law. Without one: the run has settled.
- still moving: without a cycle, the mean x rises over the second, third and fourth quarter, or
  falls, and 95% of the second lies on one side of 95% of the fourth.
- undecided: everything else; a run with fewer than 10 records in one of these quarters; and every
  run that does not move where no single point of F is best.

A run has settled if its step is constant, and from the second quarter to the third and the fourth
the mean x changes by at most d / 10, and the 5% and 95% quantiles of x by at most d / 2.

Only what is said of a cycle or of a law holds for ever.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amsgrad.cycles.certificate import Certificate
from amsgrad.laws.certificate import LawCertificate
from amsgrad.problems.problem import Problem

NEAR = 0.05
SHARE = 0.95
FEWEST = 10

DIVERGED, OPTIMUM, WORST = "diverged", "at the optimum", "at the worst end"
BETWEEN, MOVING, UNDECIDED = "in between", "still moving", "undecided"


@dataclass(frozen=True)
class Verdict:
    """The verdict on one run.

    Args:
        place: one of the six that this module defines.
        reason: the numbers that it rests on, as a sentence without a full stop.
        levels_off: the limit of the average regret, where a cycle or a law proves it above 0.
    """

    place: str
    reason: str
    levels_off: float | None = None


@dataclass(frozen=True)
class _Quarter:
    """The x of one quarter of a run: mean, 5% and 95% quantile, median."""

    mean: float
    low: float
    median: float
    high: float


def verdict(
    step: NDArray[np.int64],
    x: NDArray[np.float64],
    problem: Problem,
    *,
    x0: float,
    constant_step: bool,
    cycle: Certificate | None = None,
    law: LawCertificate | None = None,
    finite: bool = True,
) -> Verdict:
    """Return what has become of a run, as this module defines it.

    Args:
        step, x: numbers of the recorded steps, increasing, and x_t at them.
        problem: has F and x*.
        x0: where the run began.
        constant_step: whether the step size is the same at every step.
        cycle: of the run, where one is known.
        law: of the run at a decaying step, where one is known.
        finite: False if the run met NaN or infinity.
    """
    if not finite:
        return Verdict(DIVERGED, "the run met NaN or infinity")
    length = problem.upper - problem.lower
    d = NEAR * (length if math.isfinite(length) else abs(x0 - problem.x_star))
    goals = _goals(problem)
    if law is not None:
        return _by_law(law, goals)
    if cycle is not None:
        return _for_ever(cycle, x[step > cycle.start], goals, d)
    last = step[-1] if step.size else 0
    parts = [x[(step > q * last) & (step <= (q + 0.25) * last)] for q in (0.25, 0.5, 0.75)]
    if min(part.size for part in parts) < FEWEST:
        return Verdict(UNDECIDED, f"a quarter of the run has fewer than {FEWEST} records")
    quarters = [
        _Quarter(float(part.mean()), *map(float, np.quantile(part, (1 - SHARE, 0.5, SHARE))))
        for part in parts
    ]
    first, second, third = quarters
    up = first.mean < second.mean < third.mean and first.high < third.low
    down = first.mean > second.mean > third.mean and first.low > third.high
    for place, goal in goals.items():
        leaving = (up or down) and abs(third.mean - goal) > abs(first.mean - goal)
        if np.mean(np.abs(parts[-1] - goal) <= d) >= SHARE and not leaving:
            reason = f"{SHARE:.0%} of x in the last quarter of the run are within {d:.4g} of"
            return Verdict(place, f"{reason} {goal:g}")
    if up or down:
        reason = f"x still {'rises' if up else 'falls'}: its mean over a quarter of the run went"
        means = f"from {first.mean:.4g} to {second.mean:.4g} and {third.mean:.4g}"
        return Verdict(MOVING, f"{reason} {means}")
    if not goals:
        return Verdict(UNDECIDED, "no single point is best on this problem")
    around = f"90% of x in the last quarter of the run are in [{third.low:.4g}, {third.high:.4g}]"
    settled = all(
        abs(later.mean - first.mean) <= d / 10
        and max(abs(later.low - first.low), abs(later.high - first.high)) <= d / 2
        for later in (second, third)
    )
    if not settled:
        return Verdict(UNDECIDED, f"{around}, but not as in the quarters before")
    if not constant_step:
        return Verdict(UNDECIDED, f"{around}, as in the quarters before, but the step decays")
    for place, goal in goals.items():
        if abs(third.median - goal) <= d:
            return Verdict(
                place, f"{around} as before, and half of them within {d:.4g} of {goal:g}"
            )
    return Verdict(BETWEEN, f"{around}, as in the quarters before")


def _goals(problem: Problem) -> dict[str, float]:
    """Return the points at which a run may end, by what they are."""
    if not problem.attained:
        return {}
    goals = {OPTIMUM: problem.x_star}
    below, above = problem.x_star - problem.lower, problem.upper - problem.x_star
    if math.isfinite(problem.upper - problem.lower) and below != above:
        goals[WORST] = problem.lower if below > above else problem.upper
    return goals


def _by_law(law: LawCertificate, goals: dict[str, float]) -> Verdict:
    """Return the verdict on a run with a law."""
    place = next((p for p, goal in goals.items() if goal == law.x), BETWEEN)
    levels_off = float(law.limit) if law.limit > 0 else None
    ending = "" if levels_off is None else f"; the average regret levels off at {levels_off:.4g}"
    if not goals:
        place, ending = UNDECIDED, ending + "; no single point is best on this problem"
    return Verdict(
        place, f"by its law x goes to {law.x:g} for ever, in exact arithmetic{ending}", levels_off
    )


def _for_ever(
    cycle: Certificate, x: NDArray[np.float64], goals: dict[str, float], d: float
) -> Verdict:
    """Return the verdict on a run with a cycle, of which x are the records."""
    levels_off = cycle.limit if cycle.limit > 0 else None
    ending = "" if levels_off is None else f"; the average regret levels off at {levels_off:.4g}"
    around = f"for ever x goes round in [{cycle.lowest:.4g}, {cycle.highest:.4g}]"
    for place, goal in goals.items():
        farthest = max(abs(cycle.lowest - goal), abs(cycle.highest - goal))
        if farthest <= d:
            there = f"for ever x is {f'within {farthest:.4g} of ' if farthest else ''}{goal:g}"
        elif x.size >= FEWEST and abs(np.median(x) - goal) <= d:
            there = f"{around}, and half of its records are within {d:.4g} of {goal:g}"
        else:
            continue
        if place == OPTIMUM and levels_off is not None:
            ending += " because the step size is constant"
        return Verdict(place, there + ending, levels_off)
    if not goals:
        ending += "; no single point is best on this problem"
    return Verdict(BETWEEN if goals else UNDECIDED, around + ending, levels_off)
