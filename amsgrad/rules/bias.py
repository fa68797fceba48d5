"""Bias correction 1 - beta^k of an exponential moving average that starts at zero."""

import math

_HALF_ULP = 2.0**-54  # 1 - b rounds to 1 in double precision exactly when b <= 2^-54


def correction(beta: float, k: int) -> float:
    """Return 1 - beta^k in double precision."""
    # float(k): numba turns an integer power into multiplications, which round differently from pow.
    return 1.0 - math.pow(beta, float(k))


def settling_step(*betas: float) -> int:
    """Return the first k >= 1 at which `correction` is 1 for every beta in [0, 1).

    From there on the power, which costs more than a whole step of Adam, is not computed.

    >>> settling_step(0.9, 0.99)
    3725
    """
    return max(_settling_step(beta) for beta in betas)


def _settling_step(beta: float) -> int:
    if beta <= _HALF_ULP:
        return 1
    k = math.ceil(math.log(_HALF_ULP) / math.log(beta))
    # The logarithms are rounded: walk to the exact step.
    while correction(beta, k) < 1:
        k += 1
    while correction(beta, k - 1) == 1:
        k -= 1
    return k
