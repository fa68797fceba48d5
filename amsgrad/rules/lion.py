"""Lion (Chen et al., NeurIPS 2023, arXiv 2302.06675), on a scalar.

    x_{k+1} = clip(x_k - alpha_k sign(beta1_k m_{k-1} + (1 - beta1_k) g_k))        sign(0) = 0
    m_k = beta2 m_{k-1} + (1 - beta2) g_k

The decay of m is beta2 here; beta1 says how much of it is in a step. With beta1 = beta2 the rule is
Signum. The paper found it by a search over programs; it has no convergence theorem. Its decoupled
weight decay is left out.
"""

from typing import Any, NamedTuple

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.rules.method import method
from amsgrad.rules.options import Beta1, Beta2
from amsgrad.rules.rule import Rule
from amsgrad.rules.signum import Memory


class Hyper(NamedTuple):
    """The hyper-parameters."""

    beta2: float


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient."""

    step: float  # alpha_k
    beta1: float
    rest1: float  # 1 - beta1, from double precision
    beta2: float
    rest2: float


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Return the scheduled numbers, and beta2."""
    return Coefficients(real(alpha), real(beta1), real(1 - beta1), real(h.beta2), real(1 - h.beta2))


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step, in the precision of the run."""
    d = c.step * np.sign(c.beta1 * memory.m + c.rest1 * g)
    return Memory(c.beta2 * memory.m + c.rest2 * g), d


@method(
    title="Lion",
    formula="x - alpha_k sign(beta1_k m_{k-1} + (1 - beta1_k) g_k), m the mean with beta2",
    form=lambda beta1, beta2: Form(
        "mixture", divisor="one", beta1=beta2, share=beta1, late=1, sign=True
    ),
)
def lion(*, beta1: Beta1 = 0.9, beta2: Beta2 = 0.99) -> Rule:
    """Return the rule with these hyper-parameters: betas in [0, 1)."""
    return Rule("lion", Memory, Hyper(beta2), coefficients, update, settled=1, beta1=beta1)
