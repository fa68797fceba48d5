"""The problems by name; each is one file."""

from dataclasses import fields
from typing import Any

from amsgrad.problems.online import Online
from amsgrad.problems.stochastic import Stochastic

PROBLEMS: dict[str, Any] = {"online": Online, "stochastic": Stochastic}


def parameter_names(problem: str) -> set[str]:
    """The names of the numbers that define this problem."""
    return {field.name for field in fields(PROBLEMS[problem])}
