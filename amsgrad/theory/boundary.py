"""The boundary between failure and success of Adam in beta2: the sign changes of the drift.

D (see `drift.py`) is a continuous function of beta2 in [0, 1), and positive near 1 if the slopes
sum to more than zero. What it is at beta2 = 0 depends on beta1: with beta1 = 0 the steps there are
signs, and the many small slopes win; as beta1 -> 1, m tends to the mean slope and x goes to x*. In
between the boundary can be re-entrant: on f_t(x) = 10 x if t mod 10 = 1, else -x, with beta1 = 0.9,
Adam converges for beta2 < 0.065, fails, and converges again for beta2 > 0.775.

The scan is over z = -log10(1 - beta2). Two sign changes closer than 1 / PER_DECADE = 0.005 in z are
missed; with these slopes, C up to 100 for 10, the closest two that we saw are 0.11 apart. Each is
refined by Brent's method (Algorithms for Minimization without Derivatives, 1973, ch. 4).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from amsgrad.theory.drift import drift
from amsgrad.theory.periodic import Floats

DECADES = 12  # the scan ends at beta2 = 1 - 10^-12
PER_DECADE = 200  # points
AT_ONCE = 4_000_000  # numbers in an array: bounds the memory for a long period


class Boundary(NamedTuple):
    """All sign changes, and where x goes between them."""

    beta2: Floats  # increasing
    goes_to: NDArray[np.int64]  # -1 or 1, below the first beta2, between each two, above the last

    @property
    def re_entrant(self) -> bool:
        """True if there is more than one sign change."""
        return self.beta2.size > 1


def boundary(slopes: ArrayLike, beta1: float, eps: float = 0.0) -> Boundary:
    """Return the boundary of Adam over beta2 in [0, 1 - 10^-12], for periodic slopes and one beta1.

    Args:
        slopes: of one period.
        beta1: in [0, 1).
        eps: >= 0, added to the root.

    Raises:
        ValueError: as for `drift`; or D is lost in rounding, or not finite, for every beta2.

    >>> found = boundary([1010] + 100 * [-10], 0.9)
    >>> found.beta2.round(6).tolist(), found.goes_to.tolist()
    ([0.999516], [1, -1])
    """
    from scipy.optimize import brentq

    def total(z: float) -> float:
        return float(drift(slopes, beta1, beta2_of(z), eps).total)

    z = np.linspace(0, DECADES, DECADES * PER_DECADE + 1)
    parts = np.array_split(z, math.ceil(z.size * np.size(slopes) / AT_ONCE))
    goes_to = np.concatenate([drift(slopes, beta1, beta2_of(part), eps).goes_to for part in parts])
    z, goes_to = z[goes_to != 0], goes_to[goes_to != 0]
    if not z.size:
        raise ValueError("The drift is lost in rounding, or not finite, for every beta2")
    turns = np.flatnonzero(np.diff(goes_to))
    found = [brentq(total, z[i], z[i + 1], xtol=1e-13) for i in turns]
    return Boundary(beta2_of(np.array(found)), goes_to[np.append(turns, -1)])


def beta2_of(z: ArrayLike) -> Floats:
    """Return 1 - 10^-z, to the last digit.

    >>> beta2_of([0, 1, 2]).tolist()
    [0.0, 0.9, 0.99]
    """
    return np.asarray(-np.expm1(-math.log(10) * np.asarray(z, float)))
