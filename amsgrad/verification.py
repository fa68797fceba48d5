"""Trust, but verify: compare the first steps of a fast engine with those of a slow one.

The slow one is the real torch optimizer, within rounding, or the reference engine, to the bit.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from amsgrad.engines.agreement import first_difference
from amsgrad.engines.base import Engine, Records, State, Trajectory
from amsgrad.engines.driver import drive, run_to
from amsgrad.engines.reference import Reference
from amsgrad.rules.rule import Rule

# torch fuses multiplications with additions and rounds its square root differently: an ulp or two
# per step, which the moments remember for 1 / (1 - beta) steps.
ULPS_PER_STEP = 8
VERIFIED = 200  # steps of one run of a batch, which the reference engine repeats, to the bit


class Disagreement(Exception):
    """A fast engine differs from the slow one."""


@dataclass(frozen=True)
class Verification:
    """The number of steps compared, and the largest difference of each variable.

    A difference is relative to the largest value of the variable so far.
    """

    steps: int
    against: str
    tolerance: float
    largest: dict[str, float]


def tolerance(rule: Rule, dtype: type[Any], steps: int) -> float:
    """Return the relative difference that rounding explains.

    It is ULPS_PER_STEP eps min(steps, 1 / (1 - beta)), beta the largest decay of the rule.
    """
    beta2 = getattr(rule.h, "beta2", 1.0)  # a rule without one forgets nothing
    remembered = steps if beta2 == 1 else min(steps, 1 / (1 - max(rule.beta1, beta2)))
    return ULPS_PER_STEP * float(np.finfo(dtype).eps) * remembered


def verify_to_the_bit(
    engine: Engine[State],
    definition: Reference,
    steps: int,
    *,
    start: State | None = None,
    run: int | None = None,
    piece: Callable[[], int] | None = None,
) -> Verification:
    """Compare an engine with the reference engine, to the bit, after each piece of its first steps.

    Args:
        engine: of one run, or of a batch.
        definition: the reference engine of the same run.
        steps: how many, from the start.
        start: where to begin; None is the beginning of the run.
        run: the number of the run in the batch.
        piece: as for `drive`.

    Raises:
        Disagreement: x, a variable of the memory or a sum differs in a bit.
    """
    begin = definition.init() if start is None else start
    ends = begin.steps + steps
    ours = drive(engine, engine.init() if start is None else start, ends, piece=piece)
    theirs = drive(definition, begin, ends, piece=piece)
    # on its cycle, or by its law, an engine adds up whole cycles, not steps
    sums = engine.certificate is None and engine.law is None
    for (found, _), (expected, _) in zip(ours, theirs, strict=True):
        differs = first_difference(found if run is None else found.run(run), expected, sums=sums)
        if differs is not None:
            raise Disagreement(f"after {expected.steps} steps {differs} as in the reference engine")
    compared = ("x", *definition.rule.memory._fields)
    return Verification(steps, "the reference engine", 0.0, dict.fromkeys(compared, 0.0))


def verify_runs(
    engine: Engine[State], definitions: Iterable[tuple[int, Reference]], steps: int
) -> None:
    """Compare runs of a batch with the reference engine, to the bit, after their first steps.

    Args:
        engine: of a batch, which takes these steps once.
        definitions: the number of each run in the batch, and the reference engine of it.
        steps: how many, from the start.

    Raises:
        Disagreement: x, a variable of the memory or a sum differs in a bit.
    """
    found, _ = run_to(engine, steps)
    for number, definition in definitions:
        differs = first_difference(found.run(number), run_to(definition, steps)[0])
        if differs is not None:
            raise Disagreement(
                f"run {number} of the batch differs after {steps} steps: {differs} as in the"
                " reference engine"
            )


def verify_lane(
    engine: Engine[State], alone: Engine[State], steps: int, *, lane: int, to_the_bit: bool
) -> Verification:
    """Compare one lane of many with the same run by itself, at each of its first steps.

    Args:
        engine: of many runs of a torch optimizer.
        alone: the torch loop of one of them.
        steps: how many, from the start.
        lane: the number of that run.
        to_the_bit: whether x and all regrets must have the same bits; else x may differ by what
            rounding explains, ULPS_PER_STEP eps per step, relative to the way so far.

    Raises:
        Disagreement: they differ by more.
    """
    every = np.arange(1, steps + 1)
    (_, ours), (end, theirs) = run_to(engine, steps, every), run_to(alone, steps, every)
    _, *columns = ours.part(0, theirs.step.size)  # a run by itself ends where it meets NaN
    named = dict(zip(Records._fields[1:], columns, strict=True))
    eps = 0.0 if to_the_bit else float(np.finfo(end.x.dtype).eps)
    moved = np.abs(np.diff(theirs.x, prepend=0.0))
    largest = {}
    for name in named if to_the_bit else ("x",):
        own, expected = named[name][:, lane], getattr(theirs, name)
        alike = (own == expected) | (np.isnan(own) & np.isnan(expected))
        difference = np.where(alike, 0.0, np.abs(own - expected))
        wrong = ~(difference <= ULPS_PER_STEP * eps * theirs.step * np.cumsum(moved))
        if wrong.any():
            i = int(np.argmax(wrong))
            raise Disagreement(
                f"at step {theirs.step[i]} the lane has {name} = {float(own[i])!r}, and the run by"
                f" itself {float(expected[i])!r}"
            )
        largest[name] = float(difference.max(initial=0.0))
    return Verification(steps, "the torch loop", ULPS_PER_STEP * eps * steps, largest)


def verify(
    engine: Engine[State], path: Trajectory, names: Mapping[str, str], allowed: float
) -> Verification:
    """Compare x and the state variables of an engine with those of a path, step by step.

    Args:
        engine: of one run of a rule.
        path: of the real optimizer.
        names: by state variable of the rule, its name in the path.
        allowed: difference, relative to the largest value so far.

    Raises:
        Disagreement: some variable differs by more than `allowed` of the largest value that it has
            had so far.
    """
    steps = len(path.x)
    theirs_of = {variable: path.memory[name] for variable, name in names.items()}
    theirs_of["x"] = path.x  # last: a wrong memory is reported before what follows from it
    scale = dict.fromkeys(theirs_of, 0.0)
    largest = dict(scale)
    one_step = drive(engine, engine.init(), steps, piece=lambda: 1)
    for i, (state, _) in enumerate(one_step):
        ours_of = {**state.memory._asdict(), "x": state.x}
        for name in theirs_of:
            ours, theirs = ours_of[name], theirs_of[name][i]
            scale[name] = max(scale[name], abs(theirs))
            alike = ours == theirs or (math.isnan(ours) and math.isnan(theirs))
            difference = 0.0 if alike else abs(float(ours) - theirs) / (scale[name] or 1.0)
            if not difference <= allowed:
                raise Disagreement(
                    f"After step {i + 1} our rule has {name} = {float(ours)!r} where"
                    f" {path.name} has {theirs!r}: they differ by more than {allowed:.1e} of"
                    f" {scale[name]!r}"
                )
            largest[name] = max(largest[name], difference)
    return Verification(steps, path.name, allowed, largest)
