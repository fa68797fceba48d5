"""Packages that only some commands need: the extras of pyproject.toml."""

import shlex
from importlib.util import find_spec
from pathlib import Path

from experiments.invocation import from_here, python

ROOT = Path(__file__).parents[1]
EXTRAS = {
    "cluster": ("dask", "distributed"),
    "dashboard": ("fastapi", "labml_app", "labml_db", "pydantic", "uvicorn"),
    "parquet": ("pyarrow",),
}


def lacking(what: str, extra: str) -> str:
    """Return a sentence: what needs which package, and how to install it; empty if nothing lacks.

    Args:
        what: the subject of the sentence.
        extra: the name of the extra that has the package.
    """
    absent = [name for name in EXTRAS[extra] if find_spec(name) is None]
    if not absent:
        return ""
    if (ROOT / "pyproject.toml").is_file():  # a checkout
        target = f"--editable {shlex.quote(f'{from_here(str(ROOT))}[{extra}]')}"
    else:
        target = f"'amsgrad[{extra}]'"
    package = absent[0].replace("_", "-")
    return f"{what} needs {package}; install it with: {python()} -m pip install {target}"
