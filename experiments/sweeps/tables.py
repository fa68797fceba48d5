"""One row a cell, as CSV and as parquet: the only module of the project that imports pyarrow."""

import csv
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from experiments.files.atomic import replacing

Columns = dict[str, NDArray[Any]]
BLOCK = 65536  # rows that are Python objects at a time


def write_csv(path: Path, columns: Columns) -> None:
    """Numbers in their shortest exact form, nothing for NaN.

    Raises:
        OSError: the folder cannot be written.
    """
    size = len(next(iter(columns.values())))
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        for start in range(0, size, BLOCK):
            block = [column[start : start + BLOCK].tolist() for column in columns.values()]
            for row in zip(*block, strict=True):
                writer.writerow("" if entry != entry else entry for entry in row)


def has_parquet() -> bool:
    """Whether pyarrow is installed, which the extra `parquet` brings."""
    return find_spec("pyarrow") is not None


def write_parquet(path: Path, columns: Columns) -> None:
    """The same columns with their types.

    Raises:
        OSError: as `write_csv`.
    """
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({name: pyarrow.array(entries) for name, entries in columns.items()})
    with replacing(path) as part:
        pyarrow.parquet.write_table(table, part)
