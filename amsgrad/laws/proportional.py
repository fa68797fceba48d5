"""The step of a rule as a multiple of the step size: found by running the rule on a symbol.

`Alpha` stands for c alpha, with the unknown alpha > 0 and a double c. A rule's own functions are
called with one for alpha. It can be multiplied and divided by numbers, and added to its like;
everything else (a root of it, a comparison, a sum with a number) raises TypeError. So where the
functions return at all, what they take from x is proportional to alpha, on the numbers given.
"""

from typing import Any, NamedTuple

import numpy as np

from amsgrad.rules.rule import NEVER, Rule


class Alpha:
    """c alpha, where c is in double precision.

    Args:
        c: its value at alpha = 1.
        roundings: how many operations on it are rounded, each in c and in c alpha.
    """

    __slots__ = ("c", "roundings")
    __array_ufunc__ = None  # numpy's numbers leave operations to this class
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, c: Any, roundings: int = 0) -> None:
        self.c = c
        self.roundings = roundings

    def __mul__(self, factor: Any) -> "Alpha":
        if isinstance(factor, Alpha):
            return NotImplemented
        return Alpha(self.c * factor, self.roundings + 1)

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> "Alpha":
        if isinstance(divisor, Alpha):
            return NotImplemented
        return Alpha(self.c / divisor, self.roundings + 1)

    def __neg__(self) -> "Alpha":
        return Alpha(-self.c, self.roundings)

    def __eq__(self, other: object) -> bool:
        raise TypeError("a multiple of alpha cannot be compared")

    __lt__ = __le__ = __gt__ = __ge__ = __eq__

    def __bool__(self) -> bool:
        raise TypeError("a multiple of alpha is neither true nor false")


class Multiple(NamedTuple):
    """One step: what it takes from x at alpha = 1, and the state variables after it."""

    memory: Any
    c: float
    roundings: int  # of alpha c beyond those of alpha, and of c itself, together


def multiple(rule: Rule, memory: Any, g: Any) -> Multiple | None:
    """Return a step of a rule in double precision as a multiple of alpha, or None if it is not one.

    Args:
        rule: with settled coefficients and a constant beta1.
        memory: its state variables before the step, in double precision.
        g: the gradient.

    >>> from amsgrad.rules import RULES
    >>> sgd = RULES["sgd"]()
    >>> multiple(sgd, sgd.memory(0.0), -10.0).c
    -10.0
    """

    def real(number: Any) -> Any:
        return number if isinstance(number, Alpha) else np.float64(number)

    alpha: Any = Alpha(np.float64(1))
    k = min(rule.settled, NEVER)
    try:
        coefficients = rule.coefficients(k, alpha, rule.beta1, rule.h, real)
        after, step = rule.update(memory, g, coefficients)
    except TypeError:
        return None
    if not isinstance(step, Alpha) or any(isinstance(e, Alpha) for e in after):
        return None
    return Multiple(after, float(step.c), 2 * step.roundings)
