"""The drift where slopes are drawn: E[m / sqrt(v)] in the stationary state, as one integral.

Take linear losses whose slope is independently drawn at each step, g with chance p(g), none of them
zero, and Adam with alpha_t = alpha / sqrt(t). As with periodic slopes (`drift.py`) the pair (m, v)
does not depend on x and comes to a stationary state. The mean step there is -alpha_t D with

    D = E[m / sqrt(v)],    m = (1 - beta1) sum_j beta1^j g_j,    v = sum_j w_j g_j^2,
                           w_j = (1 - beta2) beta2^j,  j = 0, 1, ... counted into the past

The sum of the mean steps grows as sqrt(t), the spread of their noise only as sqrt(log t): x goes to
the right end of F if D < 0, to the left one if D > 0. For AMSGrad the maximum of v comes to its
supremum, and D has the sign of E[g].

No sampling is needed, since 1 / sqrt(v) = 2 / sqrt(pi) int_0^oo exp(-y^2 v) dy, and under the
integral the expectation factorises over the independent g_j. With s = y^2 and

    phi(s) = E[exp(-s g^2)],    rho(s) = E[g exp(-s g^2)] / phi(s)
    A(s) = log E[exp(-s v)]     = sum_j log phi(s w_j)           = log phi(s w_0) + A(beta2 s)
    B(s) = E[m exp(-s v)] / e^A = (1 - beta1) sum_j beta1^j rho(s w_j)
                                = (1 - beta1) rho(s w_0) + beta1 B(beta2 s)

D = 2 / sqrt(pi) int_0^oo B(y^2) exp(A(y^2)) dy. On a grid that is even in log y and has beta2^(1/2)
as a power of its ratio, both recursions go up the grid, and the trapezoidal rule converges
exponentially.

Source: ours. The proof of Theorem 3 of Reddi, Kale and Kumar (ICLR 2018, appendix) bounds the mean
step of each t from above, for C far larger than where D changes its sign (`instances.py`).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amsgrad.problems.sequence import Sequence
from amsgrad.problems.stochastic import Draw

STEP = 1 / 16  # largest step in log y
LEAST = 1e-18  # least y, in units of 1 / the largest slope; the part left out is of this size
LAST = 28.0  # largest y, in units of 1 / the smallest slope: exp(-28^2) is the least double
NODES = 10_000_000


class Odds(NamedTuple):
    """The slopes that may be drawn, and their chances."""

    slopes: NDArray[np.float64]
    chances: NDArray[np.float64]


def odds(problem: Any) -> Odds:
    """Return the slopes of a problem and their chances.

    Raises:
        ValueError: the losses are not drawn, or not linear.

    >>> from amsgrad.problems.stochastic import Stochastic
    >>> odds(Stochastic()).chances.tolist()
    [0.01, 0.99]
    """
    p = problem.parameters(float)
    if isinstance(problem, Sequence) and problem.order == "drawn":
        slopes, times = np.unique(p.slopes, return_counts=True)
        return Odds(slopes, times / problem.period)
    if not isinstance(p, Draw):
        name = type(problem).__name__
        raise ValueError(f"The losses of {name} are not one of some slopes, drawn at each step")
    rare = float(p.threshold) / 2.0**64
    return Odds(np.array([p.big, p.small]), np.array([rare, 1 - rare]))


def expected_drift(odds: Odds, beta1: float, beta2: float) -> float:
    """Return D of Adam (RMSprop with beta1 = 0), without eps, to about 10^-12.

    Args:
        odds: no slope zero; chances that sum to 1.
        beta1: in [0, 1).
        beta2: in (0, 1); one so near to 1 that the grid has more than NODES nodes is refused.

    Raises:
        ValueError: an argument is not as described.

    >>> from amsgrad.problems.stochastic import Stochastic
    >>> round(expected_drift(odds(Stochastic()), beta1=0.9, beta2=0.99), 6)
    -0.059139
    """
    from scipy.signal import lfilter

    g, chances = odds
    if not (0 <= beta1 < 1 and 0 < beta2 < 1):
        raise ValueError(
            f"betas must lie in [0, 1), beta2 above 0, but {beta1}, {beta2} were given"
        )
    if not (g.all() and np.isfinite(g).all()):
        raise ValueError("An expected drift needs finite slopes, none of them zero")
    size = np.abs(g)
    ratio = -math.log(beta2) / 2  # of log y, per step into the past
    between = math.ceil(ratio / STEP)  # nodes
    step = ratio / between
    span = math.log(LAST / size.min() * size.max() / LEAST)
    rows = math.ceil(span / ratio)
    if rows * between > NODES:
        raise ValueError(f"beta2 is too near to 1 for an expected drift, but {beta2} was given")

    y = LEAST / size.max() * np.exp(step * np.arange(rows * between)).reshape(rows, between)
    s = (1 - beta2) * y * y
    # log phi and rho, with the factor exp(-s least^2) taken out, so that nothing underflows
    excess = [np.exp(-s * (h - size.min()) * (h + size.min())) for h in size]
    phi = sum(p * e for p, e in zip(chances, excess, strict=True))
    rho = sum(p * h * e for p, h, e in zip(chances, g, excess, strict=True)) / phi
    log_phi = np.log(phi) - s * size.min() ** 2
    start = -(y[:1] ** 2) * beta2 * (chances @ g**2)  # A(beta2 s) where s is least
    a = start + np.cumsum(log_phi, axis=0)
    b, _ = lfilter([1 - beta1], [1, -beta1], rho, axis=0, zi=np.full((1, between), beta1 * rho[0]))
    return float(2 / math.sqrt(math.pi) * step * np.sum(b * np.exp(a) * y))
