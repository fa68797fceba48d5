"""A cache of compiled kernels for this process alone.

numba's cache is an index file that maps signatures and processors to data files. Two processes that
add to one index at once may both name their data alike, and the later data stands under the earlier
index: a machine would run code for another processor, without a word. Each file is replaced whole,
so that processes of one machine, whose kernels have one signature each, do no harm to each other;
the nodes of a cluster that share a disk may. A worker therefore takes a folder on its own machine
that no living process has, by a lock that ends with the process; the next one finds it warm.
"""

import fcntl
import os
import stat
import sys
import tempfile
from itertools import count
from pathlib import Path

VARIABLE = "NUMBA_CACHE_DIR"

_lock = -1  # held as long as this process lives


def use_own_cache() -> None:
    """Let numba use such a folder, unless somebody has chosen one; call it before numba is used."""
    global _lock
    if _lock >= 0 or VARIABLE in os.environ:
        return
    if "numba" in sys.modules:  # whoever imported it knows better
        return
    shared = Path(tempfile.gettempdir(), f"amsgrad-numba-{os.getuid()}")
    for number in count():
        folder = shared / str(number)
        if not _ours(shared) or not _ours(folder):
            break
        lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        except OSError:  # a file system without locks
            os.close(lock)
            break
        _lock = lock
        os.environ[VARIABLE] = str(folder)
        return
    os.environ[VARIABLE] = tempfile.mkdtemp(prefix="amsgrad-numba-")


def _ours(folder: Path) -> bool:
    """Whether the folder is there, and closed to others: what lies in it will be executed."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return False
    private = not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and private
