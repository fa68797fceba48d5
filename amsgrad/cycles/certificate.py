"""A machine-checked statement for all T: the state that comes back, and what a cycle costs.

If the state of a constant-step run after `start` steps is, bit for bit, the state after `start +
length` steps, then so it is for ever, since a step is a function of the state alone. So for every n

    R_{start + n length} = R_start + n regret        and        R_T / T -> regret / length

exactly: no bound, no fit, no extrapolation. A limit above zero proves that the program does not
have vanishing average regret. Anyone who has the state can check it by one cycle of plain
arithmetic.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from amsgrad.engines.agreement import first_difference
from amsgrad.engines.base import Setup, State
from amsgrad.engines.driver import run_to
from amsgrad.engines.reference import Reference
from amsgrad.regret import EMPTY
from amsgrad.rules.rule import NEVER, Rule
from amsgrad.schedules import constant

LONGEST = 10_000_000  # steps: a longer cycle is not kept


@dataclass(frozen=True)
class Certificate:
    """The cycle of one run.

    Args:
        start: steps after which the state is first on the cycle, at the beginning of a period.
        length: steps of the cycle, a multiple of the period.
        x: the iterate after `start` steps.
        memory: the rule's state variables after `start` steps, by name.
        regret: the sum of the regrets of one cycle, correctly rounded.
        lowest, highest: the range of x_t on the cycle.
    """

    start: int
    length: int
    x: float
    memory: dict[str, float]
    regret: float
    lowest: float
    highest: float

    @property
    def limit(self) -> float:
        """The limit of the average regret R_T / T."""
        return self.regret / self.length


def why_no_cycle(setup: Setup, rule: Rule) -> str | None:
    """Return why this run is not guaranteed to end in a cycle, or None if it is.

    The reason is the end of a sentence.
    """
    if setup.problem.random:
        return "its losses are random"
    if setup.schedule is not constant:
        return "its step size decays"
    if setup.beta1_schedule is not constant:
        return "its beta1 decays"
    if rule.settled == NEVER:
        return f"the coefficients of {rule.name} change at every step"
    return None


def first_boundary(setup: Setup, rule: Rule) -> int:
    """Return the first number of steps after which a period begins with settled coefficients."""
    done = max(rule.settled - 1, 0)
    return done + (-(setup.first_t + done)) % setup.problem.period


def refutation(certificate: Certificate, setup: Setup, rule: Rule) -> str | None:
    """Return why the certificate does not hold for this run, or None where it does.

    The plain reference engine computes one cycle from the state alone. This checks what holds for
    ever from that state on; `unreached` checks that the run comes to it after `start` steps.
    """
    reason = why_no_cycle(setup, rule)
    if reason is not None:
        return f"the run is not guaranteed to be periodic: {reason}"
    if list(certificate.memory) != list(rule.memory._fields):
        return f"the memory of {rule.name} is {', '.join(rule.memory._fields)}"
    period, boundary = setup.problem.period, first_boundary(setup, rule)
    if certificate.start < boundary or (certificate.start - boundary) % period:
        return f"a cycle starts at {boundary} plus a multiple of {period}, not {certificate.start}"
    if not 0 < certificate.length <= LONGEST or certificate.length % period:
        return (
            f"a cycle has a multiple of {period} steps, at most {LONGEST:,}, not"
            f" {certificate.length}"
        )
    real = setup.dtype
    claimed = {"x": certificate.x, **certificate.memory}
    for name, number in claimed.items():
        with np.errstate(over="ignore"):
            fits = math.isfinite(number) and float(real(number)) == number
        if not fits:
            return f"{name} = {number!r} is not a finite number in {np.dtype(real).name}"
    if not setup.problem.lower <= certificate.x <= setup.problem.upper:
        return f"x = {certificate.x!r} is outside the feasible set"
    return _goes_around(certificate, Reference(setup, rule))


def unreached(certificate: Certificate, setup: Setup, rule: Rule) -> str | None:
    """Return why the run does not come to the certificate's state, or None where it does.

    The plain reference engine computes the first `start` steps, in some 10 microseconds each.

    Args:
        certificate: one without a `refutation` for this run.
        setup, rule: the run.
    """
    here, _ = run_to(Reference(setup, rule), certificate.start)
    differs = first_difference(here, state_of(certificate, setup, rule), sums=False)
    return None if differs is None else f"after {certificate.start} steps of the run {differs}"


def state_of(certificate: Certificate, setup: Setup, rule: Rule) -> State:
    """Return the state at the beginning of the cycle, with empty sums."""
    real = setup.dtype
    memory = rule.memory(*map(real, certificate.memory.values()))
    return State(certificate.start, real(certificate.x), memory, EMPTY, EMPTY)


def _goes_around(certificate: Certificate, engine: Reference) -> str | None:
    period = engine.setup.problem.period
    begin = state_of(certificate, engine.setup, engine.rule)
    here, lowest, highest = begin, math.inf, -math.inf

    def regrets() -> Iterator[float]:
        nonlocal here, lowest, highest
        while here.steps < certificate.start + certificate.length and here.finite:
            every_step = np.arange(here.steps + 1, here.steps + period + 1)
            here, path = engine.advance(here, period, every_step)
            lowest, highest = min(lowest, *path.x.tolist()), max(highest, *path.x.tolist())
            yield from path.regret.tolist()

    try:
        regret = math.fsum(regrets())
    except OverflowError:
        return "the sum of the regrets of the cycle overflows"
    if not here.finite:
        return f"step {here.steps} meets infinity or NaN"
    differs = first_difference(here, begin, sums=False)
    if differs is not None:
        return f"after {certificate.length} steps {differs}"
    for name, number in (("regret", regret), ("lowest", lowest), ("highest", highest)):
        stated = getattr(certificate, name)
        if stated != number:
            return f"{name} over the cycle is {number!r}, not {stated!r}"
    return None
