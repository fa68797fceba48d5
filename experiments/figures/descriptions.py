"""The figures in one line each, which name the paper: the first lines of their files."""

import ast
from pathlib import Path

from experiments.figures import FIGURES


def descriptions() -> dict[str, str]:
    """Return one line for each figure; the files are read, as their import takes a second."""
    folder = Path(__file__).parent
    texts = {name: (folder / f"{name}.py").read_text(encoding="utf-8") for name in FIGURES}
    docs = {name: ast.get_docstring(ast.parse(text)) or "" for name, text in texts.items()}
    return {name: doc.partition("\n")[0] for name, doc in docs.items()}
