"""Gamma_t, which is negative where the step size that an optimizer really takes grows.

    Gamma_t = sqrt(v_{t+1}) / alpha_{t+1} - sqrt(v_t) / alpha_t

is the change of the inverse step size. The proof of Adam's O(sqrt(T)) regret needs Gamma_t >= 0,
and for Adam that fails where v decays faster than 1 / t, after a large gradient (Reddi, Kale and
Kumar, ICLR 2018, section 3). With alpha_t = alpha / sqrt(t) it holds for SGD, whose v is 1 here;
for AMSGrad, whose v is the maximum; for AdamNC, where t v_t is the sum of all g^2; and with a
constant alpha for AdaGrad, whose v is that sum.

The roots are those of the paper's semantics, without eps and bias correction. Root and quotient are
monotonic in floating point: for SGD, AMSGrad and AdaGrad not even rounding makes Gamma_t negative.
"""

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.base import ScalarEngine
from amsgrad.engines.driver import drive
from amsgrad.rules import RULES


def gamma(engine: ScalarEngine, steps: int) -> NDArray[np.float64]:
    """Return Gamma_1, ..., Gamma_{steps - 1} along a run, step by step from its start.

    Args:
        engine: any engine of one run; a step costs some microseconds.
        steps: >= 2.

    Raises:
        ValueError: the v of the rule is not known, or some alpha_t is 0.

    >>> from amsgrad.engines.base import Setup
    >>> from amsgrad.engines.reference import Reference
    >>> from amsgrad.problems.online import Online
    >>> from amsgrad.rules import RULES
    >>> setup = Setup(Online(), lr=0.5, dtype=np.float64)
    >>> bool((gamma(Reference(setup, RULES["adam"](eps=0.0)), 5) < 0).all())
    True
    """
    name = engine.rule.name
    second = RULES[name].second_moment if name in RULES else None
    if second is None:
        known = ", ".join(rule for rule, method in RULES.items() if method.second_moment)
        raise ValueError(f"rule must be one of {known} for Gamma, but {name} was given")
    alphas = np.array([engine.setup.alpha(k) for k in range(1, steps + 1)])
    if not (alphas > 0).all():
        k = int(np.argmin(alphas > 0)) + 1
        raise ValueError(f"Gamma needs step sizes above 0, but alpha_{k} is {alphas[k - 1]}")
    states = drive(engine, engine.init(), steps, piece=lambda: 1)
    inverse = np.array([np.sqrt(float(second(state.memory))) for state, _ in states]) / alphas
    return np.diff(inverse)
