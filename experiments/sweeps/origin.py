"""The origins of chunks: the machines and the versions that have computed them."""

import platform
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version

from amsgrad.code_digest import versions
from experiments.files import provenance
from experiments.sweeps.work import cell_code


@cache
def origin(torch: bool = False) -> dict[str, str]:
    """Return what this process computes with: processor, C library, versions, digest of the code.

    Powers and exponentials come from the C library, which chooses among its own by the processor.
    Nothing tells which host it is, or whose.
    """
    machine = provenance.machine()
    return {
        **{name: str(machine[name]) for name in ("processor", "architecture", "libc")},
        "python": platform.python_version(),
        **versions(),
        "device": "cpu",
        **({"torch": version("torch")} if torch else {}),
        "code": cell_code(torch),
    }


def in_words(origins: Sequence[Mapping[str, object]]) -> str:
    """Return a sentence about origins, each with its number of cells: all in which they differ."""
    names = dict.fromkeys(name for each in origins for name in each)
    differ = [n for n in names if n != "cells" and len({each.get(n) for each in origins}) > 1]
    parts = [
        f"{each['cells']:,} by " + ", ".join(f"{n} {each[n]}" for n in differ if n in each)
        for each in origins
    ]
    return f"the cells were computed in {len(origins)} different ways: {'; '.join(parts)}"
