"""The problems by name. Each is one file, with all its facts, and one line here."""

from importlib import import_module

from amsgrad.problems.problem import Problem
from amsgrad.registry import Registry

FILES = (
    "online",
    "stochastic",
    "theorem1",
    "theorem2",
    "theorem3",
    "theorem6",
    "adopt",
    "adashift",
    "acprop1",
    "acprop2",
    "zhang",
    "adafom",
    "polynomial",
    "sequence",
    "quadratic",
    "rare",
)


def _class_of(file: str) -> type[Problem]:
    module = import_module(f"{__name__}.{file}")
    (found,) = (entry for name, entry in vars(module).items() if name.lower() == file)
    problem: type[Problem] = found
    return problem


PROBLEMS: Registry[type[Problem]] = Registry(
    ((file, _class_of(file)) for file in FILES),
    "a class that extends amsgrad.problems.problem.Problem",
    lambda found: isinstance(found, type) and issubclass(found, Problem),
)
