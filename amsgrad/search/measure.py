"""D of a form on many slopes, fast: one compiled loop over the period serves all forms.

D is the plain formula of `amsgrad/rules/form.py` here, off by about 1e-16 P sum |d|: 10 ns per
slope, where the careful `theory/closed_form.py` takes ten times as long. A search compares slopes
by it; what it finds is proved elsewhere. A sign that rounding may hide counts as 1, so that no find
with S > 0 rests on it.
"""

from functools import cache
from typing import Any, NamedTuple, no_type_check

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.search.balls import Floats
from amsgrad.theory.signs import mixture

LEAST = 1e-11  # |D| / sum |d| of which rounding leaves the sign
NUMERATORS = ("gradient", "momentum", "window", "mixture")
DIVISORS = (
    "root + eps",
    "root of w + eps",
    "max(root, eps)",
    "root of w and eps, + eps",
    "w",
    "one",
)
NEAR = 1e-12  # of max|g|: an n of which rounding hides the sign


class Numbers(NamedTuple):
    """A form as numbers, for compiled code."""

    numerator: int
    divisor: int
    deviation: bool
    maximum: bool  # decayed
    sign: bool
    near: float  # of max|g|, up to which an n counts as 0
    share: float
    late: int
    beta1: float
    beta2: float
    eps: float
    inside: float  # all the eps in w
    lag: int
    window: int
    oldest: float  # beta1^window
    weights: float  # 1 + beta1 + ... + beta1^(window - 1)
    power: float
    factor: float


def numbers(form: Form) -> Numbers:
    """Return a form that can fail as numbers."""
    twice = form.divisor == "root of w and eps, + eps"
    return Numbers(
        NUMERATORS.index(form.numerator),
        DIVISORS.index(form.divisor),
        form.of == "deviation",
        form.average == "decayed maximum",
        form.sign,
        NEAR if form.sign and mixture(form).remembers else 0.0,
        form.share,
        form.late,
        form.beta1,
        form.beta2,
        form.eps,
        form.eps / (1 - form.beta2) if twice else 0.0,
        form.lag,
        form.window,
        form.beta1**form.window,
        sum(form.beta1**age for age in range(form.window)),
        form.power,
        float(form.factor),
    )


def measure(form: Form, slopes: Floats) -> tuple[float, float]:
    """Return D and sum |d| at alpha = 1, of the d before smoothing; not finite if a divisor is 0.

    Args:
        form: that can fail.
        slopes: of one period.

    >>> form = Form("momentum", beta1=0.9, beta2=0.99)
    >>> d, size = measure(form, np.array([1010.0] + 100 * [-10.0]))
    >>> round(d, 3), round(size)
    (-1.901, 13)
    """
    total, size = _compile()(slopes, np.empty((2, slopes.size)), numbers(form))
    return float(total), float(size)


@cache
def _compile() -> Any:
    from amsgrad.engines.jit import compile_loop, make_callable

    make_callable(measured)

    @no_type_check
    def measure_one(g, work, form):
        return measured(g, work, form)

    return compile_loop(measure_one)


@no_type_check
def measured(g, work, form):
    """Return D and sum |d|; `work` is room for two periods."""
    n, w = work[0], work[1]
    if form.numerator == 2:
        s = 0.0
        for age in range(form.window - 1, -1, -1):
            s = form.beta1 * s + g[-1 - age % g.size]
        old = -form.window % g.size
        for i in range(g.size):
            s = form.beta1 * s + g[i] - form.oldest * g[old]
            n[i] = s / form.weights
            old = old + 1 if old + 1 < g.size else 0
    elif form.numerator == 1 or form.deviation:
        average(g, form.beta1, n)
    elif form.numerator == 3:
        average(g, form.beta1, w)
        old = -form.late % g.size
        for i in range(g.size):
            n[i] = form.share * w[old] + (1 - form.share) * g[i]
            old = old + 1 if old + 1 < g.size else 0
    else:
        n[:] = g
    if form.sign:
        near, total, size = form.near * np.abs(g).max(), 0.0, 0.0
        for x in n:
            d = np.sign(x) if abs(x) > near else np.sign(form.near)
            total += d
            size += abs(d)
        return form.factor * total, form.factor * size
    for i in range(g.size):
        h = g[i] - n[i] if form.deviation else g[i]
        w[i] = abs(g[i]) + form.eps if form.maximum else h * h
    if form.maximum:
        decay(w, form.beta2)
    else:
        average(w, form.beta2, w)
    total, size = 0.0, 0.0
    late = -form.lag % g.size
    for i in range(g.size):
        if form.divisor == 0:
            divisor = np.sqrt(w[late]) + form.eps
        elif form.divisor == 1:
            divisor = np.sqrt(w[late] + form.eps)
        elif form.divisor == 2:
            divisor = max(np.sqrt(w[late]), form.eps)
        elif form.divisor == 3:
            divisor = np.sqrt(w[late] + form.inside) + form.eps
        else:
            divisor = w[late]
        if form.power != 1.0:
            divisor = divisor**form.power
        d = (g[i] if form.numerator == 0 else n[i]) / divisor
        total += d
        size += abs(d)
        late = late + 1 if late + 1 < g.size else 0
    return form.factor * total, form.factor * size


@no_type_check
def decay(values, beta):
    """Make of the values the periodic state of s_i = max(beta s_{i-1}, values_i)."""
    s = 0.0
    for _ in range(2):
        for i in range(values.size):
            s = max(beta * s, values[i])
            values[i] = s


@no_type_check
def average(values, beta, out):
    """Write the periodic state of s_i = beta s_{i-1} + (1 - beta) values_i."""
    s = 0.0
    if beta > 0.0:
        for i in range(values.size):
            s = beta * s + (1 - beta) * values[i]
        s /= -np.expm1(values.size * np.log(beta))
    for i in range(values.size):
        s = beta * s + (1 - beta) * values[i]
        out[i] = s
