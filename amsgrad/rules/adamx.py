"""AdamX (Tran and Phong, IEEE Access 7, 2019, arXiv 1904.03590), on a scalar.

    vmax_1 = v_1,   vmax_k = max(((1 - beta1_k) / (1 - beta1_{k-1}))^2 vmax_{k-1}, v_k)
    x_{k+1} = clip(x_k - alpha_k m_k / (sqrt(vmax_k) + eps))

m_k and v_k are Adam's (`adam.py`) without bias correction, and by default there is no eps. The
factor repairs the proof of AMSGrad's regret bound, which treats beta1_k as if it were constant. It
is stated from memory, unverified; verified is its purpose, that sqrt(vmax_k) / (1 - beta1_k) never
falls. With a constant beta1 the rule is AMSGrad. While beta1_k decays the factor is above 1, so
vmax never falls; where beta1_k grows, vmax may fall.

The factors are not multiplied step by step: between two maxima of v their product telescopes, and
is computed at once. In single precision the product of 1e7 rounded factors, each near 1, was 20%
off for beta1_k = .9 * .999999^(k-1).
"""

from typing import NamedTuple

from amsgrad.rules.adam import Coefficients, Hyper, coefficients_paper
from amsgrad.rules.amsgrad import Memory as Maximum
from amsgrad.rules.amsgrad import update as update_amsgrad
from amsgrad.rules.form import Form
from amsgrad.rules.method import method
from amsgrad.rules.options import Beta1, Beta2, Eps
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    """The state variables of AdamX."""

    m: float  # first moment, uncorrected
    v: float  # second moment, uncorrected
    vmax: float  # largest v, rescaled to the beta1 of this step
    peak: float  # that v, not rescaled
    rest1: float  # 1 - beta1 of that step


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step of AMSGrad from the rescaled maximum, in the precision of the run."""
    ratio = c.rest1 / memory.rest1
    rescaled = Maximum(memory.m, memory.v, ratio * ratio * memory.peak)
    after, delta = update_amsgrad(rescaled, g, c)
    peak, rest1 = memory.peak, memory.rest1
    if after.v >= rescaled.vmax:
        peak, rest1 = after.v, c.rest1
    return Memory(after.m, after.v, after.vmax, peak, rest1), delta


@method(
    title="AdamX",
    formula="x - alpha_k m_k / (sqrt(vmax_k) + eps), vmax rescaled as beta1_k changes",
    form=lambda beta1, beta2, eps: Form(
        "momentum", average="maximum", beta1=beta1, beta2=beta2, eps=eps
    ),
)
def adamx(*, beta1: Beta1 = 0.9, beta2: Beta2 = 0.99, eps: Eps = 0.0) -> Rule:
    """Return the rule with these hyper-parameters: betas in [0, 1), eps >= 0."""
    start = Memory(0.0, 0.0, 0.0, 0.0, 1.0)  # any rest1 but 0 would do: it rescales a peak of 0
    h = Hyper(beta2, eps, settled=1)
    return Rule("adamx", Memory, h, coefficients_paper, update, 1, beta1, start)
