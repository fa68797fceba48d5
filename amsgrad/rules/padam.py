"""Padam (Chen, Zhou, Tang, Yang, Cao and Gu, IJCAI 2020, Algorithm 1), on a scalar.

    x_{k+1} = clip(x_k - a_k m_k / (sqrt(vmax_k) + eps)^(2 power))

m_k, v_k and vmax_k are AMSGrad's (`amsgrad.py`); power = 1/2 is AMSGrad, and power -> 0 is gradient
descent with momentum. In the manner of the released code the step size is corrected, a_k = alpha_k
sqrt(c2) / c1 (labml's in `adam.py`), as if the power were 1/2, and eps stands inside the power; the
paper's update has no correction and no eps (unverified).
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from amsgrad.field_types import Real
from amsgrad.options import Option
from amsgrad.rules.adam import coefficients_labml
from amsgrad.rules.amsgrad import Memory
from amsgrad.rules.amsgrad import update as update_amsgrad
from amsgrad.rules.bias import settling_step
from amsgrad.rules.form import Form
from amsgrad.rules.method import method
from amsgrad.rules.options import Beta1, Beta2, Eps
from amsgrad.rules.rule import Rule


class Hyper(NamedTuple):
    """The hyper-parameters, and numbers that follow from them."""

    beta2: float
    eps: float
    settled: int  # step from which both bias corrections are 1
    power: float


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient: Adam's, and the power."""

    step: float  # a_k
    eps: float
    beta1: float
    rest1: float
    beta2: float
    rest2: float
    power: float  # 2 power: of the root


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Put both corrections into the step size."""
    c = coefficients_labml(k, alpha, beta1, h, real)
    power = real(2 * h.power)
    return Coefficients(c.step, c.eps, c.beta1, c.rest1, c.beta2, c.rest2, power)


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step, in the precision of the run."""
    after, _ = update_amsgrad(memory, g, c)
    return after, c.step * after.m / (np.sqrt(after.vmax) + c.eps) ** c.power


Power = Annotated[
    float, Option(Real(above=0, most=0.5), "Power of vmax in the divisor of padam", free=True)
]


@method(
    title="Padam",
    formula="x - a_k m_k / (sqrt(vmax_k) + eps)^(2 power)",
    form=lambda beta1, beta2, eps, power: Form(
        "momentum", average="maximum", beta1=beta1, beta2=beta2, eps=eps, power=2 * power
    ),
)
def padam(
    *, beta1: Beta1 = 0.9, beta2: Beta2 = 0.999, eps: Eps = 1e-8, power: Power = 0.125
) -> Rule:
    """Return the rule with these hyper-parameters: betas in [0, 1), eps >= 0, power in (0, 1/2].

    The released class defaults to power 1/4; its experiments, like the paper's, take 1/8.
    """
    settled = settling_step(beta1, beta2)
    h = Hyper(beta2, eps, settled, power)
    return Rule("padam", Memory, h, coefficients, update, settled, beta1)
