"""The three regimes of Adam on x^k / k, k >= 4 even, at a constant step and without eps.

Bai, Zhao, Zhou, Xu and Zhang ("Towards Understanding Adam Convergence on Highly Degenerate
Polynomials", ICML 2026, arXiv 2603.09581). The abstract was read; the bounds are known here from a
summary. They follow so: v forgets faster than g^2 could feed it, sqrt(v) falls as beta2^(t/2), and
x as rate^t, if m follows g = x^(k-1). Then 1 - rate = alpha m / (x sqrt(v)) is a constant, so

    rate^(k-2) = sqrt(beta2)

m follows g while beta1 < rate^(k-1). With what m lags behind, beta = beta1 / rate^(k-1), the
deviations from that path are multiplied by a matrix of determinant beta / rate per step: they die
out while beta1 < rate^k. Between the two bounds x falls, too, but spikes come back for ever. Above
the second bound x moves to and fro around 0, as sign descent does.

The same matrix gives one more condition (ours; it matters for small beta2 alone):

    (k - 1) (1 - rate) (1 - beta) < (1 + rate) (1 + beta)

without which x tends to 0, too, but x_{t+1} / x_t alternates between two numbers: at beta1 = 0 and
k = 4 for beta2 < 1/16.

In floating point v cannot fall below the least number that beta2 times itself rounds to: it stays
there for beta2 > 1/2, and so does x; for a smaller beta2 it becomes 0, and with it the divisor.
"""

from typing import NamedTuple


class Regimes(NamedTuple):
    """The bounds of beta1, and the rate at which x falls below the first."""

    stable_below: float  # x tends to 0 below it
    spikes_below: float  # from there up to this, x falls and spikes come back; above, it oscillates
    rate: float  # x_{t+1} / x_t where it is stable, whatever alpha and beta1 are


def regimes(beta2: float, degree: int) -> Regimes:
    """Return the regimes of Adam on x^degree / degree.

    Args:
        beta2: in (0, 1).
        degree: even, >= 4.

    Raises:
        ValueError: the degree is below 4: x^2 has no such regimes.

    >>> [round(number, 4) for number in regimes(0.93, 4)]
    [0.93, 0.947, 0.982]
    """
    if degree < 4:
        raise ValueError(f"degree must be 4 or more for these regimes, but {degree} was given")
    rate = beta2 ** (1 / (2 * (degree - 2)))
    return Regimes(rate**degree, rate ** (degree - 1), rate)
