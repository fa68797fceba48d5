"""The level at which a rule settles on quadratic losses (x - X_t)^2 / 2, x* = E X: a zero of D(x).

At a fixed x the gradients x - X_t are slopes, and the rule has a mean step D(x): of a period where
the targets repeat (`closed_form.py`), and of a step where they are drawn independently
(`expected.py`). With alpha_t that falls to 0 and is not summable x moves as dx/dt = -D(x) in the
time sum alpha_t, so that a limit is a zero of D. That is proved in general for independent losses,
D being called the Adam vector field (Dereich, Jentzen and Kassing, arXiv 2511.04622, known here
from its abstract).

At x* the slopes sum to 0. Whether D is 0 there, too, is the question of `zero_sum.py`: SGD, AMSGrad
and the others whose D is S / constant settle at x*. Where targets are drawn, ADOPT does as well.

**Drawn targets.** If X is symmetric about E X, then m / sqrt(v) changes its sign with all x - X_j,
and D(x*) = 0: the one half of the Adam symmetry theorem (`amsgrad/problems/quadratic.py`). The
level of other laws, to the first order in 1 - beta2, follows from `first_order.py` with c3 = -mu3:

    level - x* = -kappa (1 - beta2) mu3 / (2 sigma^2),    kappa = (1 - beta1) / (1 - beta1 beta2)

sigma^2 and mu3 are the second and third central moments (ours; kappa = 1 for RMSprop). Bernoulli's
law with p has mu3 / sigma^2 = 1 - 2 p. Where mu3 is 0 and the law is not symmetric, as of the
targets -4x2,1x3,5, the error is of the second order (ours; measured in the tests).

**Periodic targets** 1, 0, ..., 0 (`amsgrad/problems/rare.py`), RMSprop. Let x be small beside 1,
and v the square of the one gradient x - 1, j steps ago: v = beta2^j v_0. Then sqrt(v_0) times a
step is -1 at the rare step, j = 0, and x beta2^(-j/2) at the N - 1 others. With 1 - beta2 =
kappa / N and N large, beta2^(-j/2) is e^(kappa j / (2 N)), the sum over j is an integral, and D(x)
is 0 at

    x = x* rho(kappa),    rho(kappa) = kappa / (2 (e^(kappa/2) - 1)),    kappa = N (1 - beta2)

rho is the level that is found over the one that is wanted, 1 - kappa/4 for small kappa and always
below 1. Kar (2026, arXiv 2609.37535) states this limit, of the probability over the frequency of a
token, and that it is below 1 "for every learning rate" (abstract): of the logit, whose level
hardly depends on the step size (`amsgrad/problems/rare.py`). This derivation, for a step size near
0 in any coordinate, is ours. ADOPT divides the rare gradient by the memory before it,
v_0 beta2^(N-1): it settles above x*, at x* rho(-kappa) = x* kappa / (2 (1 - e^(-kappa/2))) if N is
large beside e^kappa (ours). At finite N `periodic_level` has no approximation but that of a step
size near 0.

Searched for the first-order constant and the higher order where mu3 = 0: excerpts of pages on
arXiv 2511.06675 and 2511.04622. Not found; no full text was read.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from amsgrad.rules.form import Form
from amsgrad.theory.closed_form import total
from amsgrad.theory.expected import Odds, expected_drift
from amsgrad.theory.periodic import Floats

NO_SLOPE = 1e-12  # of the range of the targets: a slope of 0 would never leave the memory


def expected_level(targets: ArrayLike, beta1: float, beta2: float) -> float:
    """Return where Adam settles if each target is drawn with the same chance, without eps.

    Args:
        targets: X, at least two different ones; one that comes more often stands more often.
        beta1: in [0, 1); 0 is RMSprop.
        beta2: in (0, 1), as for `expected_drift`.

    Raises:
        ValueError: an argument is not as described; or the level is at an outer target but for
            10^-12 of the range, as where beta2 is near 0 and steps are signs.

    >>> round(expected_level([0, 1], 0.9, 0.99), 9)  # symmetric
    0.5
    >>> round(expected_level([1] + 9 * [0], 0.9, 0.99), 6)  # E X = 0.1
    0.096281
    """
    values, times = np.unique(_checked(targets), return_counts=True)
    least = NO_SLOPE * np.ptp(values)

    def drift(x: float) -> float:
        slopes = x - values
        slopes[np.abs(slopes) < least] = least
        return expected_drift(Odds(slopes, times / times.sum()), beta1, beta2)

    return _zero(drift, values)


def periodic_level(form: Form, targets: ArrayLike) -> float:
    """Return where a rule settles if the targets come in turn.

    Args:
        form: of the rule, not of one whose divisor is 0 where all gradients are alike.
        targets: X_0, ..., X_{P-1}, at least two different ones.

    Raises:
        ValueError: an argument is not as described, or the level is as near to an outer target.

    >>> from amsgrad.rules import RULES
    >>> round(periodic_level(RULES["rmsprop"].form_with(beta2=0.99), [1] + 99 * [0]), 6)
    0.007728
    """
    values = _checked(targets)
    return _zero(lambda x: float(total(form, x - values).total), values)


def first_order_error(targets: ArrayLike, beta1: float, beta2: float) -> float:
    """Return level - x* of Adam to the first order in 1 - beta2, for targets that are drawn.

    Args:
        targets: as for `expected_level`.
        beta1: in [0, 1); 0 is RMSprop.
        beta2: in (0, 1).

    >>> round(first_order_error([1] + 9 * [0], 0.9, 0.99), 6)
    -0.00367
    """
    away = _checked(targets)
    away = away - away.mean()
    kappa = (1 - beta1) / (1 - beta1 * beta2)
    return float(-kappa * (1 - beta2) * np.mean(away**3) / (2 * np.mean(away**2)))


def rho(kappa: float) -> float:
    """Return the found level over the wanted one, of RMSprop on `rare`, for large periods N.

    Args:
        kappa: N (1 - beta2), above 0.

    >>> [round(rho(kappa), 4) for kappa in (1, 5, 10)]
    [0.7707, 0.2236, 0.0339]
    """
    return kappa / (2 * math.expm1(kappa / 2))


def _checked(targets: ArrayLike) -> Floats:
    values = np.asarray(targets, float)
    if values.ndim != 1 or not np.isfinite(values).all() or np.unique(values).size < 2:
        raise ValueError("targets must be finite numbers, at least two different ones")
    return values


def _zero(drift: Callable[[float], float], values: Floats) -> float:
    """Return the x between the targets at which the drift changes its sign."""
    from scipy.optimize import brentq

    margin = max(NO_SLOPE * np.ptp(values), 4 * np.spacing(np.abs(values).max()))
    low, high = float(values.min() + margin), float(values.max() - margin)
    if drift(low) >= 0 or drift(high) <= 0:
        raise ValueError("the level is nearer to an outer target than can be told")
    found: float = brentq(drift, low, high, xtol=float(margin) * 1e-3, rtol=1e-14)
    return found
