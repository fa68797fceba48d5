"""Trust, but verify: a fast engine beside the real torch optimizer, over the first steps."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from amsgrad.engines.contract import Engine, Trajectory
from amsgrad.rules.rule import Rule

# The names under which torch's and labml_nn's optimizers keep a rule's state variables.
TORCH_NAMES = {
    "m": ("exp_avg",),
    "v": ("exp_avg_sq", "square_avg"),
    "vmax": ("max_exp_avg_sq",),
    "total": ("sum",),
    "g": (),  # SGD's: torch keeps none
}

# torch fuses multiplications with additions and rounds its square root otherwise: an ulp or two a
# step, which the moments remember for 1 / (1 - beta) steps.
ULPS_A_STEP = 8

_NO_RECORDS = np.empty(0, np.int64)


class Disagreement(Exception):
    """A fast engine left the real optimizer's path."""


@dataclass(frozen=True)
class Verification:
    """What was compared, and each variable's largest difference relative to its largest value."""

    steps: int
    against: str
    tolerance: float
    largest: dict[str, float]


def tolerance(rule: Rule, dtype: type[Any], steps: int) -> float:
    """What rounding explains, relative: ULPS_A_STEP eps min(steps, 1 / (1 - beta))."""
    beta2 = getattr(rule.h, "beta2", 1.0)  # a rule without one forgets nothing
    remembered = steps if beta2 == 1 else min(steps, 1 / (1 - max(rule.beta1, beta2)))
    return ULPS_A_STEP * float(np.finfo(dtype).eps) * remembered


def follow(engine: Engine[Any], name: str, steps: int) -> Trajectory:
    """Record where a scalar engine goes, as what another engine is to be held to."""
    path = Trajectory(name, [], {})
    state = engine.init()
    for _ in range(steps):
        state, _ = engine.advance(state, 1, _NO_RECORDS)
        path.x.append(float(state.x))
        for variable, entry in state.memory._asdict().items():
            path.memory.setdefault(variable, []).append(float(entry))
    return path


def verify(engine: Engine[Any], rule: Rule, path: Trajectory, allowed: float) -> Verification:
    """Compare x and every state variable of the engine with those of the path, step by step.

    Raises:
        Disagreement: some variable differs by more than `allowed` of the largest value that it has
            had so far.
    """
    steps = len(path.x)
    theirs_of = {}
    for variable in rule.memory._fields:
        names = TORCH_NAMES.get(variable, (variable,))
        if names:
            kept = next(name for name in (variable, *names) if name in path.memory)
            theirs_of[variable] = path.memory[kept]
    theirs_of["x"] = path.x  # last: a wrong memory is told of before what follows from it
    scale = dict.fromkeys(theirs_of, 0.0)
    largest = dict(scale)
    state = engine.init()
    for i in range(steps):
        state, _ = engine.advance(state, 1, _NO_RECORDS)
        ours_of = {**state.memory._asdict(), "x": state.x}
        for name in theirs_of:
            ours, theirs = ours_of[name], theirs_of[name][i]
            scale[name] = max(scale[name], abs(theirs))
            alike = ours == theirs or (math.isnan(ours) and math.isnan(theirs))
            difference = 0.0 if alike else abs(float(ours) - theirs) / (scale[name] or 1.0)
            if not difference <= allowed:
                raise Disagreement(
                    f"After step {i + 1} the fast engine has {name} = {float(ours)!r} where"
                    f" {path.name} has {theirs!r}: they differ by more than {allowed:.1e} of"
                    f" {scale[name]!r}"
                )
            largest[name] = max(largest[name], difference)
    return Verification(steps, path.name, allowed, largest)
