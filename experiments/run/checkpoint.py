"""A checkpoint: the state of an engine and all records so far, to the bit, in one file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.files.atomic import replacing
from experiments.run.files import FolderError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from amsgrad.engines.base import Records


def save(path: Path, state: Mapping[str, NDArray[Any]], records: Records) -> None:
    """Write the state's arrays and the records, atomically.

    Raises:
        ValueError: an array holds Python objects.
    """
    import numpy as np

    arrays = {f"state/{name}": array for name, array in state.items()}
    arrays |= {f"records/{name}": column for name, column in records._asdict().items()}
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            # not numpy.savez, which pickles Python objects
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.save(entry, array, allow_pickle=False)


def from_bytes(content: bytes, path: Path) -> tuple[dict[str, NDArray[Any]], Records]:
    """Return what `save` has written.

    Args:
        content: of the file.
        path: where it stands, for the sentence of the error.

    Raises:
        FolderError: it is damaged.
    """
    from amsgrad.engines.base import Records

    try:
        arrays = _read_arrays(content)
        columns = [arrays.pop(f"records/{name}") for name in Records._fields]
        state = {name.removeprefix("state/"): array for name, array in arrays.items()}
    # a damaged file fails in zipfile, zlib, struct or numpy, each with errors of its own
    except Exception as error:
        raise FolderError(
            f"The checkpoint {path} is damaged ({error}), so the run cannot be resumed;"
            " start it again."
        ) from error
    return state, Records(*columns)


def _read_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    import numpy as np

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        # numpy checks no sum where a damaged header gives fewer entries than there are
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"wrong check sum of {damaged}")
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return dict(archive)
