"""Signum (Bernstein, Wang, Azizzadenesheli and Anandkumar, ICML 2018, Algorithm 2), on a scalar.

    m_k = beta1_k m_{k-1} + (1 - beta1_k) g_k
    x_{k+1} = clip(x_k - alpha_k sign(m_k))        sign(0) = 0

beta1 = 0 is signSGD, the paper's Algorithm 1. Muon with this momentum does the same on each
coordinate of a diagonal problem (arXiv 2605.08980; known here from its abstract and a summary).
"""

from typing import Any, NamedTuple

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.rules.method import method
from amsgrad.rules.options import Beta1
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    """The state variable of Signum."""

    m: float  # first moment


class Hyper(NamedTuple):
    """No hyper-parameters but beta1."""


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient."""

    step: float  # alpha_k
    beta1: float
    rest1: float  # 1 - beta1, from double precision


def coefficients(k: int, alpha: float, beta1: float, h: Any, real: Any) -> Coefficients:
    """Return the scheduled numbers."""
    return Coefficients(real(alpha), real(beta1), real(1 - beta1))


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step, in the precision of the run."""
    m = c.beta1 * memory.m + c.rest1 * g
    return Memory(m), c.step * np.sign(m)


@method(
    title="Signum",
    formula="x - alpha_k sign(m_k)",
    form=lambda beta1: Form("momentum", divisor="one", beta1=beta1, sign=True),
)
def signum(*, beta1: Beta1 = 0.9) -> Rule:
    """Return the rule with this hyper-parameter: beta1 in [0, 1)."""
    return Rule("signum", Memory, Hyper(), coefficients, update, settled=1, beta1=beta1)
