"""The time of one step of Adam on losses that are not linear, beside that on the online problem."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from amsgrad.engines.base import Setup
from amsgrad.engines.batch import Batch
from amsgrad.engines.compiled import Compiled
from amsgrad.problems.online import Online
from amsgrad.problems.polynomial import Polynomial
from amsgrad.problems.problem import Problem
from amsgrad.problems.quadratic import Quadratic
from amsgrad.problems.rare import Rare
from amsgrad.rules import RULES
from amsgrad.schedules import SCHEDULES, record_steps
from benchmarks.contenders import Run, best_times

pytestmark = pytest.mark.usefixtures("one_core")

STEPS = 1_000_000  # of all runs together; many short turns, as other work may have the core
RUNS = 256  # of a batch
PROBLEMS = {
    "online": Online(),
    "quadratic": Quadratic(),
    "rare": Rare(),
    "polynomial": Polynomial(),
}
ENGINES = ("compiled", "batch")


def setup(problem: Problem, schedule: str) -> Setup:
    return Setup(problem, 0.02, SCHEDULES[schedule], dtype=np.float64, x0=problem.x0)


def contender(engine: str, setups: Sequence[Setup]) -> Run:
    rule = RULES["adam"](beta1=0.9, beta2=0.99, eps=1e-16)
    own: Any = Compiled(setups[0], rule) if engine == "compiled" else Batch(setups, RUNS * [rule])
    runs = 1 if engine == "compiled" else RUNS

    def run(steps: int) -> Any:
        return own.advance(own.init(), steps // runs, record_steps(steps // runs, 1000))

    return run


@pytest.mark.parametrize("schedule", ["constant", "inverse_sqrt"])
@pytest.mark.parametrize("engine", ENGINES)
def test_steps_of(
    report_time: Callable[..., None], check_ratio: Callable[..., None], engine: str, schedule: str
) -> None:
    best = best_times(
        {
            f"{name}, {engine}, {schedule}": (
                contender(engine, RUNS * [setup(problem, schedule)]),
                STEPS,
            )
            for name, problem in PROBLEMS.items()
        },
        turns=40,
    )
    online, *others = best
    for name, seconds in best.items():
        report_time("one step of Adam in double precision, by problem", name, seconds)
    if (engine, schedule) == ("compiled", "constant"):
        return  # there online has no peer: see README.md
    for name in others:
        check_ratio(best, name, online, 1 / 3)
