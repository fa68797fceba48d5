"""A chunk, and its file: arrays, the errors of cells, and at the end a checksum of all bytes."""

import hashlib
import io
import json
import zipfile
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.files.strict_json import to_json

CHECKSUM_BYTES = 64
Status = IntEnum("Status", "missing finished diverged failed", start=-1)  # of a cell


class Damaged(ValueError):
    """The bytes are not those of the chunk."""


class Chunk(NamedTuple):
    """Some cells, and all that was kept of them."""

    cells: NDArray[np.int64]  # their numbers in the sweep
    status: NDArray[np.int8]  # each a Status
    errors: dict[int, str]  # of cells that did not finish, by the number of the cell
    arrays: dict[str, NDArray[np.float64]]  # one element per cell; a series has a row per record
    origin: dict[str, str]  # the machine and the versions that have computed it


def pack(chunk: Chunk, name: str, sweep: str) -> bytes:
    """Return the chunk as an .npz file, followed by its checksum, which readers of .npz ignore.

    Args:
        chunk: its values.
        name: of the chunk.
        sweep: its digest.
    """
    arrays: dict[str, Any] = {"cells": chunk.cells, "status": chunk.status, **chunk.arrays}
    about: dict[str, Any] = {
        "chunk": name,
        "sweep": sweep,
        "origin": chunk.origin,
        "errors": {str(cell): reason for cell, reason in sorted(chunk.errors.items())},
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        arrays["about"] = np.frombuffer(to_json(about).encode(), np.uint8)
        for entry, array in arrays.items():
            with archive.open(f"{entry}.npy", "w") as file:
                np.save(file, array, allow_pickle=False)
    return stream.getvalue() + _checksum(stream.getvalue())


def unpack(content: bytes, name: str, sweep: str) -> Chunk:
    """Return the chunk that `pack` has packed.

    Raises:
        Damaged: the content is something else.
    """
    archived, checksum = content[:-CHECKSUM_BYTES], content[-CHECKSUM_BYTES:]
    if checksum != _checksum(archived):
        raise Damaged("its checksum is wrong")
    try:
        with np.load(io.BytesIO(archived), allow_pickle=False) as archive:
            arrays = dict(archive)
        about = json.loads(arrays.pop("about").tobytes())
        if about["sweep"] != sweep or about["chunk"] != name:
            raise Damaged("it belongs to another sweep")
        errors = {int(cell): str(reason) for cell, reason in about["errors"].items()}
        origin = {str(name): str(value) for name, value in about["origin"].items()}
        return Chunk(arrays.pop("cells"), arrays.pop("status"), errors, arrays, origin)
    except Damaged:
        raise
    # a file of another form fails in zipfile, zlib, json or numpy, each with errors of its own
    except Exception as error:
        raise Damaged(f"it cannot be read ({error})") from None


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
