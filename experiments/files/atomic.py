"""Atomic writing: a reader sees the old file or the new one, whatever interrupts the writer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

PART = ".part"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of an empty temporary file, which takes the place of `path` at the end.

    Readers of `path` see the old file or the new one, never a piece, also after a loss of power.
    On an exception `path` stays as it is and the temporary file goes; only a killed process leaves
    one (`.NAME.*.part`, see `sweep`). Of two writers of one path, the last to end wins, whole.

    Args:
        path: the file to write; its folder must be there.

    Raises:
        OSError: the folder is missing or cannot be written, or the disk is full.
    """
    part = _new_file(path)
    try:
        yield part
        # the rename may reach the disk before the data does, unless the data is there already
        _flush(part)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _flush(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write `text` in UTF-8, atomically.

    Raises:
        OSError: as `replacing`.
    """
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content`, atomically.

    A library that writes by itself is handed memory instead of a path: HDF5, for one, ends the
    process with a segmentation fault where a disk is full.

    Raises:
        OSError: as `replacing`.
    """
    with replacing(path) as part:
        part.write_bytes(content)


def sweep(folder: Path) -> None:
    """Remove the temporary files of killed writers; call it only where no writer is at work."""
    for part in folder.glob(f".*{PART}"):
        part.unlink(missing_ok=True)


def _new_file(path: Path) -> Path:
    """Make a temporary file beside `path`: a rename is atomic only inside one file system."""
    for attempt in count():
        part = path.with_name(f".{path.name}.{os.getpid()}-{attempt}{PART}")
        try:
            # not tempfile: its files are closed to the user's group, and so would the result be
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            continue
        return part
    raise AssertionError("count() is endless")


def _flush(path: Path) -> None:
    """Wait until the file, or the folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
