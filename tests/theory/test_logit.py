"""Kar's own coordinate of the rare token, the logit, beside that of `rare`, the probability."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.problems.problem import Problem
from amsgrad.problems.rare import Rare
from amsgrad.rules import RULES
from amsgrad.schedules import constant
from amsgrad.theory.level import rho


@dataclass(frozen=True)
class Logit(Rare):
    """f_t(x) = log(1 + e^x) - X_t x: the loss -log p or -log(1 - p) of p = 1 / (1 + e^-x)."""

    @property
    def x_star(self) -> float:
        return -math.log(self.period - 1)

    @staticmethod
    def loss(slope: Any, x: Any, p: Any) -> Any:
        return math.log1p(math.exp(x)) - slope * x

    @staticmethod
    def gradient(slope: Any, x: Any, p: Any) -> Any:
        return 1 / (1 + math.exp(-x)) - slope


def settled(problem: Problem, period: int, lr: float) -> Any:
    """Return x at the end of a run of RMSprop with kappa = 1, at a constant step."""
    setup = Setup(problem, lr, constant, dtype=np.float64, x0=problem.x_star)
    rule = RULES["rmsprop"](beta2=1 - 1 / period, eps=1e-12)
    steps = 1_000_000
    at = np.arange(steps - 20 * period, steps) + 1
    return run_to(Compiled(setup, rule), steps, at)[1].x


@pytest.mark.parametrize(
    ("lr", "logit", "itself"),
    [
        (0.001, {100: 0.7730, 1000: 0.7718}, {100: 0.8048, 1000: 0.9834}),
        (0.004, {100: 0.7738, 1000: 0.7742}, {100: 0.8845, 1000: 1.0063}),  # Kar's step size
        (0.05, {100: 0.7851, 1000: 0.8117}, {100: 1.0414, 1000: 1.2235}),
    ],
)
def test_the_step_size_hardly_matters_to_the_logit_but_much_to_the_probability(
    lr: float, logit: dict[int, float], itself: dict[int, float]
) -> None:
    for period in logit:
        p = 1 / (1 + np.exp(-settled(Logit(period), period, lr)))
        found = period * p.mean()
        assert found == pytest.approx(logit[period], abs=2e-4)
        assert found == pytest.approx(rho(1.0), rel=0.006 if lr < 0.01 else 0.06)
        x = settled(Rare(period), period, lr)
        assert period * x.mean() == pytest.approx(itself[period], rel=0.01)
