"""Atomic writing: a reader sees the old file or the new one, whatever interrupts the writer."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from filelock import lock_descriptor

PART = ".part"


@contextmanager
def replacing(path: Path, move: Callable[[Path, Path], object] = os.replace) -> Iterator[BinaryIO]:
    """Yield a new file, open for writing, which takes the place of `path` at the end.

    Readers of `path` see the old file or the new one, never a piece, also after a loss of power.
    On an exception `path` stays as it is and the new file goes; only a killed process leaves one
    (`.NAME.*.part`, see `remove_leftovers`). Of two writers of one path, the last to end wins.

    A library gets the file and never a name: HDF5, for one, ends the process with a segmentation
    fault where a disk is full.

    Args:
        path: the file to write; its folder must be there.
        move: gives the new file its name; with `keep_first` the first of two writers wins.

    Raises:
        OSError: the folder is missing or cannot be written, or the disk is full.
    """
    part, file = _new_file(path)
    try:
        yield file
        file.flush()
        # the rename may reach the disk before the data does, unless the data is there already
        os.fsync(file.fileno())
        if sys.platform == "win32":  # it renames no open file
            file.close()
        move(part, path)
    finally:
        with suppress(OSError):  # bytes are left in its buffer only after an error
            file.close()
        part.unlink(missing_ok=True)
    _flush_names(path.parent)


def keep_first(part: Path, path: Path) -> None:
    """Give the file this name, unless another one has it."""
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        os.replace(part, path)


def write_text(path: Path, text: str) -> None:
    """Write `text` in UTF-8, atomically.

    Raises:
        OSError: as `replacing`.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content`, atomically.

    Raises:
        OSError: as `replacing`.
    """
    with replacing(path) as file:
        file.write(content)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of killed writers.

    A writer holds the kernel's lock on its file, which ends with the process. On a file system
    without locks nothing is removed.
    """
    for part in folder.glob(f".*{PART}"):
        with suppress(OSError):  # it is in use, or has just gone
            if sys.platform == "win32":  # it removes no open file
                part.unlink()
                continue
            # for writing, since NFS asks for it; a pipe in the place of a file must not wait
            descriptor = os.open(part, os.O_WRONLY | os.O_NONBLOCK)
            try:
                if lock_descriptor(descriptor, blocking=False):
                    part.unlink()
            finally:
                os.close(descriptor)


def _new_file(path: Path) -> tuple[Path, BinaryIO]:
    """Make and lock a new file beside `path`: a rename is atomic only inside one file system."""
    while True:
        # A name that never comes again is still the same file when `remove_leftovers` removes it.
        part = path.with_name(f".{path.name}.{os.urandom(8).hex()}{PART}")
        try:
            # not tempfile: its files are closed to the user's group, and so would the result be
            descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
            file = os.fdopen(descriptor, "wb")
            with suppress(OSError):  # a file system without locks
                lock_descriptor(descriptor)
            if os.fstat(descriptor).st_nlink:
                return part, file
            file.close()  # `remove_leftovers` has found it before it was locked
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _flush_names(folder: Path) -> None:
    """Wait until the list of names in the folder is on the disk."""
    if sys.platform == "win32":  # it opens no folder as a file
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
