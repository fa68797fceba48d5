"""Long runs of the compiled engine with alpha / sqrt(t), paper semantics."""

import numpy as np

from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.rules import RULES
from amsgrad.schedules import inverse_sqrt


def end_of(problem, beta1, beta2, *, steps, x0, lr=5.0, opt="adam", eps=0.0):
    """Return x after the last step, and the average regret."""
    setup = Setup(problem, lr, inverse_sqrt, x0=x0, dtype=np.float64)
    rule = RULES[opt](beta1=beta1, beta2=beta2, eps=eps, semantics="paper")
    state, records = run_to(Compiled(setup, rule), steps, np.array([steps]))
    return float(state.x), float(records.average_regret[0])
