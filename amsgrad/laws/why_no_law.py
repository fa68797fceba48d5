"""Which runs have a law."""

import math

import numpy as np

from amsgrad.engines.base import Setup
from amsgrad.laws.decay import decay_of
from amsgrad.laws.later import why_never
from amsgrad.problems.problem import Problem
from amsgrad.rules.rule import Rule


def why_no_law(setup: Setup, rule: Rule) -> str | None:
    """Return why there is no law of this run, or None where one is looked for.

    The reason is the end of a sentence.
    """
    reason = why_not_periodic(setup)
    if reason is not None:
        return reason
    reason = why_never(setup, rule)
    if reason is not None:
        return reason
    if rule.wanders:
        return f"what {rule.name} has left out so far need not come back"
    if rule.grows:
        return f"the memory of {rule.name} grows, and does not come back"
    if setup.dtype is not np.float64:
        return (
            "in float32 the law soon ends, since small steps are absorbed by rounding; take"
            " --dtype float64, or --certify no for the plain loop"
        )
    return None


def why_not_periodic(setup: Setup) -> str | None:
    """Return why a run is not one at a decaying step on linear losses that repeat, or None."""
    problem = setup.problem
    if problem.random:
        return "its losses are random"
    if problem.gradient is not Problem.gradient or problem.loss is not Problem.loss:
        return "its losses are not linear"
    if not math.isfinite(problem.upper - problem.lower):
        return "its feasible set has no ends"
    if decay_of(setup) is None:
        return "its step size does not decay"
    return None
