"""A folder of compiled kernels for this process alone.

numba's cache is an index file that maps signatures and processors to data files. Two processes that
add to one index at once may both name their data alike, and the later data stands under the earlier
index: a machine would then run code for another processor, unnoticed. On one machine that cannot
do harm, because each kernel has one signature there; on nodes of a cluster that share a disk it
can. A worker therefore takes a folder on its own machine that is not in use. A lock, which ends
with the process, says so; the next process finds the folder with the kernels in it.
"""

import os
import stat
import sys
import tempfile
from itertools import count
from pathlib import Path

from filelock import lock_descriptor

VARIABLE = "NUMBA_CACHE_DIR"

_lock = -1  # held as long as this process lives


def use_own_cache() -> None:
    """Let numba use such a folder, unless the variable is set; call it before numba is imported."""
    global _lock
    if _lock >= 0 or VARIABLE in os.environ or "numba" in sys.modules:
        return
    user = os.getuid() if hasattr(os, "getuid") else ""
    shared = Path(tempfile.gettempdir(), f"amsgrad-numba-{user}")
    for number in count():
        folder = shared / str(number)
        if not _is_ours(shared) or not _is_ours(folder):
            break
        lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            if lock_descriptor(lock, blocking=False):
                _lock = lock
                os.environ[VARIABLE] = str(folder)
                return
        except OSError:  # a file system without locks
            os.close(lock)
            break
        os.close(lock)
    os.environ[VARIABLE] = tempfile.mkdtemp(prefix="amsgrad-numba-")


def _is_ours(folder: Path) -> bool:
    """Make the folder; return whether it is closed to others: the files in it will be executed."""
    if sys.platform == "win32":  # it has no owners and modes to judge by
        return False
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return False
    private = not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and private
