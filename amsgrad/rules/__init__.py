"""The update rules by name; each is one file."""

import inspect
from collections.abc import Callable, Mapping

from amsgrad.rules.acprop import acprop
from amsgrad.rules.adagrad import adagrad
from amsgrad.rules.adam import adam
from amsgrad.rules.adamnc import adamnc
from amsgrad.rules.adamx import adamx
from amsgrad.rules.adashift import adashift
from amsgrad.rules.adopt import adopt, adopt_unclipped
from amsgrad.rules.amsgrad import amsgrad
from amsgrad.rules.bounds import adabound, amsbound
from amsgrad.rules.padam import padam
from amsgrad.rules.rmsprop import rmsprop
from amsgrad.rules.rule import Rule
from amsgrad.rules.sgd import sgd
from amsgrad.rules.yogi import yogi

RULES: dict[str, Callable[..., Rule]] = {
    "adam": adam,
    "amsgrad": amsgrad,
    "sgd": sgd,
    "rmsprop": rmsprop,
    "adagrad": adagrad,
    "adamnc": adamnc,
    "adamx": adamx,
    "adopt": adopt,
    "adopt_unclipped": adopt_unclipped,
    "adashift": adashift,
    "acprop": acprop,
    "yogi": yogi,
    "padam": padam,
    "adabound": adabound,
    "amsbound": amsbound,
}

# What the world calls Adam and AMSGrad, each with its own default of eps.
SEMANTICS = {"labml": 1e-16, "torch": 1e-8, "paper": 0.0, "optax": 1e-8, "keras": 1e-7}

# Those that a torch optimizer stands behind (amsgrad/optimizers/catalog.py).
TORCH_RULES = ("adam", "amsgrad", "sgd", "rmsprop", "adagrad")


def option_names(rule: str) -> tuple[str, ...]:
    """The names of this rule's hyper-parameters, without lr, which is the run's.

    >>> option_names("rmsprop")
    ('beta2', 'eps')
    """
    return tuple(name for name in _options(rule) if name != "lr")


def defaults(rule: str) -> dict[str, float | int | str]:
    """The hyper-parameters of this rule that have a default, and that.

    >>> defaults("amsgrad")
    {'beta1': 0.9, 'beta2': 0.99, 'semantics': 'labml'}
    """
    return {
        name: option.default
        for name, option in _options(rule).items()
        if option.default is not inspect.Parameter.empty
    }


def _options(rule: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(RULES[rule]).parameters
