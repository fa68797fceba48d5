"""The common parts of the loops that numba compiles."""

import hashlib
import inspect
from collections.abc import Callable
from functools import cache
from types import CodeType
from typing import Any, Final

import numba
from numba.core import event
from numba.extending import register_jitable

from amsgrad.code_digest import code_digest
from amsgrad.engines.kernel_cache import keep_on_disk
from amsgrad.regret import BLOCK

# Division by zero gives inf or nan, as numpy's does, instead of a branch before each division.
# No fastmath: it would reorder the rule's operations, and change the bits.
ERROR_MODEL: Final = "numpy"


class _Watch(event.Listener):
    """Counts the compilations under way, of which one may lead to another."""

    under_way = 0

    def on_start(self, event: Any) -> None:
        self.under_way += 1

    def on_end(self, event: Any) -> None:
        self.under_way -= 1


_watch = _Watch()
event.register("numba:compile", _watch)  # type: ignore[no-untyped-call]


def is_compiling() -> bool:
    """Return whether numba compiles at this moment, in any thread of this process."""
    return _watch.under_way > 0


def make_callable(*functions: Callable[..., Any]) -> None:
    """Make plain functions, and the plain functions that they call, callable in compiled code."""
    for function in functions:
        _register(function)


@cache  # numba would try each further registration in every later compilation
def _register(function: Callable[..., Any]) -> None:
    callees = inspect.getclosurevars(function).globals.values()
    make_callable(*filter(inspect.isfunction, callees))
    register_jitable(error_model=ERROR_MODEL)(function)


def named(function: Callable[..., Any], *parts: Any) -> Any:
    """Give a function that is made anew for each rule and problem a name of its own.

    The name holds a digest of everything that the function closes over, of its further `parts`, and
    of every source. Without the digest numba's cache, which watches only the file of the function,
    would return the loop of an old rule for an edited one; and since cached loops find their inner
    functions by name, one rule would run those of another in the same process.
    """
    inside = [cell.cell_contents for cell in function.__closure__ or ()]
    digest = hashlib.sha256(code_digest().encode())
    for part in (*inside, *parts):
        digest.update(_description(part))
    function.__name__ = f"{function.__name__.strip('<>')}_{digest.hexdigest()[:16]}"
    function.__qualname__ = function.__name__
    return function


def compile_loop(loop: Callable[..., Any]) -> Any:
    """Compile `loop` under a name of its own; the result is cached on disk."""
    return keep_on_disk(numba.njit(error_model=ERROR_MODEL, nogil=True)(named(loop)))


def _description(part: Any) -> bytes:
    """Return what distinguishes one part of a loop from another, in any process."""
    if inspect.isfunction(part):
        name = f"{part.__module__}.{part.__qualname__}{part.__defaults__}".encode()
        if str(part.__module__).startswith("amsgrad."):  # its source is in every name
            return name
        outside = inspect.getclosurevars(part)
        used = sorted({**outside.globals, **outside.nonlocals}.items())
        parts = [_description(value) for _, value in used if not inspect.ismodule(value)]
        return b"".join([name, _instructions(part.__code__), *parts])
    if inspect.isclass(part):
        return f"{part.__module__}.{part.__qualname__}{getattr(part, '_fields', '')}".encode()
    return repr(part).encode()


def _instructions(code: CodeType) -> bytes:
    """Return what a function does: of one that was typed in there is no file."""
    constants = [
        _instructions(c) if inspect.iscode(c) else repr(c).encode() for c in code.co_consts
    ]
    names = repr((code.co_names, code.co_varnames, code.co_freevars)).encode()
    return b"".join([code.co_code, names, *constants])


def stretch_end(done: int, end: int, settled: int, step: Any, recorded: int) -> int:
    """Return the last step of the stretch that begins after `done`.

    Inside it no step is recorded but the first, no block of the regret closes, and either every
    step or no step needs coefficients of its own.
    """
    stop = done + min(end - done, BLOCK - done % BLOCK)  # this order stays in int64
    if recorded < step.size:
        stop = min(stop, step[recorded] - 1)
    if done + 1 < settled:
        stop = min(stop, settled - 1)
    return stop
