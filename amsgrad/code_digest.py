"""The digest of the code that decides the numbers: in the names of caches and of stored results.

A stored result of an old rule must never be taken for one of the edited rule. numba's own cache
watches only the file of the function itself, and a stored sweep or figure watches no file.
"""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

# The folders and files below amsgrad/ that decide the bits of a run.
SOURCES = (
    "engines/*.py",
    "cuda/*.py",
    "cycles/*.py",
    "laws/*.py",
    "problems/*.py",
    "rules/*.py",
    "*.py",
)
# These read the numbers of runs, and decide none.
APART = (
    "__init__.py",
    "api.py",
    "cell_verdict.py",
    "dataset.py",
    "exponent.py",
    "panels.py",
    "picture.py",
    "tracked.py",
    "verdict.py",
)
COMPILERS = ("numba", "llvmlite", "numpy")


def code_digest(*others: Path) -> str:
    """Return a digest of these sources, of the compilers' versions, and of `others`.

    It is the same on every machine that computes the same bits. The result of a float operation
    does not depend on the processor: LLVM is not allowed to reorder or to contract operations here.

    Args:
        others: further files on which a stored result depends.
    """
    digest = hashlib.sha256(_own())
    for file in others:
        digest.update(_entry(file))
    return digest.hexdigest()[:16]


def versions() -> dict[str, str]:
    """Return the versions of the packages that compile and compute."""
    return {package: version(package) for package in COMPILERS}


@cache
def _own() -> bytes:
    package = Path(__file__).parent
    found = (file for pattern in SOURCES for file in package.glob(pattern))
    files = sorted(file for file in found if file.name not in APART)
    return " ".join(versions().values()).encode() + b"".join(map(_entry, files))


def _entry(file: Path) -> bytes:
    return file.name.encode() + b"\0" + file.read_bytes() + b"\0"
