"""The leading terms of laws for many runs at once, from closed forms: no step is taken.

With the steps d_i of a period of P slopes g_i at alpha = 1 (`amsgrad/theory/closed_form.py`), their
sum D, the end b of F to which it leads, and the walk u_i at that end (`walk.py`),

    limit   = (b - x*) sum g_i / P
    kappa   = A / (P (1 - p)) sum g_i u_i          for alpha_k ~ A k^-p; p = 1: without 1 - p
              (minus that at the upper end)
    arrival = the k at which |D| / P times the sum of alpha_1, ..., alpha_k is |b - x_1|

R_T / T is limit + kappa T^-p + O(1 / T), or limit + kappa ln(T) / T + O(1 / T) for p = 1. limit and
kappa are those of exact arithmetic, for every rule that has a form: also where the program's memory
does not repeat bit by bit, such as AdamNC's. arrival is an estimate for small step sizes: it leaves
out the teeth of x within a period, and how far x goes before the memory has come to its cycle, some
multiples of alpha.

If D = 0, since the slopes sum to zero and every step has the same divisor, then x rests in F: the
limit is 0, there is no arrival, and kappa is that of a walk without clips. Where D is lost in
rounding all three are NaN.

A rule whose own steps fade as 1 / sqrt(k), AdaGrad, has p + 1/2 for p; at a constant step that is
1/2. Where p > 1 the steps are summable, and all three are NaN. A beta1 that decays to 0 leaves the
terms of beta1 = 0, since it changes the steps by O(1 / k), which is summable with alpha_k.

Source: ours, as `law.py`.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from amsgrad.engines.base import Setup
from amsgrad.laws.why_no_law import why_not_periodic
from amsgrad.rules.form import Form
from amsgrad.schedules import constant, inverse_power, shifted_inverse_sqrt
from amsgrad.theory.closed_form import total
from amsgrad.theory.periodic import slopes

Floats = NDArray[np.float64]


class Leading(NamedTuple):
    """The leading terms of each run."""

    limit: Floats
    kappa: Floats
    arrival: Floats


def why_no_terms(setup: Setup, form: Form | None) -> str | None:
    """Return why `leading` has no terms of a run, or None; the reason is the end of a sentence."""
    if form is None:
        return "the steps of its rule have no closed form"
    if form.feedback:
        return "the steps of its rule do not repeat with the slopes"
    if setup.beta1_schedule is not constant and _without_beta1(form) is None:
        return "its beta1 decays, and that is no closed form of its rule"
    if setup.schedule is constant and form.fading:
        return None if setup.lr else "its step size is 0"
    return why_not_periodic(setup)


def leading(setup: Setup, form: Form, lr: ArrayLike, rate: ArrayLike = 0.0) -> Leading:
    """Return limit, kappa and arrival of runs that differ in their numbers.

    Args:
        setup: of all; its own lr and schedule_rate are not used.
        form: of the rule, for which `why_no_terms` is None; beta1, share, beta2 and eps may be
            arrays of shape (n, 1), except beta1 of a window.
        lr, rate: alpha and the rate of the schedule, one number or n.

    >>> from amsgrad.problems.online import Online
    >>> from amsgrad.schedules import inverse_sqrt
    >>> adam = Form("momentum", beta1=0.9, beta2=0.99)
    >>> found = leading(Setup(Online(), 0.525, inverse_sqrt), adam, [0.525, 1.05])
    >>> found.limit.round(4).tolist(), found.kappa.round(2).tolist()
    ([0.198, 0.198], [31.49, 62.99])
    """
    problem = setup.problem
    if setup.beta1_schedule is not constant:
        form = _without_beta1(form) or form
    g = np.roll(slopes(problem), -(setup.first_t % problem.period))
    drift = total(form, g)
    none = form.never_fails and g.sum() == 0
    drift_total = np.where(none, 0.0, drift.total)
    side = np.sign(drift_total)  # 1: to the lower end
    cost = _cost(np.moveaxis(drift.steps, -1, 0), g, side)
    size, h, p = _decay(setup, np.asarray(lr, float), np.asarray(rate, float))
    if form.fading:
        h, p = np.where(h == 0, h, np.nan), p + 0.5
    end = np.where(side > 0, problem.lower, problem.upper)
    limit = g.sum() / problem.period * (end - problem.x_star)
    one = p == 1
    share = np.where(one, 1.0, 1 - p)
    kappa = size / (problem.period * share) * cost
    with np.errstate(all="ignore"):
        # sum of (k + h)^-p up to T by the midpoints: q = 1 - p, ((T + h + 1/2)^q - ...) / q
        needed = np.abs(end - setup.x0) * problem.period / (size * np.abs(drift_total))
        first = h + 0.5
        last = np.where(one, first * np.exp(needed), (share * needed + first**share) ** (1 / share))
    arrival = np.where(side == 0, np.inf, last - first)
    known = (none | (np.abs(drift.total) > drift.rounding)) & (p <= 1) & (size > 0)
    shape = np.broadcast_shapes(kappa.shape, known.shape)
    return Leading(
        *(np.where(known, np.broadcast_to(e, shape), np.nan) for e in (limit, kappa, arrival))
    )


def _cost(d: Floats, g: Floats, side: Any) -> Floats:
    """Return sum g_i u_i, signed, over the second period of the walk from u = 0."""
    least, mirror = np.where(side == 0, -np.inf, 0.0), np.where(side < 0, -1.0, 1.0)
    u = cost = np.zeros(d.shape[1:])
    for turn in range(2):
        for step, slope in zip(d, g, strict=True):
            if turn:
                cost = cost + slope * u
            u = np.maximum(u - mirror * step, least)
    return mirror * cost


def _decay(setup: Setup, lr: Floats, rate: Floats) -> tuple[Floats, Floats, Floats]:
    """Return A, h and p of alpha_k = A (k + h)^-p."""
    zero = np.zeros(np.broadcast_shapes(lr.shape, rate.shape))
    if setup.schedule is constant:
        return lr + zero, zero, zero
    if setup.schedule is inverse_power:
        return lr + zero, zero, np.where((rate > 0) & (rate <= 1), rate, np.nan) + zero
    if setup.schedule is shifted_inverse_sqrt:
        with np.errstate(divide="ignore"):
            return lr / np.sqrt(rate), 1 / rate + zero, zero + 0.5
    return lr + zero, zero, zero + 0.5


def _without_beta1(form: Form) -> Form | None:
    """Return the form for beta1 = 0, where beta1 is a decay that a schedule may change."""
    if form.numerator in ("momentum", "mixture") and form.of == "gradient":
        return replace(form, numerator="gradient")
    return (
        replace(form, smoothing=0.0)
        if form.numerator == "gradient" and form.of == "gradient"
        else None
    )
