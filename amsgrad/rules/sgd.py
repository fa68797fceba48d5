"""Projected online gradient descent (Zinkevich, ICML 2003, section 2), on a scalar.

    x_{k+1} = clip(x_k - alpha_k g_k)

With alpha_k = alpha / sqrt(k) its regret is O(sqrt(T)) on every convex problem, so its average
regret goes to 0: adaptive methods are compared with it.
"""

from typing import Any, NamedTuple

from amsgrad.rules.form import Form
from amsgrad.rules.method import Counterpart, method
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    """One state variable that is not used: numba cannot iterate over an empty tuple."""

    g: float  # the last gradient


class Hyper(NamedTuple):
    """No hyper-parameters."""


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient."""

    step: float  # alpha_k


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Return the scheduled step size."""
    return Coefficients(real(alpha))


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step, in the precision of the run."""
    return Memory(g), c.step * g


@method(
    title="SGD",
    formula="x - alpha_k g_k",
    second_moment=lambda memory: 1.0,
    form=lambda: Form("gradient", divisor="one"),
    counterparts={None: Counterpart("torch.optim:SGD", state={})},
)
def sgd() -> Rule:
    """Return the rule; its only hyper-parameter is the step size."""
    return Rule("sgd", Memory, Hyper(), coefficients, update, settled=1)
