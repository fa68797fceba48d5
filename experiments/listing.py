"""The rules, problems and figures that there are, one line each: what `--list` prints.

The lines are the first ones of the files themselves, which name the paper.
"""

import ast
import sys
from pathlib import Path

from amsgrad.problems import PROBLEMS
from amsgrad.rules import RULES
from experiments import terminal
from experiments.figures import FIGURES


def rules() -> dict[str, str]:
    """Return one line for each update rule: its name in papers, and its source."""
    modules = {name: sys.modules[method.make.__module__] for name, method in RULES.items()}
    return {name: _first_line(m.__doc__) or RULES[name].formula for name, m in modules.items()}


def problems() -> dict[str, str]:
    """Return one line for each problem: its source, and what is special about it."""
    modules = {name: sys.modules[cls.__module__] for name, cls in PROBLEMS.items()}
    return {
        name: _first_line(m.__doc__) or PROBLEMS[name]().in_words for name, m in modules.items()
    }


def figures() -> dict[str, str]:
    """Return one line for each figure; the files are read, as their import takes a second."""
    folder = Path(__file__).parent / "figures"
    texts = {name: (folder / f"{name}.py").read_text(encoding="utf-8") for name in FIGURES}
    return {name: _first_line(ast.get_docstring(ast.parse(text))) for name, text in texts.items()}


def show(**kinds: dict[str, str]) -> None:
    """Print these lists under their titles."""
    for title, entries in kinds.items():
        terminal.show([f"{title}:", *(f"  {name:15} {line}" for name, line in entries.items())])


def _first_line(doc: str | None) -> str:
    return (doc or "").strip().partition("\n")[0]
