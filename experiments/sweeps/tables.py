"""One row per cell, as CSV and as parquet: the only module that imports pandas and pyarrow."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.files.atomic import replacing
from experiments.sweeps.gather import MISSING, STATUS, Cells

Columns = dict[str, NDArray[Any]]


def rows(cells: Cells) -> Columns:
    """Return the columns: the values on the axes, what was kept, the status and the error."""
    columns: Columns = {}
    everything = np.arange(cells.status.size)
    for places, (name, values) in zip(
        np.unravel_index(everything, cells.shape), cells.axes.items(), strict=True
    ):
        kind = object if isinstance(values[0], str) else None
        columns[name] = np.array(values, kind)[places]
    columns |= {name: cells.arrays[name] for name in cells.keep.variables}
    columns["status"] = np.array(list(STATUS.values()), object)[cells.status - MISSING]
    columns["error"] = np.full(cells.status.size, "", object)
    for cell, error in cells.errors.items():
        columns["error"][cell] = error
    return columns


def write_csv(path: Path, columns: Columns) -> None:
    """Write numbers in their shortest exact form, and nothing for NaN.

    Raises:
        OSError: the folder cannot be written.
    """
    from pandas import DataFrame

    with replacing(path) as part:
        DataFrame(columns, copy=False).to_csv(part, index=False, lineterminator="\n")


def has_parquet() -> bool:
    """Return whether pyarrow is installed, which the extra `parquet` brings."""
    return find_spec("pyarrow") is not None


def write_parquet(path: Path, columns: Columns) -> None:
    """Write the same columns with their types.

    Raises:
        OSError: as `write_csv`.
    """
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({name: pyarrow.array(entries) for name, entries in columns.items()})
    with replacing(path) as part:
        pyarrow.parquet.write_table(table, part)
