"""NAdam (Dozat, ICLR 2016 workshop), on a scalar: Adam with Nesterov's momentum.

    mu_k = beta1_k (1 - 0.96^(k momentum_decay) / 2)
    m_k = beta1_k m_{k-1} + (1 - beta1_k) g_k
    v_k = beta2 v_{k-1} + (1 - beta2) g_k^2
    n_k = (1 - mu_k) / (1 - mu_1 ... mu_k) g_k + mu_{k+1} / (1 - mu_1 ... mu_{k+1}) m_k
    x_{k+1} = clip(x_k - alpha_k n_k / (sqrt(v_k / c2) + eps)),        c2 = 1 - beta2^k

This is torch.optim.NAdam, with its defaults. mu grows from about beta1 / 2 to beta1, and is beta1
to the last bit from some step on, 224,982 by default; then n_k = beta1 m_k + (1 - beta1) g_k. The
paper averages with mu_k, torch with beta1 (the paper is known here from summaries). Where beta1 is
scheduled mu_{k+1} is taken with beta1_k.

1 - mu_1 ... mu_k is kept, not the product: it loses no digits, and does not end in numbers that are
too small to be quick.
"""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from amsgrad.field_types import Real
from amsgrad.options import Option
from amsgrad.rules.bias import correction, settling_step
from amsgrad.rules.form import Form
from amsgrad.rules.method import Counterpart, method
from amsgrad.rules.options import Beta1, Beta2, Eps
from amsgrad.rules.rule import NEVER, Rule

RATE = 0.96


class Memory(NamedTuple):
    """The state variables of NAdam."""

    m: float  # first moment, uncorrected
    v: float  # second moment, uncorrected
    weight: float  # 1 - mu_1 ... mu_k


class Hyper(NamedTuple):
    """The hyper-parameters, and numbers that follow from them."""

    beta2: float
    eps: float
    momentum_decay: float
    settled: int  # step from which mu is beta1 and the bias correction 1


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient."""

    step: float  # alpha_k sqrt(c2)
    eps: float  # eps sqrt(c2)
    beta1: float
    rest1: float  # 1 - beta1, from double precision
    beta2: float
    rest2: float
    mu: float
    rest: float  # 1 - mu
    mu_after: float  # of the next step
    rest_after: float


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Return mu of this step and the next; numerator and divisor are taken times sqrt(c2)."""
    root, mu, after = 1.0, beta1, beta1
    if k < h.settled:
        root = math.sqrt(correction(h.beta2, k))
        mu = beta1 * risen(k, h.momentum_decay)
        after = beta1 * risen(k + 1, h.momentum_decay)
    return Coefficients(
        real(alpha * root),
        real(h.eps * root),
        real(beta1),
        real(1 - beta1),
        real(h.beta2),
        real(1 - h.beta2),
        real(mu),
        real(1 - mu),
        real(after),
        real(1 - after),
    )


def risen(k: int, momentum_decay: float) -> float:
    """Return mu_k / beta1."""
    return 1.0 - 0.5 * math.pow(RATE, k * momentum_decay)


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step, in the precision of the run."""
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * g * g
    weight = c.mu * memory.weight + c.rest
    after = c.mu_after * weight + c.rest_after
    n = c.rest / weight * g + c.mu_after / after * m
    return Memory(m, v, weight), c.step * n / (np.sqrt(v) + c.eps)


def risen_from(momentum_decay: float) -> int:
    """Return the first k from which on mu is beta1; NEVER where that takes 2^60 steps.

    >>> risen_from(4e-3)
    224982
    """
    high = 1
    while risen(high, momentum_decay) < 1:
        high *= 2
        if high > 2**60:
            return NEVER
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if risen(middle, momentum_decay) < 1 else (low, middle)
    return high


MomentumDecay = Annotated[
    float, Option(Real(above=0), "Speed at which the momentum of nadam rises to beta1", free=True)
]


@method(
    title="NAdam",
    formula="x - alpha_k n_k / (sqrt(vhat_k) + eps), n_k about beta1 m_k + (1 - beta1) g_k",
    form=lambda beta1, beta2, eps, momentum_decay: Form(
        "mixture", share=beta1, beta1=beta1, beta2=beta2, eps=eps
    ),
    counterparts={
        None: Counterpart("amsgrad.optimizers.nadam:NAdam", {"m": "exp_avg", "v": "exp_avg_sq"}),
    },
)
def nadam(
    *,
    beta1: Beta1 = 0.9,
    beta2: Beta2 = 0.999,
    eps: Eps = 1e-8,
    momentum_decay: MomentumDecay = 4e-3,
) -> Rule:
    """Return the rule: betas in [0, 1), eps >= 0, momentum_decay > 0."""
    settled = max(settling_step(beta2), risen_from(momentum_decay))
    h = Hyper(beta2, eps, momentum_decay, settled)
    return Rule("nadam", Memory, h, coefficients, update, settled, beta1)
