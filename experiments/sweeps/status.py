"""How far a sweep is: read from its folder, whoever fills it."""

from collections import Counter
from pathlib import Path

from experiments.files.strict_json import to_json
from experiments.sweeps.gather import STATUS, gather

ERRORS_TOLD = 5


def run(folder: Path, json: bool) -> int:
    """Print it; return the exit status.

    Raises:
        StoreError: the folder holds no sweep.
    """
    found = gather(folder)
    chunks, cells = found.manifest["chunks"], found.manifest["cells"]
    counts = {name: found.count(name) for name in STATUS.values()}
    if json:
        summary = {"out": str(folder), "chunks": chunks, "chunks_done": found.chunks}
        print(to_json({**summary, "damaged": len(found.damaged), "cells": cells, **counts}))
        return 0
    shape = " x ".join(f"{len(values)} {name}" for name, values in found.axes.items())
    print(f"{folder}: {shape}, begun {found.manifest['provenance']['started']}")
    print(f"{found.chunks:,} of {chunks:,} chunks are there, {len(found.damaged)} more are damaged")
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    print(f"{cells:,} cells: {told}")
    for reason, number in Counter(found.errors.values()).most_common(ERRORS_TOLD):
        cell = next(cell for cell, why in found.errors.items() if why == reason)
        print(f"  {number:,} cells: {reason} (the first is cell {cell})")
    return 0
