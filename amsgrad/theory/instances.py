"""The smallest instance of a theorem for given betas, and the smallest that fails in fact.

For Theorems 2 and 3 of Reddi, Kale and Kumar (ICLR 2018) both can be computed, and they are far
apart. With the betas of Figure 1 the conditions of Theorem 2 need C = 3218, while f_t(x) = C x if
t mod C = 1, else -x leads Adam to +1 from C = 30 on. Those of Theorem 3 with delta = 0.02 need
C = 12,059,643, while Adam fails from C = 6 on.
"""

from collections.abc import Callable

import numpy as np

from amsgrad.problems.theorem2 import Theorem2
from amsgrad.problems.theorem3 import Theorem3
from amsgrad.theory.drift import drift
from amsgrad.theory.expected import expected_drift, odds
from amsgrad.theory.periodic import slopes
from amsgrad.theory.theorems import momentum_steps, theorem2_sides, theorem3_sides

LARGEST = 2**25  # largest C for which the conditions are checked
LARGEST_REAL = 2**50  # the same for Theorem 3, where it is not searched one by one
LARGEST_RUN = 2**16  # largest C for which the drift is computed
AT_ONCE = 2**16


def theorem1_beta2(big: float) -> float:
    """Return the beta2 of Theorem 1 for C = big, 1 / (1 + C^2).

    >>> theorem1_beta2(3)
    0.1
    """
    return 1 / (1 + big**2)


def theorem6_beta2(big: float) -> float:
    """Return the beta2 of Theorem 6 for C = big, 2 / ((1 + C^2) C^2).

    >>> theorem6_beta2(2)
    0.1
    """
    return 2 / ((1 + big**2) * big**2)


def theorem2_period(beta1: float, beta2: float) -> int:
    """Return the smallest even C that meets the conditions in `theorems.py`.

    Args:
        beta1, beta2: in [0, 1), with beta1 < sqrt(beta2).

    Raises:
        ValueError: the betas are not as described, or C would be above 2^25.

    >>> theorem2_period(beta1=0.9, beta2=0.99)
    3218
    """
    if not 0 <= beta1 < np.sqrt(beta2) < 1:
        raise ValueError(
            f"Theorem 2 needs 0 <= beta1 < sqrt(beta2) < 1, but {beta1}, {beta2} were given"
        )
    for start in range(2, LARGEST + 1, 2 * AT_ONCE):
        period = np.arange(start, min(start + 2 * AT_ONCE, LARGEST + 1), 2, dtype=float)
        (a, b), (c, d), (e, f) = theorem2_sides(period, beta1, beta2)
        met = np.flatnonzero((a <= b) & (c <= d) & (e < f))
        if met.size:
            return int(period[met[0]])
    raise ValueError(f"No C up to {LARGEST:,} meets Theorem 2 with betas {beta1}, {beta2}")


def failing_period(beta1: float, beta2: float) -> int:
    """Return the C from which on x goes to +1 in the setting of Theorem 2, by the drift.

    The premise beta1 < sqrt(beta2) is not needed.

    Args:
        beta1, beta2: in [0, 1).

    Raises:
        ValueError: the betas are not as described, or C would be above 2^16.

    >>> failing_period(beta1=0.9, beta2=0.99)
    30
    """
    return _turn(
        lambda c: bool(drift(slopes(Theorem2(c)), beta1, beta2).goes_to > 0), 2, (beta1, beta2)
    )


def failing_big(beta1: float, beta2: float, delta: float) -> int:
    """Return the C from which on x goes to +1 in the setting of Theorem 3, by the expected drift.

    Args:
        beta1, beta2: in [0, 1), beta2 above 0.
        delta: the mean slope, above 0.

    Raises:
        ValueError: an argument is not as described, or C would be above 2^16.

    >>> failing_big(beta1=0.9, beta2=0.99, delta=0.02)
    6
    """

    def fails(c: int) -> bool:
        return expected_drift(odds(Theorem3(c, delta)), beta1, beta2) < 0

    return _turn(fails, int(delta) + 1, (beta1, beta2))


def theorem3_big(beta1: float, beta2: float, delta: float, as_printed: bool = False) -> int:
    """Return the smallest whole C that meets the condition of Theorem 3 in `theorems.py`.

    While k is the same, the right side over the left one grows with C; so the last C of each k is
    looked at, and the first C is found by bisection. With the minus of the page the left side may
    be negative, and the condition then holds.

    Args:
        beta1, beta2: in [0, 1), with beta1 < sqrt(beta2).
        delta: the mean slope, above 0.
        as_printed: True for the minus of the page, which is a slip.

    Raises:
        ValueError: an argument is not as described, or C would be above 2^50.

    >>> theorem3_big(beta1=0.9, beta2=0.99, delta=0.02)
    12059643
    >>> theorem3_big(beta1=0.9, beta2=0.99, delta=1.0, as_printed=True)
    2
    """
    if not 0 <= beta1 < np.sqrt(beta2) < 1:
        raise ValueError(
            f"Theorem 3 needs 0 <= beta1 < sqrt(beta2) < 1, but {beta1}, {beta2} were given"
        )
    first = int(delta) + 1
    Theorem3(first, delta)  # refuses a delta that is not allowed

    def met(c: int) -> bool:
        k = momentum_steps(c, beta1)
        down, up = theorem3_sides(c, delta, beta1, beta2, k, as_printed)
        return down <= up

    while first <= LARGEST_REAL:
        k, last = momentum_steps(first, beta1), LARGEST_REAL
        low, high = first, last + 1  # the first C with a larger k
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if momentum_steps(middle, beta1) == k else (low, middle)
        if met(low):
            below, above = first - 1, low
            while above - below > 1:
                middle = (below + above) // 2
                below, above = (below, middle) if met(middle) else (middle, above)
            return above
        first = low + 1
    raise ValueError(f"No C up to {LARGEST_REAL:,} meets Theorem 3 with betas {beta1}, {beta2}")


def _turn(fails: Callable[[int], bool], least: int, betas: tuple[float, float]) -> int:
    """Return `least` if it fails, or else a C that fails where C - 1 does not.

    It is found by doubling and bisection. It is the smallest C that fails if all larger ones fail,
    too, as they did wherever we looked.
    """
    low, high = least - 1, least
    while not fails(high):
        low, high = high, 2 * high
        if high > LARGEST_RUN:
            raise ValueError(f"No C up to {LARGEST_RUN:,} was found that fails with betas {betas}")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fails(middle) else (middle, high)
    return high
