"""The problems by name; each is one file."""

from dataclasses import fields
from typing import Any

from amsgrad.problems.acprop2 import ACProp2
from amsgrad.problems.adafom import AdaFom
from amsgrad.problems.adashift import AdaShift
from amsgrad.problems.adopt import Adopt
from amsgrad.problems.online import Online
from amsgrad.problems.stochastic import Stochastic
from amsgrad.problems.theorem1 import Theorem1
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.problems.theorem3 import Theorem3
from amsgrad.problems.zhang import Zhang

PROBLEMS: dict[str, Any] = {
    "online": Online,
    "stochastic": Stochastic,
    "theorem1": Theorem1,
    "theorem2": Theorem2,
    "theorem3": Theorem3,
    "adopt": Adopt,
    "adashift": AdaShift,
    "acprop1": Theorem2,
    "acprop2": ACProp2,
    "zhang": Zhang,
    "adafom": AdaFom,
}


def defaults(problem: str) -> dict[str, Any]:
    """The numbers that define this problem by name, with the values that they have by default."""
    return {field.name: field.default for field in fields(PROBLEMS[problem])}


def parameter_names(problem: str) -> set[str]:
    """The names of the numbers that define this problem."""
    return set(defaults(problem))
