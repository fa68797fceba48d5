"""ACProp (Zhuang, Ding, Tang et al., NeurIPS 2021, arXiv 2110.05454), on a scalar.

    x_{k+1} = clip(x_k - alpha_k g_k / (sqrt(s_{k-1}) + eps))         no step at k = 1, where s is 0
    m_k = beta1_k m_{k-1} + (1 - beta1_k) g_k
    s_k = beta2 s_{k-1} + (1 - beta2) (g_k - m_k)^2

"Asynchronous" means that the divisor is that of the step before, "centering" that s averages the
squares of g - m and not of g; while the gradient stays the same, s falls towards 0 and the steps
grow. Stated from memory, unverified; bias corrections, which the released code may have, are left
out.
"""

from typing import Any, NamedTuple

import numpy as np

from amsgrad.rules.adam import Hyper
from amsgrad.rules.form import Form
from amsgrad.rules.method import method
from amsgrad.rules.options import Beta1, Beta2, Eps
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    """The state variables of ACProp."""

    m: float  # first moment, uncorrected
    s: float  # second moment of g - m, uncorrected


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient."""

    step: float  # alpha_k
    eps: float
    beta1: float
    rest1: float  # 1 - beta1, from double precision
    beta2: float
    rest2: float


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Let the first step move nothing; there eps = 1 keeps 0 * g / (sqrt(0) + eps) defined."""
    first = k == 1
    return Coefficients(
        real(0.0 if first else alpha),
        real(1.0 if first else h.eps),
        real(beta1),
        real(1 - beta1),
        real(h.beta2),
        real(1 - h.beta2),
    )


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step, in the precision of the run."""
    delta = c.step * g / (np.sqrt(memory.s) + c.eps)
    m = c.beta1 * memory.m + c.rest1 * g
    s = c.beta2 * memory.s + c.rest2 * (g - m) * (g - m)
    return Memory(m, s), delta


@method(
    title="ACProp",
    formula="x - alpha_k g_k / (sqrt(s_{k-1}) + eps), s the mean of (g - m)^2",
    form=lambda beta1, beta2, eps: Form(
        "gradient", of="deviation", beta1=beta1, beta2=beta2, eps=eps, lag=1
    ),
)
def acprop(*, beta1: Beta1 = 0.9, beta2: Beta2 = 0.999, eps: Eps = 1e-8) -> Rule:
    """Return the rule with these hyper-parameters: betas in [0, 1), eps >= 0."""
    return Rule("acprop", Memory, Hyper(beta2, eps, 2), coefficients, update, 2, beta1)
