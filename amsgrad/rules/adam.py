"""Adam (Kingma and Ba, ICLR 2015, Algorithm 1), on a scalar.

    m_k = beta1 m_{k-1} + (1 - beta1) g_k
    v_k = beta2 v_{k-1} + (1 - beta2) g_k^2
    x_{k+1} = clip(x_k - a_k m_k / (sqrt(v_k) + e_k))

Its meanings differ only in a_k and e_k. With c1 = 1 - beta1^k and c2 = 1 - beta2^k:

    labml   a = alpha sqrt(c2) / c1, e = eps              ("epsilon hat"; the seed program)
    torch   a = alpha sqrt(c2) / c1, e = eps sqrt(c2)     (as published: mhat / (sqrt(vhat) + eps))
"""

import math
from typing import Any, NamedTuple

import numpy as np

from amsgrad.rules.bias import correction, settling_step
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    """What Adam keeps from step to step."""

    m: float  # first moment, uncorrected
    v: float  # second moment, uncorrected


class Hyper(NamedTuple):
    """Hyper-parameters, and what follows from them."""

    beta1: float
    beta2: float
    eps: float
    settled: int  # step from which both bias corrections are 1


class Coefficients(NamedTuple):
    """All of step k that does not depend on the gradient."""

    step: float  # a_k
    eps: float  # e_k
    beta1: float
    rest1: float  # 1 - beta1, from double precision: 1 - float32(beta1) is another number
    beta2: float
    rest2: float


def coefficients_labml(k: int, alpha: float, h: Hyper, real: Any) -> Coefficients:
    """Both corrections go into the step size; eps is added to the uncorrected root."""
    return _coefficients(corrected_step(k, alpha, h), h.eps, h, real)


def coefficients_torch(k: int, alpha: float, h: Hyper, real: Any) -> Coefficients:
    """(alpha / c1) m / (sqrt(v / c2) + eps), both sides of the fraction times sqrt(c2)."""
    eps = h.eps if k >= h.settled else h.eps * math.sqrt(correction(h.beta2, k))
    return _coefficients(corrected_step(k, alpha, h), eps, h, real)


def corrected_step(k: int, alpha: float, h: Hyper) -> float:
    """alpha sqrt(c2) / c1, which is alpha once both corrections are 1."""
    if k >= h.settled:
        return alpha
    return alpha * math.sqrt(correction(h.beta2, k)) / correction(h.beta1, k)


def _coefficients(step: float, eps: float, h: Hyper, real: Any) -> Coefficients:
    return Coefficients(
        real(step),
        real(eps),
        real(h.beta1),
        real(1 - h.beta1),
        real(h.beta2),
        real(1 - h.beta2),
    )


COEFFICIENTS = {"labml": coefficients_labml, "torch": coefficients_torch}


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * (g * g)
    return Memory(m, v), c.step * m / (np.sqrt(v) + c.eps)


def adam(*, beta1: float, beta2: float, eps: float, semantics: str = "labml") -> Rule:
    """The rule with its hyper-parameters: betas in [0, 1), eps >= 0, semantics as listed above."""
    settled = settling_step(beta1, beta2)
    h = Hyper(beta1, beta2, eps, settled)
    return Rule("adam", Memory, h, COEFFICIENTS[semantics], update, settled)
