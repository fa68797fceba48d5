"""The conditions of Theorems 1, 2 and 3 of Reddi, Kale and Kumar (ICLR 2018), with their two sides.

All are about Adam as the paper writes it, without bias correction and eps, on F = [-1, 1], with
alpha_t = alpha / sqrt(t). The statements stand in section 3 of the paper. The conditions on C of
Theorem 2, from its appendix, are given from memory (unverified). Those of Theorem 3 we have not
found anywhere; in their place is what can be computed, the sign of the expected drift.

`instances.py` finds the smallest C that meets them.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from amsgrad.problems.theorem3 import Theorem3
from amsgrad.theory.expected import expected_drift, odds


class Condition(NamedTuple):
    """One condition of a theorem."""

    formula: str
    left: float
    right: float
    holds: bool


def theorem1(big: float, beta1: float, beta2: float, alpha: float) -> tuple[Condition, ...]:
    """Return the conditions of Theorem 1, on f_t(x) = C x if t mod 3 = 1, else -x.

    From x_1 = 1 on, x_{3k+1} = 1, and the regret of three steps is at least 2 C - 4. Proof: where
    the big slope is shown, v_t >= (1 - beta2) C^2, so that it moves x down by at most d = alpha /
    sqrt((1 - beta2) t) < 1, and x stays above 0. As v_t <= C^2, v_{t+1} <= 2 (1 - beta2) and
    v_{t+2} <= (1 + 2 beta2)(1 - beta2) < 1.4 (1 - beta2), so that the two small slopes move x up by
    d times sqrt(t / (2 t + 2)) + sqrt(t / (1.4 t + 2.8)) at least, which is above 1 for t >= 4. At
    t = 1, v is known, v_2 = (1 - beta2)(2 - beta2) and v_3 = (1 - beta2)(1 + 2 beta2 - beta2^2),
    and the factor is above 1.02. The big slope costs 2 C at x = 1, and the small ones win back less
    than 2 each. (The proof is ours, the paper's being unverified; the statement is the paper's.)

    Args:
        big: C.
        beta1, beta2: in [0, 1).
        alpha: the step size at t = 1.

    >>> [c.holds for c in theorem1(big=3, beta1=0, beta2=0.1, alpha=0.5)]
    [True, True, True, True]
    """
    named = 1 / (1 + big**2)
    return (
        Condition("C > 2", big, 2.0, big > 2),
        Condition("beta1 = 0", beta1, 0.0, beta1 == 0),
        # as near as two ways to round 1 / (1 + C^2) are
        Condition("beta2 = 1 / (1 + C^2)", beta2, named, math.isclose(beta2, named, rel_tol=1e-15)),
        _below("alpha < sqrt(1 - beta2)", alpha, math.sqrt(1 - beta2)),
    )


def theorem2(period: int, beta1: float, beta2: float) -> tuple[Condition, ...]:
    """Return the conditions of Theorem 2, on f_t(x) = C x if t mod C = 1, else -x.

    The theorem: for every beta1 < sqrt(beta2) and a large enough C the average regret does not
    vanish. The last three conditions state, for C even, how large (unverified). By the first, m is
    negative at the end of a period; by the second, v is down to the order of 1 half-way through it;
    by the third, the way that the big slope makes x go down, momentum included, is shorter than the
    way up in the second half.

    Args:
        period: C >= 2.
        beta1, beta2: in [0, 1).

    >>> [c.holds for c in theorem2(period=6, beta1=0, beta2=0.1)]
    [True, True, True, True, True]
    """
    first, second, third = theorem2_sides(np.array(float(period)), beta1, beta2)
    return (
        _below("b1 < sqrt(b2)", beta1, math.sqrt(beta2)),
        Condition("C mod 2 = 0", float(period % 2), 0.0, period % 2 == 0),
        _at_most("(1-b1) b1^(C-1) C <= 1 - b1^(C-1)", *first),
        _at_most("b2^((C-2)/2) C^2 <= 1", *second),
        _below(
            "3 (1-b1) / (2 sqrt(1-b2)) (1 + g (1-g^(C-1)) / (1-g)) + b1^(C/2-1) / (1-b1) < C/3"
            " with g = b1 / sqrt(b2)",
            *third,
        ),
    )


def theorem2_sides(period: Any, beta1: float, beta2: float) -> tuple[tuple[Any, Any], ...]:
    """Return the two sides of the three conditions on C; the last one is left < right.

    Args:
        period: C, an array of floats.
        beta1, beta2: in [0, 1).
    """
    c = period
    g = beta1 / math.sqrt(beta2) if beta2 else math.inf * beta1 if beta1 else 0.0
    with np.errstate(all="ignore"):  # a power of g > 1, where the theorem says nothing
        powers = g * (1 - g ** (c - 1)) / (1 - g) if g != 1 else c - 1  # g + ... + g^(C-1)
        powers = np.where(np.isnan(powers), math.inf, powers)
    down = 3 * (1 - beta1) / (2 * math.sqrt(1 - beta2)) * (1 + powers)
    return (
        ((1 - beta1) * beta1 ** (c - 1) * c, 1 - beta1 ** (c - 1)),
        (beta2 ** ((c - 2) / 2) * c**2, np.ones_like(c)),
        (down + beta1 ** (c / 2 - 1) / (1 - beta1), c / 3),
    )


def theorem3(big: float, delta: float, beta1: float, beta2: float) -> tuple[Condition, ...]:
    """Return the conditions of Theorem 3, on f_t(x) = C x with a small probability, else -x.

    The probability is (1 + delta) / (C + 1). The theorem: for every beta1 < sqrt(beta2) and a large
    enough C x does not go to x* = -1. The first three conditions are the premises of the statement.
    The last stands for conditions that we have not found: it is the mean step of the stationary
    state (`expected.py`), and where it holds, x goes to +1.

    Args:
        big: C.
        delta: the mean slope.
        beta1, beta2: in [0, 1), beta2 above 0.

    Raises:
        ValueError: C or delta is not one that the problem may have.

    >>> [c.holds for c in theorem3(big=101, delta=0.02, beta1=0.9, beta2=0.99)]
    [True, True, True, True]
    """
    problem = Theorem3(big, delta)
    return (
        _below("b1 < sqrt(b2)", beta1, math.sqrt(beta2)),
        _below("0 < delta", 0.0, delta),
        _below("(1 + delta) / (C + 1) < 1", problem.probability, 1.0),
        _below("E[m / sqrt(v)] < 0", expected_drift(odds(problem), beta1, beta2), 0.0),
    )


def _below(formula: str, left: Any, right: Any) -> Condition:
    return Condition(formula, float(left), float(right), bool(left < right))


def _at_most(formula: str, left: Any, right: Any) -> Condition:
    return Condition(formula, float(left), float(right), bool(left <= right))
