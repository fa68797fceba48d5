"""AdaBelief (Zhuang et al., NeurIPS 2020, arXiv 2010.07468, Algorithm 2), on a scalar.

    m_k = beta1_k m_{k-1} + (1 - beta1_k) g_k
    s_k = beta2 s_{k-1} + (1 - beta2) (g_k - m_k)^2 + eps
    x_{k+1} = clip(x_k - alpha_k mhat_k / (sqrt(shat_k) + eps))

eps stands twice, and the first one adds up: in the long run s is eps / (1 - beta2) above the mean
of the squares, with the defaults a thousand times eps. So do optax.scale_by_belief, where its two
eps are the same, and pytorch_optimizer's AdaBelief; the paper and its code are known here from
these. labml_nn's adds the first eps to s where it is divided by, and does not keep it; without eps,
and with degenerate_to_sgd=False, which it hands on in the place of amsgrad, it is the same rule.
Rectification is left out, as in these packages by default (in labml_nn's by rectify=False).

Where the gradient stays the same g - m and with it s fall towards 0, and the steps grow. With beta1
= 0 every g - m is 0, and the rule is gradient descent divided by eps.
"""

from typing import Any, NamedTuple

import numpy as np

from amsgrad.rules.adam import Hyper, coefficients_torch
from amsgrad.rules.bias import settling_step
from amsgrad.rules.form import Form
from amsgrad.rules.method import method
from amsgrad.rules.options import Beta1, Beta2, Eps
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    """The state variables of AdaBelief."""

    m: float  # first moment, uncorrected
    s: float  # second moment of g - m, uncorrected, with the eps of all steps


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient: Adam's, and eps itself."""

    step: float  # alpha_k sqrt(c2) / c1
    eps: float  # eps sqrt(c2)
    beta1: float
    rest1: float
    beta2: float
    rest2: float
    added: float  # eps


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Correct both moments; numerator and divisor are taken times sqrt(c2)."""
    c = coefficients_torch(k, alpha, beta1, h, real)
    return Coefficients(c.step, c.eps, c.beta1, c.rest1, c.beta2, c.rest2, real(h.eps))


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step, in the precision of the run."""
    m = c.beta1 * memory.m + c.rest1 * g
    s = c.beta2 * memory.s + c.rest2 * (g - m) * (g - m) + c.added
    return Memory(m, s), c.step * m / (np.sqrt(s) + c.eps)


@method(
    title="AdaBelief",
    formula="x - alpha_k mhat_k / (sqrt(shat_k) + eps), s the mean of (g - m)^2, and eps",
    form=lambda beta1, beta2, eps: Form(
        "momentum",
        of="deviation",
        divisor="root of w and eps, + eps",
        beta1=beta1,
        beta2=beta2,
        eps=eps,
    ),
)
def adabelief(*, beta1: Beta1 = 0.9, beta2: Beta2 = 0.999, eps: Eps = 1e-16) -> Rule:
    """Return the rule with these hyper-parameters: betas in [0, 1), eps >= 0."""
    settled = settling_step(beta1, beta2)
    h = Hyper(beta2, eps, settled)
    return Rule("adabelief", Memory, h, coefficients, update, settled, beta1)
