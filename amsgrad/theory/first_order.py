"""The first-order law of the mean step where P slopes are reshuffled or drawn (ours).

Let w_t = rms^2 + u_t be the memory that divides step t, rms^2 the mean square of the slopes. To
the first order in u_t / rms^2 an epoch of P steps takes

    D = (S - psi sum_t E[n_t u_t]) / divisor(rms^2),    psi = the logarithmic derivative of the
                                                        divisor at rms^2: 1 / (2 rms^2) if eps = 0

with the sum S of the slopes. n_t = sum_k a_k g_{t-k} and u_t = sum_j w_j (g_{t-j}^2 - rms^2) are
linear in what was shown, so the sum needs only the covariances of a slope and a square l steps
apart. With c3 = mean g^3 - mean g mean g^2, summed over the t of an epoch, they are

    drawn       R_0 = P c3,    R_l = 0: other steps are independent
    shuffled    R_0 = P c3,    R_l = -(P - |l|) c3 / (P - 1) for 0 < |l| < P: so many of the pairs
                are of the same epoch, and two places of one epoch show two different slopes

    sum_t E[n_t u_t] = sum_l h_l R_l,    h_l = sum_k a_k w_{k-l}

In a random order a large slope that is just in the memory makes the steps of the *other* slopes
small. For P (1 - beta2) << 1 that gives

    D rms = S - kappa (1 - beta2) P c3 / (2 rms^2)    Adam, drawn, kappa = (1 - beta1) / (1 - beta1
                                                      beta2), which is 1 for RMSprop
            S - (1 - beta2) P c3 / (4 rms^2)          RMSprop, shuffled
            S + (1 - beta2) P c3 / (4 rms^2)          ADOPT, shuffled
            S                                         ADOPT, drawn

Adam and ADOPT err in opposite directions when shuffled: ADOPT divides by the memory before the
step, so the pairs with l = 0, which alone have the other sign, are missing. ADOPT's convergence
theorem (Taniguchi et al., NeurIPS 2024) assumes independent gradients and is not contradicted. That
it can fail where losses are shuffled was said before: by an anonymous review of an earlier version
(OpenReview sJCIv4aUQu), of slopes 1.9, -1, -1 at beta1 = beta2 = 0. The law is ours.

Range: the memory must vary little, (1 - beta2) max g^2 << rms^2. What is left out is of the second
order, 3 / (8 rms^4) sum_t E[n_t u_t^2] and on; on -C once, +1 C + 1 times it is below (1 - beta2) C
times the first order (measured in the tests). Searched for in excerpts of the papers that
`zero_sum.py` names, and of web pages on ADOPT and random reshuffling: not found.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from amsgrad.rules.form import Form
from amsgrad.theory.periodic import Floats


def first_order(form: Form, slopes: ArrayLike, order: str) -> float:
    """Return D by the first-order law, of an epoch at alpha = 1.

    Args:
        form: with w a moving average of the squares of the gradients, or with the same divisor at
            every step but for the maximum.
        slopes: g_0, ..., g_{P-1}, P > 1.
        order: shuffled or drawn.

    Raises:
        ValueError: the law does not hold for this form or order.

    >>> from amsgrad.rules import RULES
    >>> slopes = [-400] + 401 * [1]
    >>> round(first_order(RULES["adopt"].form_with(), slopes, "shuffled"), 4)
    -0.148
    """
    g = np.asarray(slopes, float)
    if order not in ("shuffled", "drawn"):
        raise ValueError(f"order must be shuffled or drawn for this law, but {order} was given")
    if form.of == "deviation" or "maximum" in form.average or form.sign:
        raise ValueError("The first-order law needs a memory that is the mean of the squares")
    square, period = float(np.mean(g * g)), g.size
    divisor, psi = _divisor(form, square)
    total = float(g.sum())
    if not form.never_fails:
        c3 = float(np.mean(g**3) - g.mean() * square)
        lags = np.arange(1.0 - period, period)
        covariance = np.where(lags == 0, period * c3, 0.0)
        if order == "shuffled":
            apart = -(period - np.abs(lags)) * c3 / (period - 1)
            covariance = np.where(lags == 0, covariance, apart)
        total -= psi * float(_weights(form, lags) @ covariance)
    return float(form.factor) * total / divisor


def _divisor(form: Form, square: float) -> tuple[float, float]:
    """Return the divisor of this w, and the derivative of its logarithm."""
    root = square**0.5
    if form.divisor == "one":
        return 1.0, 0.0
    if form.divisor == "root of w + eps":
        return (square + form.eps) ** 0.5, 1 / (2 * (square + form.eps))
    if form.divisor == "max(root, eps)":
        return max(root, form.eps), 1 / (2 * square) if root > form.eps else 0.0
    return (root + form.eps) ** form.power, form.power / (2 * root * (root + form.eps))


def _weights(form: Form, lags: Floats) -> Floats:
    """Return h_l, with w_j = (1 - beta2) beta2^(j - lag) from j = lag on."""
    late = form.lag + lags  # k - lag - l is how old a square is in the memory
    b1, b2 = form.beta1, form.beta2
    if form.numerator == "window":
        a = b1 ** np.arange(form.window)
        ages = np.arange(form.window)[:, None] - late
        old = np.where(ages >= 0, b2 ** np.maximum(ages, 0), 0.0)
        mean: Floats = (1 - b2) * (a / a.sum()) @ old
        return mean
    if form.numerator == "mixture":
        own = _weights(replace(form, numerator="gradient"), lags)
        late_ones = _weights(replace(form, numerator="momentum"), lags - form.late)
        mixed: Floats = form.share * late_ones + (1 - form.share) * own
        return mixed
    if form.numerator == "gradient":
        b1 = 0.0
    first = np.maximum(late, 0)  # the least k
    return (1 - b1) * (1 - b2) / (1 - b1 * b2) * b1**first * b2 ** (first - late)
