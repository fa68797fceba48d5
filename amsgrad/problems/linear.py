"""Linear losses f_t(x) = slope_t x: what `Problem` asks for, for a slope shown at time t."""

from typing import Any


def loss(slope: Any, x: Any, p: Any) -> Any:
    """f_t(x) = slope x."""
    return slope * x


def gradient(slope: Any, x: Any, p: Any) -> Any:
    """f_t'(x) = slope, also at the edges of the feasible set."""
    return slope
