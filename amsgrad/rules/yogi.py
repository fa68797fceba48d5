"""Yogi (Zaheer, Reddi, Sachan, Kale and Kumar, NeurIPS 2018, Algorithm 2), on a scalar.

    m_k = beta1_k m_{k-1} + (1 - beta1_k) g_k
    v_k = v_{k-1} - (1 - beta2) sign(v_{k-1} - g_k^2) g_k^2
    x_{k+1} = clip(x_k - alpha_k mhat_k / (sqrt(vhat_k) + eps))

v moves towards g^2 by (1 - beta2) g^2, whatever the distance: as fast as Adam's where g^2 is large,
more slowly where it is small. The rule is optax.scale_by_yogi, and pytorch_optimizer's Yogi is the
same: both moments are corrected as Adam's are, mhat = m / c1 and vhat = v / c2 (`adam.py`), and
both start at 1e-6. The paper's update has neither the corrections nor that start (unverified).

v is a plain sum, in the precision of the run as in both packages. On Figure 1's problem of Reddi,
Kale and Kumar it nears 1e6, where the spacing of single precision is 1/16: the steps of 0.1 down
are rounded to 0.125.
"""

import numpy as np

from amsgrad.rules.adam import Coefficients, Hyper, Memory, coefficients_torch
from amsgrad.rules.bias import settling_step
from amsgrad.rules.method import method
from amsgrad.rules.options import Beta1, Beta2, Eps
from amsgrad.rules.rule import Rule

INITIAL = 1e-6  # of both moments


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step, in the precision of the run."""
    m = c.beta1 * memory.m + c.rest1 * g
    v = memory.v - c.rest2 * np.sign(memory.v - g * g) * (g * g)
    return Memory(m, v), c.step * m / (np.sqrt(v) + c.eps)


@method(
    title="Yogi",
    formula="x - alpha_k mhat_k / (sqrt(vhat_k) + eps), v_k -= (1-b2) sign(v_k - g^2) g^2",
)
def yogi(*, beta1: Beta1 = 0.9, beta2: Beta2 = 0.999, eps: Eps = 1e-3) -> Rule:
    """Return the rule with these hyper-parameters: betas in [0, 1), eps >= 0."""
    settled = settling_step(beta1, beta2)
    h = Hyper(beta2, eps, settled)
    start = Memory(INITIAL, INITIAL)
    return Rule("yogi", Memory, h, coefficients_torch, update, settled, beta1, start)
