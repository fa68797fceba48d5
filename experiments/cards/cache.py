"""The cells that were computed before: one file each, named by its optimizer, problem and key."""

import io
import json
from contextlib import suppress
from pathlib import Path

import numpy as np

from experiments.cards.cell import Cell
from experiments.cards.plan import PlannedCell
from experiments.files.atomic import write_bytes
from experiments.files.regular import read_regular

FACTS = "facts"


def save(folder: Path, planned: PlannedCell, cell: Cell) -> None:
    """Keep a cell.

    Raises:
        OSError: the folder cannot be written.
    """
    stream = io.BytesIO()
    text = json.dumps(cell.facts)  # with NaN, which JSON proper does not know
    np.savez_compressed(stream, **{FACTS: np.array(text)}, **cell.arrays)  # type: ignore[arg-type]
    write_bytes(_file(folder, planned), stream.getvalue())


def load(folder: Path, planned: PlannedCell) -> Cell | None:
    """Return the kept cell with these settings and sources, or None."""
    with suppress(Exception):  # a damaged file may fail in any way: the cell is computed again
        content = read_regular(_file(folder, planned))
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = dict(archive)
        return Cell(json.loads(str(arrays.pop(FACTS))), arrays)
    return None


def _file(folder: Path, planned: PlannedCell) -> Path:
    opt = planned.config.opt.replace(":", ".")
    return folder / f"card-{opt}-{planned.column.name}-{planned.key}.npz"
