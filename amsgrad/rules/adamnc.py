"""AdamNC (Reddi, Kale and Kumar, ICLR 2018, Algorithm 3 with beta2_k = 1 - 1/k), on a scalar.

    m_k = beta1_k m_{k-1} + (1 - beta1_k) g_k
    v_k = (1 - 1/k) v_{k-1} + g_k^2 / k                  the plain mean of all g^2
    x_{k+1} = clip(x_k - alpha_k m_k / (sqrt(v_k) + eps))

As in the paper there is neither a bias correction nor, by default, an eps; with beta1 = 0 and
alpha_k = alpha / sqrt(k) the rule is AdaGrad. Algorithm 3 leaves beta2_k open; its corollary
names this one, with beta1_k = beta1 lambda^(k-1) (beta1_schedule exponential). The paper has no
experiment with it.

The mean is updated as v += (g^2 - v) / k, and what rounding takes from it is carried to the next
step (Kahan's compensated sum), since 1 - 1/k has no exact value in single precision: computed as
above, v is 0.8% off after 1e6 steps of Figure 1's problem and 5% after 1e7; like this it is 5e-8
off.
"""

from typing import Any, NamedTuple

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.rules.method import method
from amsgrad.rules.options import Beta1, Eps
from amsgrad.rules.rule import NEVER, Rule


class Memory(NamedTuple):
    """The state variables of AdamNC."""

    m: float  # first moment, uncorrected
    v: float  # mean of g^2
    error: float  # by how much v came out too large in the last step: its rounding


class Hyper(NamedTuple):
    """The hyper-parameters."""

    eps: float


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient."""

    step: float  # alpha_k
    eps: float
    beta1: float
    rest1: float  # 1 - beta1, from double precision
    share: float  # 1 / k


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Correct nothing; the share of the new square falls with k."""
    return Coefficients(real(alpha), real(h.eps), real(beta1), real(1 - beta1), real(1 / k))


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step, in the precision of the run."""
    m = c.beta1 * memory.m + c.rest1 * g
    change = c.share * (g * g - memory.v) - memory.error
    v = memory.v + change
    error = (v - memory.v) - change
    return Memory(m, v, error), c.step * m / (np.sqrt(v) + c.eps)


@method(
    title="AdamNC",
    formula="x - alpha_k m_k / (sqrt(mean of all g^2) + eps)",
    second_moment=lambda memory: memory.v,
    form=lambda beta1, eps: Form("momentum", average="mean", beta1=beta1, eps=eps),
)
def adamnc(*, beta1: Beta1 = 0.9, eps: Eps = 0.0) -> Rule:
    """Return the rule with these hyper-parameters: beta1 in [0, 1), eps >= 0."""
    return Rule("adamnc", Memory, Hyper(eps), coefficients, update, NEVER, beta1)
