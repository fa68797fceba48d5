"""The verdict of a cell: each of its rules, with runs that are made up, and D as it would be."""

import math
from typing import Any

import numpy as np
import pytest

from amsgrad.cell_verdict import RIGHT, WRONG, Drift, Run, judge, moves_away
from amsgrad.engines.base import Setup
from amsgrad.problems.rare import Rare
from amsgrad.problems.sequence import Sequence
from amsgrad.problems.zhang import Zhang
from amsgrad.schedules import inverse_sqrt
from amsgrad.theory.mean_step import MeanStep
from amsgrad.verdict import BETWEEN, DIVERGED, MOVING, OPTIMUM, UNDECIDED, WORST, Verdict

STEPS = np.arange(1, 1001)
SLOPES = np.array([3.0, -1.0, -1.0])
PROBLEM = Sequence(slopes="3,-1x2")
SHORT, LONG = 10, 100_000  # steps; with D = 0.1 and P = 3 a run is long enough from 961 on
PLACES = {RIGHT: OPTIMUM, WRONG: WORST, MOVING: MOVING, UNDECIDED: UNDECIDED, "diverged": DIVERGED}


def drift(total: float, error: float = 1e-9, **changes: Any) -> Drift:
    step = MeanStep(total, error, 2.0, "closed form")
    return Drift(step, SLOPES, **{"drawn": False, **changes})


def runs(*words: str, steps: int = LONG, problem: Any = PROBLEM, **changes: Any) -> list[Run]:
    setup = Setup(problem, lr=1.0, schedule=inverse_sqrt, dtype=np.float64)
    return [
        Run(Verdict(PLACES.get(word, word), "as given"), setup, steps, changes.get("away", False))
        for word in words
    ]


@pytest.mark.parametrize(
    ("given", "d", "expected"),
    [
        # D and some run agree, whatever the other runs are still doing
        ((RIGHT, MOVING), drift(0.1), (RIGHT, "D and runs")),
        ((WRONG, UNDECIDED), drift(-0.1), (WRONG, "D and runs")),
        # diverged is wrong
        (("diverged", UNDECIDED), drift(-0.1), (WRONG, "D and runs")),
        # a run that is long enough says the opposite
        ((RIGHT, WRONG), drift(0.1), (UNDECIDED, "")),
        ((RIGHT, RIGHT), drift(-0.1), (UNDECIDED, "")),
        # D is not above its error: windows disagree, or noise
        ((RIGHT, RIGHT), drift(0.1, 0.1), (UNDECIDED, "")),
        ((WRONG, WRONG), drift(-0.1, math.inf), (UNDECIDED, "")),
        # the runs should have shown it
        ((MOVING, MOVING, UNDECIDED), drift(0.1), (MOVING, "runs")),
        ((UNDECIDED, UNDECIDED), drift(-0.1), (UNDECIDED, "")),
        ((BETWEEN,), drift(-0.1), (UNDECIDED, "")),
    ],
)
def test_long_runs(given: tuple[str, ...], d: Drift, expected: tuple[str, str]) -> None:
    assert judge(runs(*given), d, published=1.0)[:2] == expected


@pytest.mark.parametrize("given", [(MOVING,), (UNDECIDED,), (RIGHT,), (RIGHT, MOVING)])
def test_short_runs_give_way_to_d(given: tuple[str, ...]) -> None:
    found = judge(runs(*given, steps=SHORT), drift(-0.1), published=1.0)
    assert found[:2] == (WRONG, "D")
    assert found.reason.startswith("D = -0.1 with an error of 1e-09 sends x to +1; runs: 1")
    assert found.reason.endswith("none of them long enough for D")


def test_a_mirrored_problem_has_its_optimum_at_the_other_end() -> None:
    mirrored = Sequence(slopes="-3,1x2")
    assert judge(runs(RIGHT, problem=mirrored), drift(-0.1), 1.0)[:2] == (RIGHT, "D and runs")
    assert judge(runs(WRONG, problem=mirrored), drift(0.1), 1.0)[:2] == (WRONG, "D and runs")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((RIGHT, MOVING), (RIGHT, "runs")),
        ((WRONG, MOVING), (WRONG, "runs")),
        ((MOVING, MOVING, UNDECIDED), (MOVING, "runs")),
        ((MOVING, UNDECIDED, UNDECIDED), (UNDECIDED, "")),
        ((RIGHT, WRONG), (UNDECIDED, "")),
    ],
)
def test_without_d_the_runs_speak(given: tuple[str, ...], expected: tuple[str, str]) -> None:
    found = judge(runs(*given), "the losses are not linear", published=1.0)
    assert found[:2] == expected
    assert found.reason.startswith("the losses are not linear; runs: ")


def test_without_d_a_step_above_the_published_one_cannot_be_wrong() -> None:
    found = judge(runs("diverged", MOVING), "why", published=0.1)
    assert found == (
        MOVING, "runs",
        "why; runs: 1 wrong, 1 still moving, 1 wrong with a step size above the published one",
    )  # fmt: skip
    assert judge(runs("diverged", RIGHT), "why", published=0.1)[:2] == (RIGHT, "runs")


def test_without_ends_x_that_moves_away_is_wrong() -> None:
    away, back = (runs(MOVING, problem=Zhang(), away=away)[0] for away in (True, False))
    assert (away.says, back.says) == (WRONG, MOVING)
    assert runs(MOVING, away=True)[0].says == MOVING


def test_without_ends_x_that_settled_in_between_is_wrong() -> None:
    assert runs(BETWEEN, problem=Rare())[0].says == WRONG
    assert runs(BETWEEN)[0].says == UNDECIDED


@pytest.mark.parametrize(
    ("x", "away"),
    [
        (STEPS / 1000, True),  # x* = -2, x_1 = 0
        (STEPS / 20000, False),  # by less than is near
        (1 - STEPS / 2000, False),  # far, but on its way back
        (-1 + STEPS / 2000, False),  # leaves, and is nearer than at first
        (-2 - STEPS / 400, True),
    ],
)
def test_who_moves_away(x: Any, away: bool) -> None:
    setup = runs(RIGHT, problem=Zhang())[0].setup
    assert moves_away(STEPS, x, setup) is away


def test_the_horizon() -> None:
    assert drift(-0.1).horizon == pytest.approx(90)
    assert drift(0.0, 1e-3).horizon == math.inf


def test_a_run_is_long_enough_once_the_drift_has_carried_x_twice() -> None:
    setup = runs(RIGHT)[0].setup
    # |D| / P 2 (sqrt(T) - 1) = 2 |end - x_1| = 2 at T = (P / |D| + 1)^2 = 961
    assert not drift(0.1).shown_by(setup, 950)
    assert drift(0.1).shown_by(setup, 970)
    # in units of 1 / sqrt(k) only log T is left of it
    assert not drift(0.1, fades=True).shown_by(setup, 10**9)
    assert drift(3.0, fades=True).shown_by(setup, 1000)


def test_a_run_is_long_enough_once_x_fluctuates_less_than_is_near() -> None:
    setup = runs(RIGHT)[0].setup
    wide = Drift(MeanStep(30.0, 1e-9, 60.0, ""), SLOPES, drawn=False)
    # alpha_T / 2 60 <= 0.1 from T = 300^2 on
    assert not wide.shown_by(setup, 89_000)
    assert wide.shown_by(setup, 91_000)
    # 3 alpha_T s^2 / (2 mu) <= 0.1 with s^2 = (11/3) / (5/3)^2 (60/3)^2 = 528 and mu = 10
    drawn = wide._replace(drawn=True)
    assert not drawn.shown_by(setup, 620_000)
    assert drawn.shown_by(setup, 635_000)
    # momentum makes s^2 three times as large, and T nine times
    assert not drawn._replace(beta1=0.5).shown_by(setup, 9 * 620_000)
    assert drawn._replace(beta1=0.5).shown_by(setup, 9 * 635_000)
