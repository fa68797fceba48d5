"""The conditions of Theorems 1, 2, 3 and 6 of Reddi, Kale and Kumar (ICLR 2018), with both sides.

All are about Adam as the paper writes it, without bias correction, on F = [-1, 1], with
alpha_t = alpha / sqrt(t). The statements of the first three stand in section 3 of the paper, all
conditions on C in the appendix of its camera-ready. Where the page has a slip it is shown.

`instances.py` finds the smallest C that meets them, and the smallest that fails in fact.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from amsgrad.problems.theorem3 import Theorem3


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
    than 2 each. (This proof is ours. The paper's has the same premises: x_1 = 1, alpha_t = alpha /
    sqrt(t), alpha < sqrt(1 - beta2); it takes C >= 2 where the statement has C > 2.)

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
    vanish. The last three conditions state, for C even, how large (appendix, equation 7). By the
    first, m is negative at the end of a period; by the second, v is down to the order of 1 half-way
    through it; by the third, the way that the big slope makes x go down, momentum included, is
    shorter than the way up in the second half. From some t on, where t + C <= 9 t / 4, the regret
    of a period is then 2 at least.

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


def theorem3(
    big: float, delta: float, beta1: float, beta2: float, as_printed: bool = False
) -> tuple[Condition, ...]:
    """Return the conditions of Theorem 3, on f_t(x) = C x with a small probability, else -x.

    The probability p is (1 + delta) / (C + 1). The theorem: for every beta1 < sqrt(beta2) and a
    large enough C x does not go to x* = -1. The first three conditions are the premises of the
    statement; the last one, from the appendix, says how large. Its left side bounds how far the big
    slope draws x down, momentum included, and its right side how far the small ones draw it up.

    The page prints a minus between the two parts of the left side, where the bound before it (13)
    gives a plus. As printed C = 2 would do at betas .9, .99; there the expected drift goes to -1
    (`instances.failing_big`), so the minus is a slip. (Another one on that page is C^2 for C.) The
    proof leaves out the projection and takes x_1 >= 0.

    Args:
        big: C.
        delta: the mean slope.
        beta1, beta2: in [0, 1), beta2 above 0.
        as_printed: True for the minus of the page.

    Raises:
        ValueError: C or delta is not one that the problem may have.

    >>> [c.holds for c in theorem3(big=87, delta=0.02, beta1=0.5, beta2=0.5)]
    [True, True, True, True]
    >>> [theorem3(2, 0.02, 0.9, 0.99, as_printed)[-1].holds for as_printed in (True, False)]
    [True, False]
    """
    problem = Theorem3(big, delta)
    k = momentum_steps(big, beta1)
    sign = "-" if as_printed else "+"
    return (
        _below("b1 < sqrt(b2)", beta1, math.sqrt(beta2)),
        _below("0 < delta", 0.0, delta),
        _below("(1 + delta) / (C + 1) < 1", problem.probability, 1.0),
        _at_most(
            f"p (1 / sqrt(1-b2) {sign} b1 (1-b1) k / sqrt((1-b2) (b2-b1^2)))"
            " <= (1-p) (1-b1) / sqrt(b2 (1+delta) C + 1-b2)"
            " with p = (1+delta) / (C+1), k = ceil(log(C+1) / log(1/b1))",
            *theorem3_sides(big, delta, beta1, beta2, k, as_printed),
        ),
    )


def momentum_steps(big: float, beta1: float) -> int:
    """Return k of Theorem 3: the steps after which the big slope C no longer rules m.

    That is the smallest k with b1^k (C + 1) <= 1; without momentum it is 0.
    """
    return math.ceil(math.log(big + 1) / -math.log(beta1)) if beta1 else 0


def theorem3_sides(
    big: float, delta: float, beta1: float, beta2: float, k: int, as_printed: bool = False
) -> tuple[float, float]:
    """Return the two sides of the condition on C; NaN where beta1 is not below sqrt(beta2)."""
    p = (1 + delta) / (big + 1)
    if beta2 <= beta1**2:
        return math.nan, math.nan
    late = beta1 * (1 - beta1) * k / math.sqrt((1 - beta2) * (beta2 - beta1**2))
    down = p * (1 / math.sqrt(1 - beta2) + (-late if as_printed else late))
    return down, (1 - p) * (1 - beta1) / math.sqrt(beta2 * (1 + delta) * big + 1 - beta2)


def theorem6(big: float, beta1: float, beta2: float, alpha: float) -> tuple[Condition, ...]:
    """Return the conditions of Theorem 6 (appendix), which are free of eps.

    With eps inside the root, x_{t+1} = clip(x_t - alpha_t g_t / sqrt(v_t + eps)), and losses
    C sqrt(eps) x if t mod 3 = 1, else -sqrt(eps) x (`amsgrad/problems/theorem6.py`), from x_1 = 1
    on the regret is at least (2 C - 4) sqrt(eps) T / 3: eps does not help, however large.

    In runs (ours) x_{3k+1} = 1 for k = 0 and from k = 2 on, and the bound holds for every three
    steps from t = 7 on. But v is small at first, and x_4 < 1: for C = 100 the regret of the first
    six steps is up to 7 sqrt(eps) below the bound of 392 sqrt(eps); up to C = 10 it is not.

    Args:
        big: C.
        beta1, beta2: in [0, 1).
        alpha: the step size at t = 1.

    >>> [c.holds for c in theorem6(big=3, beta1=0, beta2=1 / 45, alpha=0.5)]
    [True, True, True, True]
    """
    named = 2 / ((1 + big**2) * big**2)
    return (
        Condition("C > 2", big, 2.0, big > 2),
        Condition("beta1 = 0", beta1, 0.0, beta1 == 0),
        Condition(
            "beta2 = 2 / ((1 + C^2) C^2)", beta2, named, math.isclose(beta2, named, rel_tol=1e-15)
        ),
        _below("alpha < sqrt(1 - beta2)", alpha, math.sqrt(1 - beta2)),
    )


def _below(formula: str, left: Any, right: Any) -> Condition:
    return Condition(formula, float(left), float(right), bool(left < right))


def _at_most(formula: str, left: Any, right: Any) -> Condition:
    return Condition(formula, float(left), float(right), bool(left <= right))
