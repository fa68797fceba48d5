"""The check of a law's certificate: one cycle of the reference engine, and plain fractions.

It takes nothing from the modules that find a law but the exact step sizes (`decay.py`) and one turn
of the memory in plain Python (`memory.turn`). It walks at the end of F with fractions, as `walk.py`
explains, and takes each residue class by itself, where `class_sums.py` has one series for all:

    sum_{q < n} (a + q)^-p = Z(a) - Z(a + n)
    Z(a) = a^(1-p) [1 / (p-1) + 1 / (2 a) + sum_{i <= 8} B_2i / (2i)! (p)_{2i-1} a^-2i + error]

with an error that is at most the first term left out, since x^-p is completely monotone (DLMF
2.10(i)); for p = 1 the first term of Z is -ln a. In A L^-p Z(a) the power is the step size of the
first step of the class times a: so only step sizes and logarithms are no fractions, and are
enclosed.
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from amsgrad.engines.agreement import first_difference
from amsgrad.engines.base import NOTHING, Setup, State
from amsgrad.engines.driver import run_to
from amsgrad.engines.reference import Reference
from amsgrad.laws.certificate import LawCertificate
from amsgrad.laws.decay import Between, Decay, decay_of, ln
from amsgrad.laws.later import later
from amsgrad.laws.memory import LONGEST, NoLaw, Turn, turn
from amsgrad.laws.why_no_law import why_no_law
from amsgrad.regret import EMPTY, value
from amsgrad.rules.rule import Rule

LEAST = 40  # cycles before the law: there the error of Z is below 1e-26 of it
GRID = 2**256  # sums are rounded outwards to multiples of 1 / GRID
HALF_ULP = Fraction(1, 2**53)  # a double is rounded by at most so much of its size
EVEN = [  # B_2, B_4, ..., B_16
    Fraction(*b)
    for b in ((1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510))
]
NEXT = Fraction(43867, 798)  # B_18


class Clip(NamedTuple):
    """A step that clips, and the excursion that it ends."""

    step: int  # its place in the cycle
    begin: int  # the place of the first step after the clip before
    top: Fraction  # the largest distance from the end of F in between, over alpha
    margin: Fraction  # by how much it would go beyond the end, over alpha


def refutation(certificate: LawCertificate, setup: Setup, rule: Rule) -> str | None:
    """Return why the law does not hold for this run, or None where it does.

    This checks all that follows from the state after K steps and from R_K; `unreached` checks that
    the run comes to both.
    """
    reason = why_no_law(setup, rule)
    if reason is not None:
        return f"the run has no law: {reason}"
    c, problem = certificate, setup.problem
    if list(c.memory) != list(rule.memory._fields):
        return f"the memory of {rule.name} is {', '.join(rule.memory._fields)}"
    if not 0 < c.length <= LONGEST or c.length % problem.period:
        return (
            f"a cycle has a multiple of {problem.period} steps, at most {LONGEST:,}, not {c.length}"
        )
    least = max(later(setup, rule)[1].settled - 1, LEAST * c.length)
    if c.start < least:
        return f"a law begins after {least} steps or later, not after {c.start}"
    if c.x not in (problem.lower, problem.upper):
        return f"x = {c.x!r} is not an end of the feasible set"
    stated = {"regret": c.regret, "kappa": c.kappa, "constant": c.constant, **c.memory}
    for name, number in stated.items():
        if not math.isfinite(number):
            return f"{name} = {number!r} is not a finite number"
    state = _state(c, setup, rule)
    try:
        around = turn(setup, rule, c.start, c.length, state.memory)
    except NoLaw as why:
        return f"the run has no law: {why}"
    if not around.settled:
        return f"after {c.start} steps the coefficients of {rule.name} still change its bits"
    plainly, _ = Reference(setup, rule).advance(state, c.length, NOTHING)
    for found in (state._replace(memory=around.after), plainly):
        differs = first_difference(found, state, sums=False)
        if differs is not None:
            return f"{c.length} steps later {differs}"
    decay = decay_of(setup)
    assert decay is not None
    return next(_wrong(c, setup, decay, around), None)


def unreached(certificate: LawCertificate, setup: Setup, rule: Rule) -> str | None:
    """Return why the run does not come to the certificate's state, or None where it does.

    The plain reference engine computes the first K steps, in some 10 microseconds each.

    Args:
        certificate: one without a `refutation` for this run.
        setup, rule: the run.
    """
    here, _ = run_to(Reference(setup, rule), certificate.start)
    differs = first_difference(here, _state(certificate, setup, rule), sums=False)
    if differs is None and value(here.regret) != certificate.regret:
        differs = f"the regret is {value(here.regret)!r}, not {certificate.regret!r}"
    return None if differs is None else f"after {certificate.start} steps of the run {differs}"


def _state(certificate: LawCertificate, setup: Setup, rule: Rule) -> State:
    real = setup.dtype
    memory = rule.memory(*map(real, certificate.memory.values()))
    return State(certificate.start, real(certificate.x), memory, EMPTY, EMPTY)


def _wrong(c: LawCertificate, setup: Setup, decay: Decay, around: Turn) -> Iterator[str]:
    """Yield what does not follow from one turn of the memory; first what the rest needs."""
    lower, upper = Fraction(setup.problem.lower), Fraction(setup.problem.upper)
    sign = 1 if c.x == setup.problem.lower else -1
    g, steps = list(map(Fraction, around.slopes)), list(map(Fraction, around.steps))
    clips = _clips([sign * step for step in steps])
    if not clips or clips[-1].step != c.length:
        yield "the last step of the cycle does not clip"
        return
    if tuple(clip.step for clip in clips) != c.clips:
        yield f"the steps that clip are {', '.join(str(clip.step) for clip in clips)}"
    for clip in clips:
        if _fall(clip, c, decay) >= clip.margin:
            yield f"step {clip.step} of the cycle clips, but after {c.start} steps not for ever"
    if decay.at(c.start + 1).upper * max(clip.top for clip in clips) >= upper - lower:
        yield f"after {c.start} steps the other end of the feasible set is within reach"
    weights = _weights(g, steps, {clip.step for clip in clips})
    p, total = decay.p, sum(weights, Fraction(0))
    limit = sum(g) * (Fraction(c.x) - Fraction(setup.problem.x_star)) / c.length
    if c.limit != limit:
        yield f"the limit is {limit}, not {c.limit}"
    if c.exponent != float(p):
        yield f"the exponent is {float(p)!r}, not {c.exponent!r}"
    kappa = decay.size.times(total / (c.length * (1 - p if p < 1 else 1)))
    constant = _constant(c, decay, weights).plus(Fraction(c.regret) - limit * c.start)
    for name, between in (("kappa", kappa), ("constant", constant)):
        if not float(between.lower) <= getattr(c, name) <= float(between.upper):
            yield f"{name} is {float(between.lower)!r}, not {getattr(c, name)!r}"
    size = sum(map(abs, steps)) * (1 + p * c.length / (c.start + 1 + decay.h))
    rounded = (around.roundings + 4) * HALF_ULP * Fraction(101, 100) * size
    sure = clips[-1].margin - _fall(clips[-1], c, decay) - rounded
    lost = c.length * HALF_ULP * max(abs(lower), abs(upper))
    if c.bits_to <= c.start or decay.at(c.bits_to).lower * sure <= lost:
        yield f"the bits are not proved up to step {c.bits_to}"


def _clips(steps: list[Fraction]) -> list[Clip]:
    """Walk from the end of F, at a constant step, through one cycle."""
    clips, u, top, begin = [], Fraction(0), Fraction(0), 0
    for i, step in enumerate(steps):
        top = max(top, u)
        if step > u:
            clips.append(Clip(i + 1, begin, top, step - u))
            u, top, begin = Fraction(0), Fraction(0), i + 1
        else:
            u -= step
    return clips


def _fall(clip: Clip, c: LawCertificate, decay: Decay) -> Fraction:
    """Return by how much at most the falling step size takes from a clip's margin."""
    steps = clip.step - 1 - clip.begin
    return decay.p * steps * clip.top / (c.start + 1 + clip.begin + decay.h)


def _weights(g: list[Fraction], steps: list[Fraction], clips: set[int]) -> list[Fraction]:
    weights, later = [], Fraction(0)
    for i in range(len(g), 0, -1):
        if i in clips:
            later = Fraction(0)
        weights.append(-steps[i - 1] * later)
        later += g[i - 1]
    return weights[::-1]


def _constant(c: LawCertificate, decay: Decay, weights: list[Fraction]) -> Between:
    """Return A L^-p sum_j w_j Z(a_j), rounded outwards; for p = 1 less kappa ln L, too."""
    p, rising, terms = decay.p, decay.p, []
    for i, b in enumerate([*EVEN, NEXT], 1):
        terms.append(b * rising / math.factorial(2 * i))
        rising *= (p + 2 * i - 1) * (p + 2 * i)
    *terms, left_out = terms
    total = Between(Fraction(0), Fraction(0))
    for j, weight in enumerate(weights):
        if not weight:
            continue
        k = c.start + 1 + j
        a = (k + decay.h) / c.length
        inside = 1 / (2 * a) + sum(term * a ** (-2 * i) for i, term in enumerate(terms, 1))
        error = abs(left_out) * a ** (-2 * len(terms) - 2)
        z = Between(inside - error, inside + error)
        z = z.plus(1 / (p - 1)) if p < 1 else z.plus(ln(k + decay.h).times(Fraction(-1)))
        total = _outwards(total.plus(decay.at(k).times(z).times(a * weight)))
    return total


def _outwards(number: Between) -> Between:
    """Round to a grid, so that the fractions stay short."""
    lower, upper = math.floor(number.lower * GRID), math.ceil(number.upper * GRID)
    return Between(Fraction(lower, GRID), Fraction(upper, GRID))
