"""Reading files that others may have replaced: by pipes, which never end, or by folders."""

import os
import stat
from pathlib import Path


def read_regular(path: Path, most: int = -1) -> bytes:
    """Return the content of a regular file, or at most its first `most` bytes.

    Raises:
        OSError: the file is missing, is a folder, a pipe or a device, or cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is not a regular file", str(path))
        return file.read(most)
