"""AMSGrad (Reddi, Kale and Kumar, ICLR 2018, Algorithm 2), on a scalar: Adam with the maximum of v.

    vmax_k = max(vmax_{k-1}, v_k)
    x_{k+1} = clip(x_k - a_k m_k / (sqrt(vmax_k) + e_k))

m_k, v_k, a_k and e_k are Adam's (`adam.py`), with the same meanings. The paper writes no bias
correction and no eps; here the maximum is taken of the uncorrected v.
"""

from typing import NamedTuple

import numpy as np

from amsgrad.rules.adam import COEFFICIENTS, Coefficients, Hyper
from amsgrad.rules.bias import settling_step
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    """What AMSGrad keeps from step to step."""

    m: float  # first moment, uncorrected
    v: float  # second moment, uncorrected
    vmax: float  # largest v so far


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * (g * g)
    vmax = max(memory.vmax, v)
    return Memory(m, v, vmax), c.step * m / (np.sqrt(vmax) + c.eps)


def amsgrad(*, beta1: float, beta2: float, eps: float, semantics: str = "labml") -> Rule:
    """The rule with its hyper-parameters: betas in [0, 1), eps >= 0, semantics as for Adam."""
    settled = settling_step(beta1, beta2)
    h = Hyper(beta1, beta2, eps, settled)
    return Rule("amsgrad", Memory, h, COEFFICIENTS[semantics], update, settled)
