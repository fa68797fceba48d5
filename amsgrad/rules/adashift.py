"""AdaShift (Zhou et al., ICLR 2019, arXiv 1810.00143), on a scalar.

    v_k = beta2 v_{k-1} + (1 - beta2) g_{k-n}^2
    m_k = (g_k + beta1 g_{k-1} + ... + beta1^(n-1) g_{k-n+1}) / (1 + beta1 + ... + beta1^(n-1))
    x_{k+1} = clip(x_k - alpha_k m_k / sqrt(v_k / (1 - beta2^(k-n)) + eps))

v takes its gradient n = window steps late and so does not depend on the gradients in m: unlike in
Adam, a large gradient is not divided by itself. Nothing moves while k <= n. eps stands inside the
root as in the released code of the paper's synthetic experiment; the released optimizer, and
pytorch_optimizer, have it outside. The paper's spatial operation over the coordinates of one tensor
has no meaning for a scalar. Where beta1 is scheduled the weights are those of beta1_k.
"""

import re
from collections import namedtuple
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, NamedTuple

import numpy as np

from amsgrad.field_types import Whole
from amsgrad.options import Option
from amsgrad.rules.bias import correction, settling_step
from amsgrad.rules.form import Form
from amsgrad.rules.method import method
from amsgrad.rules.options import Beta1, Beta2, Eps
from amsgrad.rules.rule import Rule


class Hyper(NamedTuple):
    """The hyper-parameters, and numbers that follow from them."""

    beta2: float
    eps: float
    window: int  # n
    settled: int  # step from which the bias correction is 1


class Coefficients(NamedTuple):
    """The part of step k that does not depend on the gradient."""

    step: float  # alpha_k / (1 + beta1 + ... + beta1^(n-1))
    eps: float
    lift: float  # 1 / (1 - beta2^(k-n))
    beta1: float
    beta2: float
    rest2: float  # 1 - beta2, from double precision


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Move nothing before the window is full; eps = 1 keeps 0 / sqrt(v + eps) defined for v = 0."""
    weights = 0.0
    for _ in range(h.window):
        weights = beta1 * weights + 1
    full = k > h.window
    lift = 1.0
    if full and k < h.settled:
        lift = 1 / correction(h.beta2, k - h.window)
    return Coefficients(
        real(alpha / weights if full else 0.0),
        real(h.eps if full else 1.0),
        real(lift),
        real(beta1),
        real(h.beta2),
        real(1 - h.beta2),
    )


@cache
def for_window(n: int) -> tuple[Any, Callable[..., Any]]:
    """Return memory and update for a window of n gradients, one variable each, as numba needs."""
    make: Any = namedtuple  # mypy takes literal field names only
    names = ["v", *(f"g{age}" for age in range(n))]  # second moment; gradients, newest first
    memory_type = make(f"Memory{n}", names, module=__name__)

    def update(memory: Any, g: float, c: Coefficients) -> tuple[Any, float]:
        """Take a step, in the precision of the run."""
        oldest = memory[n]
        v = c.beta2 * memory[0] + c.rest2 * oldest * oldest
        after = memory_type(v, g, *memory[1:n])
        # Horner's rule: the oldest gradient is multiplied by beta1 most often.
        weighted = after[n]
        for age in range(n - 1, 0, -1):
            weighted = c.beta1 * weighted + after[age]
        return after, c.step * weighted / np.sqrt(v * c.lift + c.eps)

    update.__name__ = update.__qualname__ = f"update{n}"
    return memory_type, update


def __getattr__(name: str) -> Any:
    """Return Memory10, update10 and so on: pickle, and so numba's cache, finds them by name."""
    match = re.fullmatch(r"(Memory|update)([1-9][0-9]*)", name)
    if match is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return for_window(int(match[2]))[0 if match[1] == "Memory" else 1]


@method(
    title="AdaShift",
    formula="x - alpha_k m_k / sqrt(vhat_k + eps), v_k from gradients before those of m_k",
    form=lambda beta1, beta2, eps, window: Form(
        "window",
        divisor="root of w + eps",
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        lag=window,
        window=window,
    ),
)
def adashift(
    *,
    beta1: Beta1 = 0.9,
    beta2: Beta2 = 0.999,
    eps: Eps = 1e-8,
    window: Annotated[int, Option(Whole(1, 64), "Number of gradients that adashift averages")] = 10,
) -> Rule:
    """Return the rule with these hyper-parameters: betas in [0, 1), eps >= 0, window >= 1.

    Here beta1 = 1, the plain mean of the window, works, too. The state has window + 1 variables;
    compilation takes longer with each.
    """
    settled = window + settling_step(beta2)
    h = Hyper(beta2, eps, window, settled)
    memory_type, update = for_window(window)
    return Rule("adashift", memory_type, h, coefficients, update, settled, beta1)
