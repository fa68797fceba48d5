"""AdaBound and AMSBound (Luo, Xiong, Liu and Sun, ICLR 2019, Algorithms 2 and 3), on a scalar.

    rate_k = clip(a_k / (sqrt(v_k) + eps), lower_k, upper_k)        AMSBound: vmax_k for v_k
    x_{k+1} = clip(x_k - rate_k m_k)

    lower_k = final_k (1 - 1 / (gamma k + 1)),   upper_k = final_k (1 + 1 / (gamma k))

m_k and v_k are Adam's, vmax_k is AMSGrad's; both bounds go to final_k, so the rule turns from Adam
into gradient descent with momentum. In the manner of the released code, and unlike the paper, the
step size is corrected, a_k = alpha_k sqrt(c2) / c1 (labml's in `adam.py`), there is an eps, and the
clipped rate is not divided by sqrt(k): a schedule of alpha does that, and moves the bounds along,
final_k = final_lr alpha_k / lr with the first step size lr.
"""

import math
from fractions import Fraction
from typing import Annotated, Any, NamedTuple

import numpy as np

from amsgrad.field_types import Real
from amsgrad.options import Option
from amsgrad.rules.adam import Memory, coefficients_labml
from amsgrad.rules.adam import update as update_adam
from amsgrad.rules.amsgrad import Memory as Maximum
from amsgrad.rules.amsgrad import update as update_amsgrad
from amsgrad.rules.bias import settling_step
from amsgrad.rules.form import Form
from amsgrad.rules.method import method
from amsgrad.rules.options import Beta1, Beta2, Eps
from amsgrad.rules.rule import NEVER, Rule


class Hyper(NamedTuple):
    """The hyper-parameters, and numbers that follow from them."""

    beta2: float
    eps: float
    settled: int  # step from which both bias corrections are 1
    final: float  # final_lr / lr
    gamma: float


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient: Adam's, and the bounds."""

    step: float  # a_k
    eps: float
    beta1: float
    rest1: float
    beta2: float
    rest2: float
    lower: float
    upper: float


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Put both corrections into the step size; let the bounds follow the schedule."""
    final = alpha * h.final
    lower = real(final * (1 - 1 / (h.gamma * k + 1)))
    upper = real(final * (1 + 1 / (h.gamma * k)))
    c = coefficients_labml(k, alpha, beta1, h, real)
    return Coefficients(c.step, c.eps, c.beta1, c.rest1, c.beta2, c.rest2, lower, upper)


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step of AdaBound, in the precision of the run."""
    after, _ = update_adam(memory, g, c)
    return after, rate(after.v, c) * after.m


def update_maximum(memory: Maximum, g: float, c: Coefficients) -> tuple[Maximum, float]:
    """Take a step of AMSBound, in the precision of the run."""
    after, _ = update_amsgrad(memory, g, c)
    return after, rate(after.vmax, c) * after.m


def rate(second: float, c: Coefficients) -> float:
    """Return the step size, clipped to the bounds."""
    free: float = c.step / (np.sqrt(second) + c.eps)
    return min(max(free, c.lower), c.upper)


FinalLr = Annotated[
    float, Option(Real(0), "Limit of the bounds of adabound and amsbound", free=True)
]
Gamma = Annotated[
    float, Option(Real(above=0, below=1), "Speed at which these bounds close", free=True)
]


def limiting_form(*, lr: float, beta1: float, final_lr: float, **_: float) -> Form | None:
    """Return the form of both once the bounds have closed."""
    if not lr or not 0 < final_lr / lr < math.inf:
        return None
    # exact: a quotient that is rounded is another decimal, and D would be proved for that
    factor = Fraction(str(final_lr)) / Fraction(str(lr))
    return Form("momentum", divisor="one", beta1=beta1, factor=factor)


@method(
    title="AdaBound",
    formula="x - clip(a_k / (sqrt(v_k) + eps), lower_k, upper_k) m_k",
    form=limiting_form,
)
def adabound(
    *,
    lr: float,
    beta1: Beta1 = 0.9,
    beta2: Beta2 = 0.999,
    eps: Eps = 1e-8,
    final_lr: FinalLr = 0.1,
    gamma: Gamma = 1e-3,
) -> Rule:
    """Return the rule with these hyper-parameters: lr, final_lr and eps >= 0, betas in [0, 1).

    gamma in (0, 1) is the speed at which the bounds close. With lr = 0 nothing moves.
    """
    h = _hyper(lr, beta1, beta2, eps, final_lr, gamma)
    return Rule("adabound", Memory, h, coefficients, update, NEVER, beta1)


@method(
    title="AMSBound",
    formula="x - clip(a_k / (sqrt(vmax_k) + eps), lower_k, upper_k) m_k",
    form=limiting_form,
)
def amsbound(
    *,
    lr: float,
    beta1: Beta1 = 0.9,
    beta2: Beta2 = 0.999,
    eps: Eps = 1e-8,
    final_lr: FinalLr = 0.1,
    gamma: Gamma = 1e-3,
) -> Rule:
    """Return the rule with the hyper-parameters of `adabound`."""
    h = _hyper(lr, beta1, beta2, eps, final_lr, gamma)
    return Rule("amsbound", Maximum, h, coefficients, update_maximum, NEVER, beta1)


def _hyper(
    lr: float, beta1: float, beta2: float, eps: float, final_lr: float, gamma: float
) -> Hyper:
    final = final_lr / lr if lr else 0.0
    return Hyper(beta2, eps, settling_step(beta1, beta2), final, gamma)
