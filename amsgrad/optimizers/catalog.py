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

REAL = {
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
}


def real_optimizer(
    name: str, semantics: str, *, lr: float, betas: tuple[float, float], eps: float
) -> MakeOptimizer:
    """The torch optimizer that is `name` with these semantics; KeyError if there is none."""
    cls, options = REAL[name, semantics]
    return lambda params: cls(params, lr=lr, betas=betas, eps=eps, **options)


def foreign_optimizer(
    path: str, *, lr: float, betas: tuple[float, float], eps: float | None
) -> MakeOptimizer:
    """Any torch optimizer, named as `package.module:Class`.

    It is given `lr`, `betas` if it takes them, and `eps` unless that is None: the class's own.

    Raises:
        ValueError: it cannot be imported, is no optimizer, does not take eps, or calls the loss
            itself.
    """
    module_name, _, class_name = path.partition(":")
    try:
        cls = getattr(importlib.import_module(module_name), class_name)
    except Exception as error:  # a module of the user's may fail in any way
        raise ValueError(f"{path} cannot be imported: {error}") from error
    if not (inspect.isclass(cls) and issubclass(cls, torch.optim.Optimizer)):
        raise ValueError(f"{path} is not a torch.optim.Optimizer")
    options: dict[str, Any] = {"lr": lr}
    taken = inspect.signature(cls).parameters
    if "betas" in taken:
        options["betas"] = betas
    if eps is not None:
        if "eps" not in taken:
            raise ValueError(f"{path} takes no eps")
        options["eps"] = eps
    closure = inspect.signature(cls.step).parameters.get("closure")
    if closure and closure.default is inspect.Parameter.empty:
        raise ValueError(f"{path} calls the loss itself, through a closure, which no engine offers")
    return lambda params: cls(params, **options)
