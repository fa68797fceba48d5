"""AdaGrad (Duchi, Hazan and Singer, JMLR 12, 2011, Figure 1), on a scalar.

    total_k = total_{k-1} + g_k^2
    x_{k+1} = clip(x_k - alpha_k g_k / (sqrt(total_k) + eps))

eps stands where torch.optim.Adagrad has it; the paper adds its delta to the root, too. The total
already makes the steps fall as 1 / sqrt(k): the theory assumes a constant alpha.

The total is summed in the precision of the run, as torch does. In single precision it drops a
square below half its spacing: on Figure 1's problem of Reddi, Kale and Kumar the squares of the
small gradients, 1% of the sum, from about step 200,000 on.
"""

from typing import Any, NamedTuple

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.rules.method import Counterpart, method
from amsgrad.rules.options import Eps
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    """The state variable of AdaGrad."""

    total: float  # sum of the squares of all gradients


class Hyper(NamedTuple):
    """The hyper-parameters."""

    eps: float


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient."""

    step: float  # alpha_k
    eps: float


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Return the scheduled step size, and eps."""
    return Coefficients(real(alpha), real(h.eps))


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step, in the precision of the run."""
    total = memory.total + g * g
    return Memory(total), c.step * g / (np.sqrt(total) + c.eps)


@method(
    title="AdaGrad",
    formula="x - alpha_k g_k / (sqrt(total_k) + eps)",
    second_moment=lambda memory: memory.total,
    # the total is k times the mean, and eps fades beside it
    form=lambda eps: Form("gradient", average="mean", fading=True),
    counterparts={None: Counterpart("torch.optim:Adagrad", {"total": "sum"})},
)
def adagrad(*, eps: Eps = 1e-10) -> Rule:
    """Return the rule with this hyper-parameter: eps >= 0; torch's default."""
    return Rule("adagrad", Memory, Hyper(eps), coefficients, update, settled=1, grows=True)
