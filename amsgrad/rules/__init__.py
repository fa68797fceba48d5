"""The update rules by name; each is one file."""

from collections.abc import Callable

from amsgrad.rules.adam import adam
from amsgrad.rules.amsgrad import amsgrad
from amsgrad.rules.rule import Rule

RULES: dict[str, Callable[..., Rule]] = {"adam": adam, "amsgrad": amsgrad}

# What the world calls Adam and AMSGrad, each with its own default of eps.
SEMANTICS = {"labml": 1e-16, "torch": 1e-8, "paper": 0.0, "optax": 1e-8, "keras": 1e-7}
