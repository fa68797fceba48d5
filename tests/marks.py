"""Marks of tests that `make test` leaves out, and of tests that depend on the compiler.

`make test` runs some tests again under NUMBA_DISABLE_JIT=1, where each kernel is plain Python.
"""

import os
from typing import Any

import pytest

NO_JIT = os.environ.get("NUMBA_DISABLE_JIT") == "1"

needs_jit = pytest.mark.skipif(NO_JIT, reason="nothing is compiled here")
without_kernels = pytest.mark.skipif(NO_JIT, reason="it has no kernel: as with a compiler")


def slow(*values: Any) -> Any:
    """Return a row of a table of parameters that is slow; a sharp selection of rows is not."""
    return pytest.param(*values, marks=pytest.mark.slow)
