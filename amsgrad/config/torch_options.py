"""The options of a torch optimizer of others: the keyword arguments of its class."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from inspect import Parameter, signature
from typing import Any

from amsgrad.field_types import FieldType
from amsgrad.options import REQUIRED, Option
from amsgrad.rules import RULES

BETAS = ("beta1", "beta2")
TRUTH = {"true": True, "false": False}


def is_optimizer(found: Any) -> bool:
    """Return whether an object is a class of torch optimizers; torch is not imported for that."""
    bases = found.__mro__ if isinstance(found, type) else ()
    return any(
        base.__module__.startswith("torch.optim") and base.__name__ == "Optimizer" for base in bases
    )


@cache
def torch_options(cls: Any) -> dict[str, Option]:
    """Return the options of a class of torch optimizers, by name; lr is the run's.

    A pair of betas is given as beta1 and beta2. An option that is not given is left to the class,
    but for weight_decay: it draws x to 0, whatever the losses are, and is 0 by default here.
    """
    options: dict[str, Option] = {}
    _, *keywords = signature(cls).parameters.values()
    for keyword in keywords:
        own = RULES["adam"].options
        if keyword.kind is Parameter.VAR_KEYWORD:  # it may take any
            options |= {name: _left(own[name]) for name in (*BETAS, "eps")}
        elif keyword.kind is Parameter.VAR_POSITIONAL or keyword.name == "lr":
            continue
        elif keyword.name == "betas" and _is_pair(keyword.default):
            options |= {name: _left(own[name]) for name in BETAS}
        elif keyword.name == "eps" and isinstance(keyword.default, float):
            eps = _left(own["eps"])
            options["eps"] = replace(eps, sentence=f"{eps.sentence}, by default {keyword.default}")
        elif keyword.name == "weight_decay" and _is_above_0(keyword.default):
            sentence = f"Draws x to 0; {cls.__name__} itself has {keyword.default}"
            options["weight_decay"] = Option(Keyword(keyword.default), sentence, default=0.0)
        else:
            needed = keyword.default is Parameter.empty
            options[keyword.name] = Option(
                Keyword(None if needed else keyword.default),
                f"The keyword {keyword.name} of {cls.__name__}"
                + ("" if needed else f", by default {keyword.default}"),
                default=REQUIRED if needed else None,
            )
    return options


def keyword_arguments(cls: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments for the class that these values of its options stand for."""
    given = {name: value for name, value in options.items() if name not in BETAS}
    if len(options) > len(given):
        given["betas"] = tuple(options[name] for name in BETAS)
    parameters = signature(cls).parameters
    for name, value in given.items():
        if isinstance(value, str) and isinstance(_default(parameters.get(name)), tuple | list):
            given[name] = tuple(map(float, value.split(",")))
    return given


@dataclass(frozen=True)
class Keyword(FieldType):
    """The values of a keyword argument: of the type of its default.

    Those of a tuple are written with commas. Where the default is None, any plain value is allowed.
    """

    default: Any
    metavar = "VALUE"

    def __str__(self) -> str:
        if isinstance(self.default, bool):
            return "true or false"
        if isinstance(self.default, int | float):
            return "a finite number"
        if isinstance(self.default, tuple | list):
            return f"{len(self.default)} numbers with commas between them"
        return "a text" if isinstance(self.default, str) else "a number, true, false or a text"

    def read(self, given: object) -> Any:
        text = str(given).strip()
        if not text or not isinstance(given, str | bool | int | float):
            raise ValueError
        if isinstance(self.default, bool):
            return TRUTH[text.lower()] if text.lower() in TRUTH else _refuse()
        if isinstance(self.default, int):
            return _number(text)
        if isinstance(self.default, float):
            return float(_number(text))
        if isinstance(self.default, tuple | list):
            numbers = [_number(part) for part in text.split(",")]
            if len(numbers) != len(self.default):
                raise ValueError
            return ",".join(map(str, numbers))  # as a file and a line can hold it
        if isinstance(self.default, str):
            return text
        try:
            return _number(text)
        except ValueError:
            return TRUTH.get(text.lower(), text)


def decay_left_out(cls: Any, options: Mapping[str, Any]) -> str:
    """Return in words that weight_decay is 0 and not the class's own, or an empty text."""
    own = _default(signature(cls).parameters.get("weight_decay"))
    if not _is_above_0(own) or options.get("weight_decay") != 0:
        return ""
    return f"weight_decay, which draws x to 0, is 0 here and not {own} as in {cls.__name__} itself"


def _left(option: Option) -> Option:
    """Return the same option, but left to the class where it is not given."""
    # not free: an optimizer has one value for all of its parameters
    return replace(option, default=None, default_by=None, free=False)


def _is_pair(default: Any) -> bool:
    return not isinstance(default, tuple | list) or len(default) == 2


def _is_above_0(default: Any) -> bool:
    return isinstance(default, float) and default > 0


def _default(parameter: Parameter | None) -> Any:
    return None if parameter is None else parameter.default


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        number = float(text)
        return number if math.isfinite(number) else _refuse()


def _refuse() -> Any:
    raise ValueError
