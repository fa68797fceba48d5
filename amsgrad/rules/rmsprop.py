"""RMSprop (Tieleman and Hinton, Coursera lecture 6.5, 2012), on a scalar.

    v_k = beta2 v_{k-1} + (1 - beta2) g_k^2
    x_{k+1} = clip(x_k - alpha_k g_k / (sqrt(v_k) + eps))

It is Adam as Reddi, Kale and Kumar (ICLR 2018) write it with beta1 = 0: v starts at zero and is not
corrected. eps stands where torch.optim.RMSprop has it, whose name for beta2 is `alpha`. Shi et al.
(ICLR 2021) run this rule without eps.
"""

from typing import Any, NamedTuple

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.rules.method import Counterpart, method
from amsgrad.rules.options import Beta2, Eps
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    """The state variable of RMSprop."""

    v: float  # second moment, uncorrected


class Hyper(NamedTuple):
    """The hyper-parameters."""

    beta2: float
    eps: float


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient."""

    step: float  # alpha_k
    eps: float
    beta2: float
    rest2: float  # 1 - beta2, from double precision


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Correct nothing, although the second moment starts at zero."""
    return Coefficients(real(alpha), real(h.eps), real(h.beta2), real(1 - h.beta2))


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step, in the precision of the run."""
    v = c.beta2 * memory.v + c.rest2 * g * g
    return Memory(v), c.step * g / (np.sqrt(v) + c.eps)


@method(
    title="RMSprop",
    formula="x - alpha_k g_k / (sqrt(v_k) + eps)",
    second_moment=lambda memory: memory.v,
    form=lambda beta2, eps: Form("gradient", beta2=beta2, eps=eps),
    counterparts={
        None: Counterpart("torch.optim:RMSprop", {"v": "square_avg"}, keywords={"beta2": "alpha"})
    },
)
def rmsprop(*, beta2: Beta2 = 0.99, eps: Eps = 1e-8) -> Rule:
    """Return the rule with these hyper-parameters: beta2 in [0, 1), eps >= 0; torch's defaults."""
    return Rule("rmsprop", Memory, Hyper(beta2, eps), coefficients, update, settled=1)
