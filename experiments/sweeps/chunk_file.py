"""A chunk as a file: arrays and what is known of them, and a checksum behind them."""

import hashlib
import io
import json
import zipfile
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.files.strict_json import to_json

CHECKSUM_BYTES = 64
STATUS = ("finished", "diverged", "failed")  # of a cell; a file has their numbers


class Damaged(ValueError):
    """A chunk is not what was written."""


class Chunk(NamedTuple):
    """What a file holds."""

    cells: NDArray[np.int64]
    status: NDArray[np.int8]
    errors: dict[int, str]  # by the number of the cell in the sweep
    arrays: dict[str, NDArray[np.float64]]


def pack(name: str, identity: str, chunk: Chunk) -> bytes:
    """A chunk as an .npz file, with the digest of its bytes behind it, which readers pass over."""
    arrays: dict[str, Any] = {"cells": chunk.cells, "status": chunk.status, **chunk.arrays}
    about: dict[str, Any] = {
        "chunk": name,
        "sweep": identity,
        "errors": {str(cell): reason for cell, reason in sorted(chunk.errors.items())},
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        arrays["about"] = np.frombuffer(to_json(about).encode(), np.uint8)
        for entry, array in arrays.items():
            with archive.open(f"{entry}.npy", "w") as file:
                np.save(file, array, allow_pickle=False)
    return stream.getvalue() + _checksum(stream.getvalue())


def unpack(content: bytes, identity: str, name: str) -> Chunk:
    """What `pack` has packed.

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
        if about["sweep"] != identity or about["chunk"] != name:
            raise Damaged("it belongs to another sweep")
        errors = {int(cell): str(reason) for cell, reason in about["errors"].items()}
        return Chunk(arrays.pop("cells"), arrays.pop("status"), errors, arrays)
    except Damaged:
        raise
    # a file of another form fails in zipfile, zlib, json or numpy, each with errors of its own
    except Exception as error:
        raise Damaged(f"it cannot be read ({error})") from None


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
