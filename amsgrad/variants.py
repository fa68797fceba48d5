"""Adam and AMSGrad with one line changed.

With m_k, v_k and vmax_k of Algorithms 1 and 2 of Reddi, Kale and Kumar (ICLR 2018), without bias
correction, and w = v or vmax,

    stale_v     x_{k+1} = clip(x_k - alpha_k m_k / (sqrt(w_{k-1}) + eps))      none at k = 1: w is 0
    stale_m     x_{k+1} = clip(x_k - alpha_k m_{k-1} / (sqrt(w_k) + eps))
    nesterov    x_{k+1} = clip(x_k - alpha_k (beta1_k m_k + (1 - beta1_k) g_k) / (sqrt(w_k) + eps))
    eps_inside  x_{k+1} = clip(x_k - alpha_k m_k / sqrt(w_k + eps))

The first three are tried against Figure 1 of that paper, whose Adam is not Algorithm 1 with the
betas of its text (`experiments/figures/fig1tried.py`); no claim is made that anybody ran them.
nesterov has the numerator of NAdam (Dozat, ICLR 2016 workshop) for a constant beta1, uncorrected.
eps_inside is the rule of the paper's Theorem 6 (appendix): for any eps it fails, too.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from amsgrad.field_types import OneOf
from amsgrad.options import Option
from amsgrad.rules.amsgrad import Memory
from amsgrad.rules.form import Form
from amsgrad.rules.method import method
from amsgrad.rules.options import Beta1, Beta2, Eps
from amsgrad.rules.rule import Rule

Divisor = Annotated[
    str, Option(OneOf(("v", "vmax")), "The second moment in the divisor: Adam's or AMSGrad's")
]


class VariantHyper(NamedTuple):
    """The hyper-parameters."""

    beta2: float
    eps: float
    keep: float  # 1 to keep the maximum of v, 0 to take v itself


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient."""

    step: float  # alpha_k
    eps: float
    beta1: float
    rest1: float  # 1 - beta1, from double precision
    beta2: float
    rest2: float
    keep: float


def coefficients(k: int, alpha: float, beta1: float, h: VariantHyper, real: Any) -> Coefficients:
    """Correct nothing."""
    return Coefficients(
        real(alpha),
        real(h.eps),
        real(beta1),
        real(1 - beta1),
        real(h.beta2),
        real(1 - h.beta2),
        real(h.keep),
    )


def coefficients_late(
    k: int, alpha: float, beta1: float, h: VariantHyper, real: Any
) -> Coefficients:
    """Let the first step move nothing; there eps = 1 keeps 0 m / (sqrt(0) + eps) defined."""
    first = k == 1
    return Coefficients(
        real(0.0 if first else alpha),
        real(1.0 if first else h.eps),
        real(beta1),
        real(1 - beta1),
        real(h.beta2),
        real(1 - h.beta2),
        real(h.keep),
    )


def update_stale_v(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Divide by the root before this gradient has joined it."""
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * g * g
    return Memory(m, v, max(c.keep * memory.vmax, v)), c.step * m / (np.sqrt(memory.vmax) + c.eps)


def update_stale_m(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Go by the first moment before this gradient has joined it."""
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * g * g
    vmax = max(c.keep * memory.vmax, v)
    return Memory(m, v, vmax), c.step * memory.m / (np.sqrt(vmax) + c.eps)


def update_nesterov(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Look one step of the moving average ahead."""
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * g * g
    vmax = max(c.keep * memory.vmax, v)
    ahead = c.beta1 * m + c.rest1 * g
    return Memory(m, v, vmax), c.step * ahead / (np.sqrt(vmax) + c.eps)


def update_eps_inside(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Add eps to the second moment itself."""
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * g * g
    vmax = max(c.keep * memory.vmax, v)
    return Memory(m, v, vmax), c.step * m / np.sqrt(vmax + c.eps)


def _form(*, beta1: float, beta2: float, eps: float, divisor: str) -> Form:
    average: Any = "maximum" if divisor == "vmax" else "moving"
    return Form("momentum", average=average, beta1=beta1, beta2=beta2, eps=eps, lag=1)


@method(title="stale v", formula="x - alpha_k m_k / (sqrt(w_{k-1}) + eps)", form=_form)
def stale_v(
    *, beta1: Beta1 = 0.9, beta2: Beta2 = 0.99, eps: Eps = 0.0, divisor: Divisor = "v"
) -> Rule:
    """Return the rule that divides by the root of the step before."""
    h = VariantHyper(beta2, eps, float(divisor == "vmax"))
    return Rule("stale_v", Memory, h, coefficients_late, update_stale_v, 2, beta1)


@method(title="stale m", formula="x - alpha_k m_{k-1} / (sqrt(w_k) + eps)")
def stale_m(
    *, beta1: Beta1 = 0.9, beta2: Beta2 = 0.99, eps: Eps = 0.0, divisor: Divisor = "v"
) -> Rule:
    """Return the rule that goes by the first moment of the step before."""
    h = VariantHyper(beta2, eps, float(divisor == "vmax"))
    return Rule("stale_m", Memory, h, coefficients, update_stale_m, 1, beta1)


@method(
    title="Nesterov",
    formula="x - alpha_k (beta1_k m_k + (1 - beta1_k) g_k) / (sqrt(w_k) + eps)",
)
def nesterov(
    *, beta1: Beta1 = 0.9, beta2: Beta2 = 0.99, eps: Eps = 0.0, divisor: Divisor = "v"
) -> Rule:
    """Return the rule whose numerator looks one step ahead."""
    h = VariantHyper(beta2, eps, float(divisor == "vmax"))
    return Rule("nesterov", Memory, h, coefficients, update_nesterov, 1, beta1)


@method(title="eps inside", formula="x - alpha_k m_k / sqrt(w_k + eps)")
def eps_inside(
    *, beta1: Beta1 = 0.9, beta2: Beta2 = 0.99, eps: Eps = 1e-8, divisor: Divisor = "v"
) -> Rule:
    """Return the rule with eps inside the root."""
    h = VariantHyper(beta2, eps, float(divisor == "vmax"))
    return Rule("eps_inside", Memory, h, coefficients, update_eps_inside, 1, beta1)
