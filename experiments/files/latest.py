"""The link `latest` beside files or folders, which leads to the last one that was made."""

import os
from contextlib import suppress
from pathlib import Path


def become_latest(path: Path, name: str = "latest") -> None:
    """Let the link `name` beside `path` lead to it, where the file system has links.

    Anything else of that name stays as it is.
    """
    link = path.with_name(name)
    if link.is_symlink() or not os.path.lexists(link):
        part = path.with_name(f".{name}.{os.urandom(8).hex()}")
        with suppress(OSError, NotImplementedError):
            os.symlink(path.name, part, target_is_directory=path.is_dir())
            try:
                os.replace(part, link)
            finally:
                part.unlink(missing_ok=True)
