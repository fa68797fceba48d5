"""The verdict on real runs whose end is known, and at the edges of its definition."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amsgrad.config.build import build_engine
from amsgrad.config.run_config import Config
from amsgrad.cycles.certificate import Certificate
from amsgrad.engines.driver import run_to
from amsgrad.problems.online import Online
from amsgrad.problems.problem import Problem
from amsgrad.problems.zhang import Zhang
from amsgrad.schedules import record_steps
from amsgrad.verdict import Verdict, verdict

STEPS = np.arange(1, 2001)
CYCLE = Certificate(101, 101, -1.0, {}, regret=10.1, lowest=-1.0, highest=-0.95)
REAL: list[tuple[dict[str, Any], str]] = [
    ({"opt": "adam"}, "at the worst end"),
    ({"opt": "amsgrad"}, "at the optimum"),
    ({"opt": "adam", "schedule": "inverse_sqrt", "lr": 0.5}, "at the worst end"),
    ({"opt": "amsgrad", "schedule": "inverse_sqrt", "lr": 0.5}, "at the optimum"),
    ({"opt": "amsgrad", "schedule": "inverse_sqrt"}, "still moving"),
    ({"opt": "adam", "steps": 1000, "every": 1}, "still moving"),
    ({"opt": "adam", "problem": "stochastic"}, "at the worst end"),
    ({"opt": "amsgrad", "problem": "stochastic"}, "undecided"),
    ({"opt": "adam", "problem": "zhang"}, "at the optimum"),
    ({"opt": "adam", "problem": "adashift"}, "still moving"),
    ({"opt": "adam", "period": 102}, "undecided"),  # every x is best
]


@pytest.mark.parametrize(("settings", "place"), REAL, ids=lambda value: str(value))
def test_real_runs(settings: dict[str, Any], place: str) -> None:
    config = Config(**{"steps": 10_000_000, **settings})
    engine = build_engine(config)
    _, records = run_to(engine, config.steps, record_steps(config.steps, config.every))
    found = verdict(
        records.step,
        records.x,
        config.make_problem(),
        x0=config.x0,
        constant_step=config.schedule == "constant",
        cycle=engine.certificate,
    )
    assert found.place == place, found.reason
    limit = engine.certificate.limit if engine.certificate else 0.0
    assert found.levels_off == (limit or None)


def judged(x: Any, problem: Problem | None = None, **changes: Any) -> Verdict:
    given: dict[str, Any] = {"x0": 0.0, "constant_step": True, **changes}
    return verdict(STEPS, np.broadcast_to(x, STEPS.shape), problem or Online(), **given)


NOISE = np.where(STEPS % 10 < 9, 0.0, 0.5)


@pytest.mark.parametrize(
    ("x", "changes", "place"),
    [
        (-0.9, {}, "at the optimum"),  # the edge itself
        (-0.8999, {}, "in between"),
        (0.9, {}, "at the worst end"),
        (-0.95 + STEPS / 1e5, {}, "still moving"),  # near, but leaving
        (-0.9 - STEPS / 1e5, {}, "at the optimum"),
        (-1 + NOISE, {}, "at the optimum"),  # a tenth is elsewhere: settled, and half are there
        (-1 + NOISE, {"constant_step": False}, "undecided"),
        (0.0, {"constant_step": False}, "undecided"),
        (STEPS / 1e6, {}, "still moving"),  # slowly
        (np.sin(STEPS / 300), {}, "undecided"),
        (np.where(STEPS > 1500, 1.0, 0.0), {}, "at the worst end"),  # come there at last
        (5.0, {"finite": False}, "diverged"),
        (-1.901, {"problem": Zhang()}, "at the optimum"),  # within 0.05 |x_1 - x*| = 0.1
        (-1.899, {"problem": Zhang()}, "in between"),
        (-1.901, {"problem": Zhang(), "x0": -1.5}, "in between"),
        (1.0, {"problem": Zhang()}, "in between"),  # F has no ends
        (-1.0, {"problem": Online(big=990, small=-10, period=100)}, "undecided"),  # all are best
    ],
)
def test_the_edges_of_the_definition(x: Any, changes: dict[str, Any], place: str) -> None:
    found = judged(x, **changes)
    assert found.place == place, found.reason
    assert found.levels_off is None  # nothing proves it


def test_too_few_records_are_undecided() -> None:
    few = STEPS[:36]
    given: dict[str, Any] = {"x0": 0.0, "constant_step": True}
    for step in (few, few[:0]):
        found = verdict(step, np.full(step.size, -1.0), Online(), **given)
        assert (found.place, "fewer than 10" in found.reason) == ("undecided", True)
    found = verdict(STEPS[:40], np.full(40, -1.0), Online(), **given)
    assert found.place == "at the optimum"


def test_a_cycle_decides_for_ever() -> None:
    there = judged(0.0, cycle=CYCLE)
    assert (there.place, there.levels_off) == ("at the optimum", pytest.approx(0.1))
    assert there.reason == (
        "for ever x is within 0.05 of -1; the average regret levels off at 0.1 because the step"
        " size is constant"
    )
    most = judged(-0.9, cycle=replace(CYCLE, highest=0.5))
    assert most.place == "at the optimum"
    assert "x goes round in [-1, 0.5], and half of its records are within 0.1 of -1" in most.reason
    wide = judged(0.0, cycle=replace(CYCLE, highest=-0.89))
    assert wide.place == "in between"
    assert "because" not in wide.reason
    above = judged(0.0, cycle=replace(CYCLE, lowest=0.95, highest=1.0))
    assert above.place == "at the worst end"
    assert "because" not in above.reason  # but for the place: a decaying step does not mend it
    still = judged(0.0, cycle=replace(CYCLE, regret=0.0, highest=-1.0))
    assert (still.reason, still.levels_off) == ("for ever x is -1", None)
