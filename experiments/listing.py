"""The rules and problems that there are, one line each: what `--list` prints.

The lines are the first ones of the files themselves, which name the paper.
"""

import sys
from types import ModuleType

from amsgrad.problems import PROBLEMS
from amsgrad.rules import RULES


def rules() -> dict[str, str]:
    """Return one line for each update rule: its name in papers, and its source."""
    modules = {name: sys.modules.get(method.make.__module__) for name, method in RULES.items()}
    return {name: _first_line(m) or RULES[name].formula for name, m in modules.items()}


def problems() -> dict[str, str]:
    """Return one line for each problem: its source, and what is special about it."""
    modules = {name: sys.modules.get(cls.__module__) for name, cls in PROBLEMS.items()}
    return {name: _first_line(m) or PROBLEMS[name]().in_words for name, m in modules.items()}


def _first_line(module: ModuleType | None) -> str:
    return (getattr(module, "__doc__", None) or "").strip().partition("\n")[0]
