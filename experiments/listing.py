"""The rules, problems and figures that there are, one line each: what `--list` prints.

The lines are the first ones of the files themselves, which name the paper.
"""

import ast
import sys
from pathlib import Path

from amsgrad.problems import PROBLEMS
from amsgrad.rules import RULES
from experiments.figures import FIGURES


def rules() -> dict[str, str]:
    """Return one line for each update rule: its name in papers, and its source."""
    return {name: _first_line(sys.modules[m.make.__module__].__doc__) for name, m in RULES.items()}


def problems() -> dict[str, str]:
    """Return one line for each problem: its source, and what is special about it."""
    modules = {name: sys.modules[cls.__module__] for name, cls in PROBLEMS.items()}
    return {name: _first_line(module.__doc__) for name, module in modules.items()}


def figures() -> dict[str, str]:
    """Return one line for each figure; the files are read, as their import takes a second."""
    folder = Path(__file__).parent / "figures"
    texts = {name: (folder / f"{name}.py").read_text(encoding="utf-8") for name in FIGURES}
    return {name: _first_line(ast.get_docstring(ast.parse(text))) for name, text in texts.items()}


def lines(**kinds: dict[str, str]) -> list[str]:
    """Return these lists under their titles, as a terminal shows them."""
    found: list[str] = []
    for title, entries in kinds.items():
        found += [f"{title}:", *(f"  {name:15} {line}" for name, line in entries.items()), ""]
    return found[:-1]


def _first_line(doc: str | None) -> str:
    return (doc or "").strip().partition("\n")[0]
