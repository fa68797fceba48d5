"""A checkpoint: the state of an engine and all records so far, to the bit, in one file."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.files.atomic import replacing
from experiments.run.folder import FolderError

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
    with replacing(path) as part, zipfile.ZipFile(part, "w") as archive:
        for name, array in arrays.items():
            # not numpy.savez, which pickles Python objects
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.save(file, array, allow_pickle=False)


def load(path: Path) -> tuple[dict[str, NDArray[Any]], Records]:
    """Return what `save` wrote.

    Raises:
        FolderError: there is no such file, or it is damaged.
    """
    from amsgrad.engines.base import Records

    if not path.exists():
        raise FolderError(f"There is no checkpoint {path}, so the run cannot be resumed.")
    try:
        arrays = _read_arrays(path)
        columns = [arrays.pop(f"records/{name}") for name in Records._fields]
        state = {name.removeprefix("state/"): array for name, array in arrays.items()}
    # a damaged file fails in zipfile, zlib, struct or numpy, each with errors of its own
    except Exception as error:
        raise FolderError(
            f"The checkpoint {path} is damaged ({error}), so the run cannot be resumed;"
            " start it again."
        ) from error
    return state, Records(*columns)


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    import numpy as np

    with zipfile.ZipFile(path) as archive:
        # numpy checks no sum where a damaged header gives fewer entries than there are
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"wrong check sum of {damaged}")
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)
