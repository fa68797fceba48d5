"""What the loops that numba compiles have in common."""

import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numba
from numba.extending import register_jitable

import amsgrad
from amsgrad.regret import BLOCK

# Division by zero gives inf or nan, as numpy's does, instead of a branch before each division.
# No fastmath: it would reorder the rule's operations, and change the bits.
ERROR_MODEL: Final = "numpy"


def make_callable(*functions: Callable[..., Any]) -> None:
    """Make plain functions, and the plain functions that they call, callable in compiled code."""
    for function in functions:
        callees = inspect.getclosurevars(function).globals.values()
        make_callable(*filter(inspect.isfunction, callees))
        register_jitable(error_model=ERROR_MODEL)(function)


def apart(loop: Callable[..., Any]) -> Any:
    """Compile an inner loop over arrays by itself, not as a part of the loop that calls it.

    LLVM then proves once a call that the arrays do not overlap; within an outer loop it would do so
    at each step, for 25 to 50 ns.
    """
    return numba.njit(error_model=ERROR_MODEL, nogil=True)(loop)


def compile_loop(loop: Callable[..., Any], *functions: Callable[..., Any]) -> Any:
    """Compile `loop`, which calls these functions; the result is cached on disk.

    numba's cache watches the file of the loop alone. A digest of all the sources that go into it
    is part of its name, so that an edited rule is compiled again, never answered from the cache.
    """
    loop.__qualname__ = f"advance_{_source_digest(functions)}"
    return numba.njit(cache=True, error_model=ERROR_MODEL, nogil=True)(loop)


def _source_digest(functions: tuple[Callable[..., Any], ...]) -> str:
    files = set(Path(amsgrad.__file__).parent.rglob("*.py"))
    files.update(Path(inspect.getfile(function)) for function in functions)
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.read_bytes())
    names = "/".join(f"{f.__module__}.{f.__qualname__}" for f in functions)
    digest.update(names.encode())
    return digest.hexdigest()[:16]


def stretch_end(done: int, end: int, settled: int, step: Any, recorded: int) -> int:
    """The last step of the stretch that begins after `done`.

    Inside it no step is recorded but the first, no block of the regret closes, and either every
    step or no step needs coefficients of its own.
    """
    stop = min(end, (done // BLOCK + 1) * BLOCK)
    if recorded < step.size:
        stop = min(stop, step[recorded] - 1)
    if done + 1 < settled:
        stop = min(stop, settled - 1)
    return stop
