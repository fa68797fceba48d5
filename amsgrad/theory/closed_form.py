"""What a rule takes from x in a period, by the closed form of its steps (`amsgrad/rules/form.py`).

    d_i = factor n_i / divisor(w_{i - lag}),    D = sum_i d_i        at alpha = 1

or factor sign(n_i)

`steps` is that formula. `total` is D without the cancellation: in a counterexample D is some 1e-9
of sum |d_i|. As in `drift.py` the common part of the divisors is taken out,

    D = factor / common (S + sum_i n_i c_i),    c_i = common / divisor_i - 1

with the exact sum S of the slopes, which is also that of the n_i, and with the divisor `common` of
the mean of the squares. With x = sqrt(mean), y = sqrt(w), and w - mean summed by parts
(`periodic.excess`), so that nothing cancels as beta2 -> 1,

    common - divisor = -(w - mean) / (x + y)     where eps is added to the root
                       -(w - mean) / (common + divisor)     where it is added to w

For a decayed maximum `common` is its largest. If the divisor is the same at every step, all c_i are
0 and D = factor S / divisor. Of signs D is a whole number of factors (`signs.py`).

beta1, share, beta2 and eps of a form may be arrays of shape (..., 1), with a number for each
sequence; beta1 not where the numerator is a window.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from amsgrad.rules.form import Form
from amsgrad.theory.periodic import Floats, average_each, decayed_maximum, excess
from amsgrad.theory.signs import signs


class Total(NamedTuple):
    """D of each sequence; not finite where some divisor is 0."""

    total: Any  # D
    rounding: Any  # how far rounding may have moved D: an estimate on the safe side
    size: Any  # sum of |d_i|
    steps: Any  # the d_i


def steps(form: Form, slopes: ArrayLike) -> Floats:
    """Return d_0, ..., d_{P-1} for each of many sequences, of shape (..., P).

    Args:
        form: of the rule.
        slopes: g_0, ..., g_{P-1} along the last axis.

    Raises:
        ValueError: the form has error feedback: its steps do not repeat with the slopes.

    >>> steps(Form("gradient", beta2=0.5), [[3.0, 0.0]]).round(6).tolist()
    [[1.224745, 0.0]]
    """
    g = np.asarray(slopes, float)
    if form.feedback:
        raise ValueError("With error feedback the steps do not repeat with the slopes")
    with np.errstate(all="ignore"):  # a divisor of 0
        if form.sign:
            d = float(form.factor) * signs(form, g).sign
        else:
            w = _memory(form, _squares(form, g))
            d = float(form.factor) * numerators(form, g) / _divisor(form, w)
        return average_each(d, form.smoothing)


def total(form: Form, slopes: ArrayLike) -> Total:
    """Return D for each of many sequences, with little cancellation.

    Args:
        form: of the rule.
        slopes: as for `steps`.

    >>> found = total(Form("momentum", beta1=0.9, beta2=0.99), [[1010.0] + 100 * [-10.0]])
    >>> bool(found.total[0] < -10 * found.rounding[0])
    True
    """
    g = np.asarray(slopes, float)
    if form.sign:
        return _total_of_signs(form, g)
    with np.errstate(all="ignore"):
        n, squares = numerators(form, g), _squares(form, g)
        w = _memory(form, squares)
        if form.never_fails:
            mean, above = w, np.zeros_like(w)
        elif form.smooth:
            mean = squares.mean(-1, keepdims=True)
            above = np.roll(excess(squares, form.beta2), form.lag, -1)
        else:
            mean = w.max(-1, keepdims=True)
            above = w - mean
        common, divisor = _divisor(form, mean), _divisor(form, w)
        inside = _inside(form)
        x, y = np.sqrt(mean + inside), np.sqrt(w + inside)
        if form.divisor == "one":
            c = np.zeros_like(g)
        elif form.divisor == "w":
            c = -above / w
        elif form.divisor == "root of w + eps":
            c = -above / (common + divisor) / divisor
        elif form.divisor == "max(root, eps)":
            free = np.minimum(x, y) >= form.eps
            c = np.where(free, -above / (x + y), common - divisor) / divisor
        else:
            ratio = -above / (x + y) / (y + form.eps)
            c = ratio if form.power == 1 else np.expm1(form.power * np.log1p(ratio))
        scale = float(form.factor) / common[..., 0]
        found = scale * (g.sum(-1) + (n * c).sum(-1))
        # a sum of whole numbers has no rounding
        whole = (g == np.rint(g)).all(-1) & (np.abs(g).sum(-1) < 2.0**53)
        sums = np.abs(np.where(whole, g.sum(-1), np.abs(g).sum(-1)))
        last_bits = np.abs(n).sum(-1) if form.divisor == "w" else 0.0  # of w, which is a power
        terms = scale * (sums + np.abs(n * c).sum(-1) + last_bits)
        d = average_each(float(form.factor) * n / divisor, form.smoothing)
    # measured against 60 digits: at most a quarter of this
    return Total(found, 4 * g.shape[-1] * np.finfo(float).eps * terms, np.abs(d).sum(-1), d)


def _total_of_signs(form: Form, g: Floats) -> Total:
    period, factor = g.shape[-1], float(form.factor)
    if form.feedback:
        s = g.sum(-1)
        rounding = 4 * period * np.finfo(float).eps * np.abs(g).sum(-1)
        found = np.clip(s, -period, period)
        size = np.broadcast_to(float(period), s.shape)  # every step is 1 or -1
        return Total(factor * found, factor * rounding, factor * size, np.full_like(g, np.nan))
    sign, open_ones = signs(form, g)
    d = factor * sign
    return Total(d.sum(-1), factor * open_ones.sum(-1), np.abs(d).sum(-1), d)


def numerators(form: Form, g: Floats) -> Floats:
    """Return n_0, ..., n_{P-1} of slopes of shape (..., P), before any sign is taken."""
    if form.numerator == "momentum":
        return average_each(g, form.beta1)
    if form.numerator == "mixture":
        late_ones = np.roll(average_each(g, form.beta1), form.late, -1)
        mixed: Floats = form.share * late_ones + (1 - form.share) * g
        return mixed
    if form.numerator == "gradient":
        return g
    weights = form.beta1 ** np.arange(form.window)
    late = [weight * np.roll(g, age, -1) for age, weight in enumerate(weights / weights.sum())]
    mean: Floats = np.sum(late, axis=0)
    return mean


def _squares(form: Form, g: Floats) -> Floats:
    """Return what w averages, or is the maximum of."""
    if form.average == "decayed maximum":
        return np.abs(g) + form.eps
    if form.of == "deviation":
        g = g - g.mean(-1, keepdims=True)  # the same deviations, with more digits
        g = g - average_each(g, form.beta1)
    return g * g


def _memory(form: Form, squares: Floats) -> Floats:
    """Return w_{i - lag}; of shape (..., 1) where it is the same at every step."""
    if form.divisor == "one":
        return np.zeros_like(squares[..., :1])
    if form.average == "mean":
        mean: Floats = squares.mean(-1, keepdims=True)
        return mean
    if form.average == "decayed maximum":
        return np.roll(decayed_maximum(squares, form.beta2), form.lag, -1)
    w = average_each(squares, form.beta2)
    if form.average == "moving":
        return np.roll(w, form.lag, -1)
    if form.average == "corrected maximum":
        # from 0 instead of the periodic state: v, and its correction, over the first period
        share = -np.expm1(np.arange(1, w.shape[-1] + 1) * np.log(form.beta2))
        w = np.maximum(w, (w - (1 - share) * w[..., -1:]) / share)
    peak: Floats = w.max(-1, keepdims=True)
    return peak


def _divisor(form: Form, w: Floats) -> Floats:
    if form.divisor == "one":
        return np.ones_like(w)
    if form.divisor == "root of w + eps":
        return np.sqrt(w + form.eps)
    if form.divisor == "max(root, eps)":
        return np.maximum(np.sqrt(w), form.eps)
    if form.divisor == "w":
        return w
    root: Floats = np.sqrt(w + _inside(form)) + form.eps
    return root if form.power == 1 else root**form.power


def _inside(form: Form) -> Any:
    """Return what all the eps that were added to w sum to."""
    twice = form.divisor == "root of w and eps, + eps"
    return form.eps / (1 - np.asarray(form.beta2, float)) if twice else 0.0
