"""AdaGrad (Duchi, Hazan and Singer, JMLR 12, 2011, Figure 1), on a scalar.

    total_k = total_{k-1} + g_k^2
    x_{k+1} = clip(x_k - alpha_k g_k / (sqrt(total_k) + eps))

eps stands where torch.optim.Adagrad has it; the paper adds its delta to the root, too. The total
already makes the steps fall as 1 / sqrt(k): the theory takes a constant alpha.

The total is summed in the precision of the run, as torch does. In single precision it drops a
square below half its spacing: on Figure 1's problem of Reddi, Kale and Kumar the squares of the
small gradients, 1% of the sum, from about step 200,000 on.
"""

from typing import Any, NamedTuple

import numpy as np

from amsgrad.rules.method import Counterpart, method
from amsgrad.rules.options import Eps
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    """What AdaGrad keeps from step to step."""

    total: float  # sum of the squares of all gradients


class Hyper(NamedTuple):
    """Hyper-parameters."""

    eps: float


class Coefficients(NamedTuple):
    """All of step k that does not depend on the gradient."""

    step: float  # alpha_k
    eps: float


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """The step size as it is scheduled, and eps."""
    return Coefficients(real(alpha), real(h.eps))


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """One step, in the precision of the run."""
    total = memory.total + g * g
    return Memory(total), c.step * g / (np.sqrt(total) + c.eps)


@method(
    formula="x - alpha_k g_k / (sqrt(total_k) + eps)",
    second_moment=lambda memory: memory.total,
    counterparts={None: Counterpart("torch.optim:Adagrad", {"total": "sum"})},
)
def adagrad(*, eps: Eps = 1e-10) -> Rule:
    """The rule with its hyper-parameter: eps >= 0; the default is torch's."""
    return Rule("adagrad", Memory, Hyper(eps), coefficients, update, settled=1)
