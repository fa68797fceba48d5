"""A folder that cannot be written: the sentence about it, and the exit status."""

import errno
from pathlib import Path

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def status_of(error: OSError) -> int:
    """Return the exit status: 1 where a disk fails, and 2 where the place is bad input."""
    return 1 if error.errno in (*NO_ROOM, errno.EIO) else 2


def gone(folder: Path) -> str:
    """Return that a folder was removed while it was being written."""
    return f"the folder {folder} is gone, and what was in it; begin again"


def why_unwritten(folder: Path, error: OSError, command: str) -> str:
    """Return that a folder, or which file in it, cannot be written, why, and what to do.

    Args:
        folder: it was there at the beginning.
        error: the reason.
        command: goes on with what was written before.
    """
    if not folder.is_dir():
        return gone(folder)
    cure = "make room" if error.errno in NO_ROOM else "mend that"
    where = error.filename2 or (Path(error.filename).parent if error.filename else folder)
    if error.errno == errno.ENOENT and error.filename:  # any call may find that a folder is gone
        file = Path(error.filename2 or error.filename)
        where = next((p for p in [*reversed(file.parents), file] if not p.exists()), where)
    reason = error.strerror or error
    return f"{where} cannot be written ({reason}); {cure}, then go on with {command}"
