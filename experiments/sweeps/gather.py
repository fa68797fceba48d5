"""All cells of a sweep, in the order of the sweep, gathered from its chunks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from experiments.files.strict_json import to_json
from experiments.sweeps.chunk_file import Chunk, Damaged, Status
from experiments.sweeps.quantities import Keep
from experiments.sweeps.store import Store


class Cells:
    """All cells with what was kept of them, NaN where there is nothing yet.

    Args:
        about: the identity of the sweep (`Plan.identity`).
        begun: the provenance of its beginning, where it has a folder.
    """

    def __init__(self, about: Mapping[str, Any], begun: Mapping[str, Any] | None = None) -> None:
        self.about = about
        self.begun = begun or {}
        self.axes: dict[str, list[Any]] = dict(about["sweep"]["axes"])
        self.keep = Keep(**about["sweep"]["keep"])
        self.steps: int = about["first_cell"]["steps"]
        self.status = np.full(about["cells"], Status.missing, np.int8)
        self.errors: dict[int, str] = {}  # by the number of the cell
        self.arrays = self.keep.arrays(self.steps, about["cells"])
        self.origins: dict[str, dict[str, Any]] = {}  # each with the number of its cells
        self.chunks = 0
        self.damaged = 0  # files that are not what was written

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values on each axis."""
        return tuple(map(len, self.axes.values()))

    def add(self, chunk: Chunk) -> None:
        """Put the cells of a chunk in their places."""
        self.chunks += 1
        self.status[chunk.cells] = chunk.status
        self.errors.update(chunk.errors)
        known = self.origins.setdefault(to_json(chunk.origin), {"cells": 0, **chunk.origin})
        known["cells"] += chunk.cells.size
        for name, array in chunk.arrays.items():
            self.arrays[name][..., chunk.cells] = array

    def counts(self) -> dict[str, int]:
        """Return the number of cells of each status."""
        return {status.name: int((self.status == status).sum()) for status in Status}


def gather(folder: Path) -> Cells:
    """Read and check every chunk of a folder.

    Raises:
        StoreError: the folder does not hold a sweep.
        OSError: it cannot be read.
    """
    store, manifest = Store.open(folder)
    cells = Cells(manifest["identity"], manifest["provenance"])
    for file in store.files():
        try:
            cells.add(store.load(file))
        except (Damaged, FileNotFoundError):
            cells.damaged += 1
    return cells
