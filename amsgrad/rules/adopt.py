"""ADOPT (Taniguchi et al., NeurIPS 2024, arXiv 2411.02853), on a scalar.

    v_1 = g_1^2                                           the first step sets v and moves nothing
    u_k = g_k / max(sqrt(v_{k-1}), eps)                   v without the gradient of this step
    m_k = beta1_k m_{k-1} + (1 - beta1_k) clip(u_k, -c_k, c_k),   m_1 = 0
    x_{k+1} = clip(x_k - alpha_k m_k)
    v_k = beta2 v_{k-1} + (1 - beta2) g_k^2

There is no bias correction. The paper counts from 0, so its t is k - 1, and the released code clips
at c_k = t^(1/4) = (k - 1)^(1/4). `adopt_unclipped` is the first release, before 22 November 2024:
no clipping, and the second step sets m_2 = u_2. The present code with its clipping switched off
keeps the factor 1 - beta1 there, too, and so is a third rule.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.rules.method import method
from amsgrad.rules.options import Beta1, Beta2, Eps
from amsgrad.rules.rule import NEVER, Rule


class Memory(NamedTuple):
    """The state variables of ADOPT."""

    m: float  # first moment of the normalised gradient
    v: float  # second moment of the gradient


class Hyper(NamedTuple):
    """The hyper-parameters."""

    beta2: float
    eps: float


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient."""

    step: float  # alpha_k
    eps: float
    clip: float  # c_k
    beta1: float
    rest1: float  # 1 - beta1, from double precision
    beta2: float
    rest2: float


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Clip at (k - 1)^(1/4), as two roots: the same bits everywhere, unlike a power."""
    if k == 1:
        return _first(real)
    return _later(alpha, math.sqrt(math.sqrt(k - 1)), beta1, h, real)


def coefficients_unclipped(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Clip nothing; the second step keeps all of u, since m is zero before it."""
    if k == 1:
        return _first(real)
    return _later(alpha, math.inf, 0.0 if k == 2 else beta1, h, real)


def _first(real: Any) -> Coefficients:
    # v = 0 m + 1 g^2, and m stays zero; eps = 1 keeps g / max(sqrt(v), eps) finite where v is 0.
    return Coefficients(real(0), real(1), real(1), real(1), real(0), real(0), real(1))


def _later(alpha: float, clip: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    return Coefficients(
        real(alpha),
        real(h.eps),
        real(clip),
        real(beta1),
        real(1 - beta1),
        real(h.beta2),
        real(1 - h.beta2),
    )


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step, in the precision of the run."""
    u = g / max(np.sqrt(memory.v), c.eps)
    m = c.beta1 * memory.m + c.rest1 * min(max(u, -c.clip), c.clip)
    v = c.beta2 * memory.v + c.rest2 * g * g
    return Memory(m, v), c.step * m


def limiting_form(*, beta1: float, beta2: float, eps: float) -> Form:
    """Return the form of both, since the clip opens for ever."""
    return Form("gradient", divisor="max(root, eps)", beta2=beta2, eps=eps, lag=1, smoothing=beta1)


@method(
    title="ADOPT",
    formula="x - alpha_k m_k, m the mean of clip(g_k / max(sqrt(v_{k-1}), eps), -c_k, c_k)",
    form=limiting_form,
)
def adopt(*, beta1: Beta1 = 0.9, beta2: Beta2 = 0.9999, eps: Eps = 1e-6) -> Rule:
    """Return the rule with these hyper-parameters: betas in [0, 1), eps >= 0."""
    h = Hyper(beta2, eps)
    unclipped = Rule("adopt", Memory, h, coefficients_unclipped, update, 3, beta1)
    return Rule("adopt", Memory, h, coefficients, update, NEVER, beta1, later=unclipped)


@method(
    title="ADOPT without clipping",
    formula="x - alpha_k m_k, m the mean of g_k / max(sqrt(v_{k-1}), eps)",
    form=limiting_form,
)
def adopt_unclipped(*, beta1: Beta1 = 0.9, beta2: Beta2 = 0.9999, eps: Eps = 1e-6) -> Rule:
    """Return the rule of the first release, with the hyper-parameters of `adopt`."""
    h = Hyper(beta2, eps)
    return Rule("adopt_unclipped", Memory, h, coefficients_unclipped, update, 3, beta1)
