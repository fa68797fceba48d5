"""Gamma_t: whether the step sizes an optimizer really takes ever grow.

    Gamma_t = sqrt(v_{t+1}) / alpha_{t+1} - sqrt(v_t) / alpha_t

is the change of the inverse step size. The proof of Adam's O(sqrt(T)) regret needs Gamma_t >= 0,
and for Adam that fails where v decays faster than 1 / t, after a large gradient (Reddi, Kale and
Kumar, ICLR 2018, section 3). With alpha_t = alpha / sqrt(t) it holds for SGD, whose v is 1 here;
for AMSGrad, whose v is the maximum; for AdamNC, where t v_t is the sum of all g^2; and with a
constant alpha for AdaGrad, whose v is that sum.

The roots are those of the paper's semantics, without eps and bias correction. Root and quotient are
monotonous in floating point: for SGD, AMSGrad and AdaGrad not even rounding makes Gamma_t negative.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.contract import Setup
from amsgrad.rules.rule import Rule

# What stands for v_t in the memory of a rule.
SECOND: dict[str, Callable[[Any], float]] = {
    "adam": lambda memory: memory.v,
    "amsgrad": lambda memory: memory.vmax,
    "sgd": lambda memory: 1.0,
    "rmsprop": lambda memory: memory.v,
    "adagrad": lambda memory: memory.total,
    "adamnc": lambda memory: memory.v,
}


class ScalarEngine(Protocol):
    """The part of `Reference` and `Compiled` that is used here."""

    setup: Setup
    rule: Rule

    def init(self) -> Any: ...

    def advance(self, state: Any, steps: int, record_at: NDArray[np.int64]) -> tuple[Any, Any]: ...


def gamma(engine: ScalarEngine, steps: int) -> NDArray[np.float64]:
    """Gamma_1, ..., Gamma_{steps - 1} along a run, step by step from its start.

    Args:
        engine: of a single run, not of a batch; either will do, a step costs some microseconds.
        steps: >= 2.

    Raises:
        ValueError: it is not known what stands for v in the rule, or some alpha_t is 0.

    >>> from amsgrad.engines.reference import Reference
    >>> from amsgrad.problems.online import Online
    >>> from amsgrad.rules import RULES
    >>> setup = Setup(Online(), lr=0.5, dtype=np.float64)
    >>> bool((gamma(Reference(setup, RULES["adam"](eps=0.0)), 5) < 0).all())
    True
    """
    name = engine.rule.name
    if name not in SECOND:
        raise ValueError(f"rule must be one of {', '.join(SECOND)} for Gamma, but {name} was given")
    second, nothing = SECOND[name], np.empty(0, np.int64)
    state, inverse = engine.init(), np.empty(steps)
    for k in range(1, steps + 1):
        alpha = engine.setup.alpha(k)
        if not alpha > 0:
            raise ValueError(f"Gamma needs step sizes above 0, but alpha_{k} is {alpha}")
        state, _ = engine.advance(state, 1, nothing)
        inverse[k - 1] = np.sqrt(float(second(state.memory))) / alpha
    return np.diff(inverse)
