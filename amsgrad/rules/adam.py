"""Adam (Kingma and Ba, ICLR 2015, Algorithm 1), on a scalar.

    m_k = beta1_k m_{k-1} + (1 - beta1_k) g_k
    v_k = beta2 v_{k-1} + (1 - beta2) g_k^2
    x_{k+1} = clip(x_k - a_k m_k / (sqrt(v_k) + e_k))

Its meanings (semantics) differ only in a_k and e_k. With c1 = 1 - beta1_k^k and c2 = 1 - beta2^k:

    paper          a = alpha_k,               e = eps      no bias correction, and by default no eps
    labml, keras   a = alpha_k sqrt(c2) / c1, e = eps      eps joins the uncorrected root
    torch, optax   a = alpha_k sqrt(c2) / c1, e = eps sqrt(c2)        mhat / (sqrt(vhat) + eps)

"paper" is Adam as Reddi, Kale and Kumar (ICLR 2018) write it; Kingma and Ba's is torch's.
"""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from amsgrad.field_types import OneOf, Real
from amsgrad.options import Option
from amsgrad.rules.bias import correction, settling_step
from amsgrad.rules.form import Form
from amsgrad.rules.method import Counterpart, method
from amsgrad.rules.options import Beta1, Beta2
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    """The state variables of Adam."""

    m: float  # first moment, uncorrected
    v: float  # second moment, uncorrected


class Hyper(NamedTuple):
    """The hyper-parameters, and numbers that follow from them."""

    beta2: float
    eps: float
    settled: int  # step from which both bias corrections are 1


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient."""

    step: float  # a_k
    eps: float  # e_k
    beta1: float
    rest1: float  # 1 - beta1, from double precision: 1 - float32(beta1) is another number
    beta2: float
    rest2: float


def coefficients_paper(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Correct nothing, although the moments start at zero."""
    return _coefficients(alpha, h.eps, beta1, h, real)


def coefficients_labml(k: int, alpha: float, beta1: float, h: Any, real: Any) -> Coefficients:
    """Put both corrections into the step size; eps is added to the uncorrected root.

    h: Hyper, or another rule's NamedTuple that has its fields, too.
    """
    return _coefficients(corrected_step(k, alpha, beta1, h), h.eps, beta1, h, real)


def coefficients_torch(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Take (alpha / c1) m / (sqrt(v / c2) + eps), numerator and divisor times sqrt(c2)."""
    eps = h.eps if k >= h.settled else h.eps * math.sqrt(correction(h.beta2, k))
    return _coefficients(corrected_step(k, alpha, beta1, h), eps, beta1, h, real)


def corrected_step(k: int, alpha: float, beta1: float, h: Any) -> float:
    """Return alpha sqrt(c2) / c1, which is alpha once both corrections are 1."""
    if k >= h.settled:
        return alpha
    return alpha * math.sqrt(correction(h.beta2, k)) / correction(beta1, k)


def _coefficients(step: float, eps: float, beta1: float, h: Any, real: Any) -> Coefficients:
    return Coefficients(
        real(step),
        real(eps),
        real(beta1),
        real(1 - beta1),
        real(h.beta2),
        real(1 - h.beta2),
    )


COEFFICIENTS = {
    "paper": coefficients_paper,
    "labml": coefficients_labml,
    "keras": coefficients_labml,
    "torch": coefficients_torch,
    "optax": coefficients_torch,
}


def update(memory: Memory, g: float, c: Any) -> tuple[Memory, float]:
    """Take a step, in the precision of the run.

    c: Coefficients, or another rule's NamedTuple that has its fields, too.
    """
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * g * g
    return Memory(m, v), c.step * m / (np.sqrt(v) + c.eps)


# Each with its default of eps.
SEMANTICS = {"labml": 1e-16, "torch": 1e-8, "paper": 0.0, "optax": 1e-8, "keras": 1e-7}
Semantics = Annotated[
    str,
    Option(
        OneOf(SEMANTICS),
        "Meaning of Adam and AMSGrad: paper has no bias correction and no eps; torch and optax add"
        " eps after the correction, labml and keras before it; optax takes the maximum of the"
        " corrected v",
    ),
]
Eps = Annotated[
    float, Option(Real(0), "Added to the divisor", free=True, default_by=("semantics", SEMANTICS))
]

MOMENTS = {"m": "exp_avg", "v": "exp_avg_sq"}  # torch's names of the state variables
LABML = Counterpart("labml_nn.optimizers.adam:Adam", MOMENTS)
TORCH = Counterpart("torch.optim:Adam", MOMENTS)


@method(
    title="Adam",
    formula="x - a_k m_k / (sqrt(v_k) + e_k)",
    second_moment=lambda memory: memory.v,
    form=lambda beta1, beta2, eps, **_: Form("momentum", beta1=beta1, beta2=beta2, eps=eps),
    counterparts={
        "labml": LABML,
        "keras": LABML,  # it adds eps at the same place, with another default
        "torch": TORCH,
        "optax": TORCH,
        "paper": Counterpart(
            "amsgrad.optimizers.amsgrad:AMSGrad",
            MOMENTS,
            fixed={"semantics": "paper", "amsgrad": False},
        ),
    },
)
def adam(
    *, beta1: Beta1 = 0.9, beta2: Beta2 = 0.99, eps: Eps, semantics: Semantics = "labml"
) -> Rule:
    """Return the rule with these options: betas in [0, 1), eps >= 0, semantics as listed above."""
    settled = settling_step(beta1, beta2)
    h = Hyper(beta2, eps, settled)
    return Rule("adam", Memory, h, COEFFICIENTS[semantics], update, settled, beta1)
