"""All finished cells of a folder, in the order of the sweep."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.sweeps import chunk_file
from experiments.sweeps import quantities as keep
from experiments.sweeps.chunk_file import Damaged
from experiments.sweeps.store import Store

MISSING = -1  # the status of a cell that has not been computed
STATUS = {MISSING: "missing", **dict(enumerate(chunk_file.STATUS))}


class Gathered(NamedTuple):
    """What there is; an array has one element a cell, and a series a row a record."""

    store: Store
    manifest: dict[str, Any]
    axes: dict[str, list[Any]]
    status: NDArray[np.int8]
    errors: dict[int, str]
    arrays: dict[str, NDArray[np.float64]]  # NaN where there is nothing
    chunks: int  # whole ones
    damaged: list[str]  # names of files that are not whole

    @property
    def shape(self) -> tuple[int, ...]:
        """Values on each axis."""
        return tuple(map(len, self.axes.values()))

    @property
    def kept(self) -> keep.Keep:
        """What was to be kept."""
        return keep.from_document(self.manifest["sweep"]["keep"], "manifest.json")

    def count(self, status: str) -> int:
        """How many cells have it."""
        return int(np.count_nonzero(self.status == {v: k for k, v in STATUS.items()}[status]))


def gather(folder: Path) -> Gathered:
    """Read and check every chunk.

    Raises:
        StoreError: the folder holds no sweep.
        OSError: it cannot be read.
    """
    store, manifest = Store.open(folder)
    axes = {name: list(values) for name, values in manifest["sweep"]["axes"].items()}
    cells = manifest["cells"]
    status = np.full(cells, MISSING, np.int8)
    kept = keep.from_document(manifest["sweep"]["keep"], "manifest.json")
    arrays = {name: np.full(cells, np.nan) for name in kept.variables}
    errors: dict[int, str] = {}
    chunks, damaged = 0, []
    for file in store.files():
        try:
            chunk = store.load(file)
        except Damaged:
            damaged.append(file.name)
            continue
        chunks += 1
        status[chunk.cells] = chunk.status
        errors.update(chunk.errors)
        for name, array in chunk.arrays.items():
            if name not in arrays:
                arrays[name] = np.full((array.shape[0], cells), np.nan)
            arrays[name][..., chunk.cells] = array
    return Gathered(store, manifest, axes, status, errors, arrays, chunks, damaged)
