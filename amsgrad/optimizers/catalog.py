"""Which real optimizer stands behind each name: those that the scalar rules are held to."""

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import labml_nn.optimizers.adam
import torch

from amsgrad.optimizers.amsgrad import AMSGrad
from amsgrad.optimizers.semantics import CorrectedMaximum, Uncorrected

MakeOptimizer = Callable[[list[torch.nn.Parameter]], torch.optim.Optimizer]

REAL: dict[tuple[str, str | None], tuple[Any, dict[str, Any]]] = {
    ("adam", "labml"): (labml_nn.optimizers.adam.Adam, {}),
    ("adam", "torch"): (torch.optim.Adam, {}),
    ("amsgrad", "labml"): (AMSGrad, {}),
    ("amsgrad", "torch"): (torch.optim.Adam, {"amsgrad": True}),
    ("adam", "paper"): (Uncorrected, {"amsgrad": False}),
    ("amsgrad", "paper"): (Uncorrected, {}),
    ("adam", "optax"): (torch.optim.Adam, {}),
    ("amsgrad", "optax"): (CorrectedMaximum, {}),
    # Keras adds its eps where labml does; only the default is another.
    ("adam", "keras"): (labml_nn.optimizers.adam.Adam, {}),
    ("amsgrad", "keras"): (AMSGrad, {}),
    ("rmsprop", None): (torch.optim.RMSprop, {}),
    ("adagrad", None): (torch.optim.Adagrad, {}),
    ("sgd", None): (torch.optim.SGD, {}),
}


def real_optimizer(
    name: str, semantics: str | None = None, *, lr: float, **numbers: float
) -> MakeOptimizer:
    """The torch optimizer that is the rule `name` with these options; KeyError if there is none."""
    cls, options = REAL[name, semantics]
    if "beta1" in numbers:
        options = {**options, "betas": (numbers["beta1"], numbers["beta2"])}
    elif "beta2" in numbers:
        options = {**options, "alpha": numbers["beta2"]}  # torch's RMSprop calls it so
    if "eps" in numbers:
        options = {**options, "eps": numbers["eps"]}
    return lambda params: cls(params, lr=lr, **options)


def foreign_optimizer(
    path: str, *, lr: float, betas: tuple[float, float] | None, eps: float | None
) -> MakeOptimizer:
    """Any torch optimizer, named as `package.module:Class`; what is None is left to the class.

    Raises:
        ValueError: it is no optimizer, takes no such option, or calls the loss itself.
        Exception: whatever its import raises.
    """
    module_name, _, class_name = path.partition(":")
    cls = getattr(importlib.import_module(module_name), class_name)
    if not (inspect.isclass(cls) and issubclass(cls, torch.optim.Optimizer)):
        raise ValueError("it is not a torch.optim.Optimizer")
    given = {"lr": lr, "betas": betas, "eps": eps}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    taken = inspect.signature(cls).parameters
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in taken.values())
    for option, value in options.items():
        if option not in taken and not takes_any:
            raise ValueError(f"it takes no {option} ({value} was given), only {', '.join(taken)}")
    closure = inspect.signature(cls.step).parameters.get("closure")
    if closure and closure.default is inspect.Parameter.empty:
        raise ValueError("it calls the loss itself, through a closure, which no engine offers")
    return lambda params: cls(params, **options)
