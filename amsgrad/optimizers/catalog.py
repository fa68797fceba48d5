"""The real torch optimizers by name: those that the scalar rules are checked against."""

import inspect
from collections.abc import Callable
from typing import Any

import torch

from amsgrad.registry import load
from amsgrad.rules import RULES

MakeOptimizer = Callable[[list[torch.nn.Parameter]], torch.optim.Optimizer]


def real_optimizer(name: str, *, lr: float, **options: Any) -> MakeOptimizer:
    """Return the torch optimizer that is the rule `name` with these options.

    Raises:
        KeyError: there is none.
    """
    cls, keywords = counterpart(name, **options)
    return lambda params: cls(params, lr=lr, **keywords)


def counterpart(name: str, **options: Any) -> tuple[Any, dict[str, Any]]:
    """Return the class of torch optimizers that is the rule `name`, and its keyword arguments.

    Raises:
        KeyError: there is none.
    """
    found = RULES[name].counterpart(options)
    if found is None:
        raise KeyError(name)
    given = {name: value for name, value in options.items() if name != "semantics"}
    if "beta1" in given:
        given["betas"] = (given.pop("beta1"), given.pop("beta2"))
    keywords = {found.keywords.get(name, name): value for name, value in given.items()}
    return load(found.path), {**keywords, **found.fixed}


def foreign_optimizer(cls: Any, **options: Any) -> MakeOptimizer:
    """Return any class of torch optimizers with these keyword arguments, lr among them.

    Raises:
        ValueError: it is not an optimizer, lacks one of the options, or calls the loss itself.
    """
    if not (inspect.isclass(cls) and issubclass(cls, torch.optim.Optimizer)):
        raise ValueError("it is not a torch.optim.Optimizer")
    taken = inspect.signature(cls).parameters
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in taken.values())
    if "lr" not in taken and not takes_any:
        raise ValueError("it has no lr, which a run sets at each step")
    for option, value in options.items():
        if option not in taken and not takes_any:
            raise ValueError(
                f"it does not take {option} ({value} was given), only {', '.join(taken)}"
            )
    closure = inspect.signature(cls.step).parameters.get("closure")
    if closure and closure.default is inspect.Parameter.empty:
        raise ValueError(
            "it calls the loss itself, through a closure, which the engines do not support"
        )
    return lambda params: cls(params, **options)
