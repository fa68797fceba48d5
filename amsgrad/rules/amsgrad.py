"""AMSGrad (Reddi, Kale and Kumar, ICLR 2018, Algorithm 2), on a scalar: Adam with the maximum of v.

    vmax_k = max(vmax_{k-1}, v_k)
    x_{k+1} = clip(x_k - a_k m_k / (sqrt(vmax_k) + e_k))

m_k, v_k, a_k and e_k are Adam's (`adam.py`), with the same meanings but one: optax by default takes
the maximum of the corrected v,

    vmax_k = max(vmax_{k-1}, v_k / c2),     a = alpha_k / c1,     e = eps

which matters for ever where the first gradient is large: on Figure 1's problem its vmax stays at
1010^2 = 1,020,100, the others' at 16,096.8, and its steps are 7.96 times smaller.
"""

from typing import Any, NamedTuple

import numpy as np

from amsgrad.rules.adam import COEFFICIENTS, MOMENTS, Eps, Hyper, Semantics
from amsgrad.rules.bias import correction, settling_step
from amsgrad.rules.form import Form
from amsgrad.rules.method import Counterpart, method
from amsgrad.rules.options import Beta1, Beta2
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    """The state variables of AMSGrad."""

    m: float  # first moment, uncorrected
    v: float  # second moment, uncorrected
    vmax: float  # largest v so far; for optax the largest v / c2


class CorrectedCoefficients(NamedTuple):
    """The part of step k that does not depend on the gradient, where v is corrected first."""

    step: float  # alpha_k / c1
    eps: float
    lift: float  # 1 / c2
    beta1: float
    rest1: float
    beta2: float
    rest2: float


def update(memory: Memory, g: float, c: Any) -> tuple[Memory, float]:
    """Take a step, in the precision of the run.

    c: Adam's Coefficients, or another rule's NamedTuple that has its fields, too.
    """
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * g * g
    vmax = max(v, memory.vmax)  # in this order NaN stays, as in torch
    return Memory(m, v, vmax), c.step * m / (np.sqrt(vmax) + c.eps)


def coefficients_corrected(
    k: int, alpha: float, beta1: float, h: Hyper, real: Any
) -> CorrectedCoefficients:
    """Return the coefficients for the maximum of the corrected v."""
    settled = k >= h.settled
    return CorrectedCoefficients(
        real(alpha if settled else alpha / correction(beta1, k)),
        real(h.eps),
        real(1.0 if settled else 1.0 / correction(h.beta2, k)),
        real(beta1),
        real(1 - beta1),
        real(h.beta2),
        real(1 - h.beta2),
    )


def update_corrected(memory: Memory, g: float, c: CorrectedCoefficients) -> tuple[Memory, float]:
    """Take a step with the maximum of the corrected v (optax), in the precision of the run."""
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * g * g
    vmax = max(v * c.lift, memory.vmax)
    return Memory(m, v, vmax), c.step * m / (np.sqrt(vmax) + c.eps)


def limiting_form(*, beta1: float, beta2: float, eps: float, semantics: str) -> Form:
    """Return the form; the vmax of optax depends on the very first gradients."""
    average: Any = "corrected maximum" if semantics == "optax" else "maximum"
    return Form("momentum", average=average, beta1=beta1, beta2=beta2, eps=eps)


MAXIMUM = {**MOMENTS, "vmax": "max_exp_avg_sq"}  # torch's names of the state variables
OURS = Counterpart("amsgrad.optimizers.amsgrad:AMSGrad", MAXIMUM)  # labml_nn's, corrected


@method(
    title="AMSGrad",
    formula="x - a_k m_k / (sqrt(vmax_k) + e_k)",
    second_moment=lambda memory: memory.vmax,
    form=limiting_form,
    counterparts={
        "labml": OURS,
        "keras": OURS,
        "torch": Counterpart("torch.optim:Adam", MAXIMUM, fixed={"amsgrad": True}),
        "optax": OURS._replace(fixed={"semantics": "optax"}),
        "paper": OURS._replace(fixed={"semantics": "paper"}),
    },
)
def amsgrad(
    *, beta1: Beta1 = 0.9, beta2: Beta2 = 0.99, eps: Eps, semantics: Semantics = "labml"
) -> Rule:
    """Return the rule with these options: betas in [0, 1), eps >= 0, semantics as for Adam."""
    settled = settling_step(beta1, beta2)
    h = Hyper(beta2, eps, settled)
    if semantics == "optax":
        functions: tuple[Any, Any] = (coefficients_corrected, update_corrected)
    else:
        functions = (COEFFICIENTS[semantics], update)
    return Rule("amsgrad", Memory, h, *functions, settled, beta1)
