"""AdaMax (Kingma and Ba, ICLR 2015, section 7.1, Algorithm 2), on a scalar.

    m_k = beta1_k m_{k-1} + (1 - beta1_k) g_k
    u_k = max(beta2 u_{k-1}, |g_k| + eps)
    x_{k+1} = clip(x_k - alpha_k / (1 - beta1_k^k) m_k / u_k)

u_k is the largest beta2^j |g_{k-j}|: the maximum is forgotten, unlike AMSGrad's. It needs no bias
correction. eps stands where torch and optax have it; the paper has none.
"""

from typing import Any, NamedTuple

from amsgrad.rules.adam import Hyper
from amsgrad.rules.bias import correction, settling_step
from amsgrad.rules.form import Form
from amsgrad.rules.method import Counterpart, method
from amsgrad.rules.options import Beta1, Beta2, Eps
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    """The state variables of AdaMax."""

    m: float  # first moment, uncorrected
    u: float  # decayed maximum of |g| + eps


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient."""

    step: float  # alpha_k / c1
    eps: float
    beta1: float
    rest1: float  # 1 - beta1, from double precision
    beta2: float


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Correct the first moment alone."""
    return Coefficients(
        real(alpha if k >= h.settled else alpha / correction(beta1, k)),
        real(h.eps),
        real(beta1),
        real(1 - beta1),
        real(h.beta2),
    )


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step, in the precision of the run."""
    m = c.beta1 * memory.m + c.rest1 * g
    u = max(abs(g) + c.eps, c.beta2 * memory.u)  # in this order NaN stays, as in torch
    return Memory(m, u), c.step * m / u


@method(
    title="AdaMax",
    formula="x - alpha_k mhat_k / u_k, u_k = max(beta2 u_{k-1}, |g_k| + eps)",
    form=lambda beta1, beta2, eps: Form(
        "momentum", average="decayed maximum", divisor="w", beta1=beta1, beta2=beta2, eps=eps
    ),
    counterparts={None: Counterpart("torch.optim:Adamax", {"m": "exp_avg", "u": "exp_inf"})},
)
def adamax(*, beta1: Beta1 = 0.9, beta2: Beta2 = 0.999, eps: Eps = 1e-8) -> Rule:
    """Return the rule with these hyper-parameters: betas in [0, 1), eps >= 0."""
    settled = settling_step(beta1)
    h = Hyper(beta2, eps, settled)
    return Rule("adamax", Memory, h, coefficients, update, settled, beta1)
