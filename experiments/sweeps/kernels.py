"""Which code computes a cell: a digest of every source and of the compilers' versions."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = (
    "amsgrad/*.py",
    "amsgrad/engines/*.py",
    "amsgrad/problems/*.py",
    "amsgrad/rules/*.py",
    "experiments/build.py",
    "experiments/sweeps/chunk.py",
    "experiments/sweeps/follow.py",
    "experiments/sweeps/keep.py",
    "experiments/sweeps/plan.py",
    "experiments/sweeps/plan_checks.py",
    "experiments/sweeps/work.py",
)
COMPILERS = ("numba", "llvmlite", "numpy")


@cache
def kernels() -> str:
    """The digest; the same on every machine that computes the same bits.

    What a float operation gives does not depend on the processor: LLVM is not allowed to reorder
    or to contract operations here, and the C library's pow and log are the installed one's.
    """
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for file in sorted(ROOT.glob(pattern)):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    digest.update(" ".join(versions().values()).encode())
    return digest.hexdigest()[:16]


def versions() -> dict[str, str]:
    """The versions of what compiles and computes."""
    return {package: version(package) for package in COMPILERS}
