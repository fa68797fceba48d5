"""What the runs of a batch have in common, whatever computes them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from amsgrad.engines.base import Setup
from amsgrad.problems.problem import Problem
from amsgrad.rules.rule import Rule
from amsgrad.schedules import constant


def kind(setup: Setup, rule: Rule) -> tuple[Any, ...]:
    """Return what the runs of a batch must have in common."""
    p = setup.problem
    return (
        (type(p), p.period, p.lower, p.upper, p.x_star, p.random, p.hindsight, p.select),
        (setup.schedule, setup.beta1_schedule, setup.first_t, setup.dtype),
        (rule.memory, rule.coefficients, rule.update, type(rule.h)),
    )


def check_one_kind(setups: Sequence[Setup], rules: Sequence[Rule]) -> None:
    """Refuse an empty batch, and one of runs of more than one kind.

    Raises:
        ValueError: the list is empty, or the runs differ in their kind.
    """
    if len({kind(*run) for run in zip(setups, rules, strict=True)}) != 1:
        raise ValueError(
            "The runs of a batch must have one class, period, feasible set and comparator of"
            " their problems, one order of losses, one first t, dtype and pair of schedules,"
            " and one rule"
        )


def steps_repeat(setup: Setup) -> bool:
    """Return whether what each step takes from x comes to repeat with the period, whatever x is.

    Losses are then linear and in order, and the step size is constant. Nor may the sum of the
    slopes be asked for: it goes on.
    """
    problem = setup.problem
    return (
        problem.gradient is Problem.gradient
        and not (problem.random or problem.hindsight)
        and setup.schedule is setup.beta1_schedule is constant
    )


def numbers_of(setup: Setup) -> int:
    """Return how many numbers a batch keeps in memory for the problem of each such run."""
    return max(1, sum(map(np.size, setup.problem.parameters(setup.dtype))))
