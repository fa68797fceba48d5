"""The price of a rule: how unlevel losses of a period may be although the rule goes the wrong way.

    price = max S / (P max |g|)    over slopes g_0, ..., g_{P-1} with D(g) < 0

At the worse end of F = [-1, 1] the average regret is 2 S / P, so twice the price is what a rule can
be made to pay per step, for ever, by P slopes of sizes up to 1.

The maximum is sought by sequential quadratic programming (Kraft, DFVLR-FB 88-28, 1988) from several
beginnings, over slopes of whatever size, on which eps has no effect: d_i = n_i / sqrt(w_{i - lag}).
A long period is BLOCKS constant pieces. What is found is a lower bound; `whole` makes of it a
counterexample in whole slopes that is proved.

The gradient of D is exact. An average over the period is a linear map A, and its transpose A' is
the average over the period read backwards:

    dD/dg = N' (1 / sqrt(w)) + (1 - M)' 2 (g - M g) V' u

with n = N g, w = V (g - M g)^2, u = dD/dw, and M = 0 where the squares are those of g.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.theory.closed_form import numerators
from amsgrad.theory.enclosure import enclose
from amsgrad.theory.periodic import Floats, average_each

BLOCKS = 40
SHARES = (0.15, 0.35)  # of the period that begin as one run of equal slopes, with either sign
MOST = 150  # iterations
UNIT = 10**9  # the largest whole slope: the price may be 1e-7
LESS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)  # parts of the price that rounding may cost


class Costly(NamedTuple):
    """Whole slopes on which a rule is proved to go the wrong way."""

    slopes: list[int]
    price: float


def costs(form: Form, periods: Sequence[int]) -> list[Costly | None]:
    """Return the largest price found for each period, each sought from the slopes before, too.

    Args:
        form: of a rule that can fail, with power 1.
        periods: increasing.
    """
    found, slopes = [], None
    for period in periods:
        slopes = costliest(form, period, slopes)
        found.append(whole(form, slopes))
    return found


def costliest(form: Form, period: int, like: Floats | None = None) -> Floats:
    """Return the slopes of a period, in [-1, 1], with the largest price found; else zeros.

    Args:
        form: of a rule that can fail, with power 1.
        period: P >= 2, in steps.
        like: slopes of another period, from which to begin, too.
    """
    from scipy.optimize import minimize

    blocks = min(BLOCKS, period)
    block = np.arange(period) * blocks // period
    first = np.flatnonzero(np.diff(block, prepend=-1))
    share = np.diff(first, append=period) / period

    def spare(levels: Floats) -> tuple[float, Floats]:
        total, gradient = without_eps(form, levels[block])
        return -total / period, -np.add.reduceat(gradient, first) / period

    best = np.zeros(blocks)
    for begin in _beginnings(blocks, like):
        found = minimize(
            lambda levels: (-share @ levels, -share),
            begin,
            jac=True,
            bounds=[(-1, 1)] * blocks,
            constraints={
                "type": "ineq",
                "fun": lambda levels: spare(levels)[0],
                "jac": lambda levels: spare(levels)[1],
            },
            method="SLSQP",
            options={"maxiter": MOST, "ftol": 1e-13},
        ).x.clip(-1, 1)
        price = share @ found
        if price > share @ best and spare(found)[0] > -LESS[0] * price:
            best = found
    slopes: Floats = best[block]
    return slopes


def whole(form: Form, slopes: Floats) -> Costly | None:
    """Return whole slopes near these on which D < 0 < S is proved, or None.

    Args:
        form: of the rule, with its eps.
        slopes: in [-1, 1], with D about 0.
    """
    for less in LESS:
        lower = np.maximum(slopes - less * slopes.mean(), -1)
        near = [int(g) for g in np.rint(UNIT * lower)]
        if sum(near) > 0 and enclose(form, near).sign < 0:
            return Costly(near, sum(near) / (len(near) * max(map(abs, near))))
    return None


def without_eps(form: Form, slopes: Floats) -> tuple[float, Floats]:
    """Return D of a form with power 1, without its eps, and the gradient of D.

    >>> from amsgrad.rules import RULES
    >>> total, gradient = without_eps(RULES["adopt"].form_with(), np.array([3.0, -1.0, -1.0]))
    >>> round(total, 3), bool(abs(gradient @ [3, -1, -1]) < 1e-12)  # D is the same in every unit
    (0.522, True)
    """
    g, lag = slopes, form.lag
    m = average_each(g, form.beta1) if form.of == "deviation" else np.zeros_like(g)
    w = np.roll(average_each((g - m) ** 2, form.beta2), lag)
    n, root = numerators(form, g), np.sqrt(w)
    u = np.roll(-n / (2 * w * root), -lag)
    squares = 2 * (g - m) * _backwards(u, form.beta2)
    if form.of == "deviation":
        squares = squares - _backwards(squares, form.beta1)
    return float((n / root).sum()), numerators(form, (1 / root)[::-1])[::-1] + squares


def _backwards(values: Floats, beta: float) -> Floats:
    return average_each(values[::-1], beta)[::-1]


def _beginnings(blocks: int, like: Floats | None) -> Iterator[Floats]:
    """Yield levels that sum to about 0: those of other slopes, and two runs of equal slopes."""
    middle = (np.arange(blocks) + 0.5) / blocks
    if like is not None:
        yield np.interp(middle, (np.arange(like.size) + 0.5) / like.size, like)
    wave = 0.1 * np.sin(7 * np.pi * middle)  # at equal levels nothing says which of them to move
    for share in SHARES:
        run = middle < max(share, 1 / blocks)
        levels = np.where(run, 1.0, -run.sum() / (blocks - run.sum()))
        for sign in (1, -1):
            yield (sign * levels + wave).clip(-1, 1)
