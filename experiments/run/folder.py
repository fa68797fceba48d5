"""The folder of a run: its name, its lock, and the files in it."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import lock_descriptor

from experiments.files.atomic import remove_leftovers, write_bytes, write_text
from experiments.files.strict_json import to_json
from experiments.files.unwritten import status_of
from experiments.run.files import FolderError, RunFiles, digest

if TYPE_CHECKING:
    from types import TracebackType


LOCK = "lock"
LATEST = "latest"  # no run has this name: the name of a run ends with its time
LABEL_LENGTH = 48
SUGGESTIONS = 3


class RunFolder(RunFiles):
    """The folder `out/ID/` of one run, held by this process alone until `close` or its end.

    The lock is the kernel's, on the file `lock`, which also marks the folder as a run's: it
    ends with the process, however that ends, but a child made by `fork` alone shares it.
    """

    def __init__(self, path: Path, lock: int) -> None:
        super().__init__(path)
        self._lock = lock

    @classmethod
    def create(cls, out: Path, label: str, now: datetime) -> RunFolder:
        """Make and lock a new folder, `LABEL-YYYYMMDD-HHMMSS` (UTC), with -2, -3, ... where taken.

        Args:
            out: where runs are kept; made where it is missing.
            label: what the run is, in any characters; letters and digits get into the name.
            now: the time in the name, with its time zone.

        Raises:
            FolderError: `out` cannot be made or written.
        """
        if now.tzinfo is None:
            raise ValueError(f"now = {now} needs a time zone: the name of a run is in UTC.")
        name = f"{_slug(label)}-{now.astimezone(UTC):%Y%m%d-%H%M%S}"
        try:
            out.mkdir(parents=True, exist_ok=True)
            path = _make_unique(out, name)
            try:
                lock = os.open(path / LOCK, os.O_CREAT | os.O_RDWR, 0o666)
            except OSError:
                path.rmdir()
                raise
        except OSError as error:
            raise FolderError(
                f"A run's folder cannot be made in {out} ({error.strerror}); "
                f"choose another place with --out.",
                status_of(error),
            ) from None
        return cls(path, _acquire(lock, path))

    @classmethod
    def open(cls, out: Path, run_id: str) -> RunFolder:
        """Lock the folder of an earlier run, to continue it; makes nothing where there is none.

        Args:
            out: where runs are kept.
            run_id: the id, or the path of the run's folder, which must lie in `out`.

        Raises:
            FolderError: no such run, not in `out`, no run's folder, or in use by another process.
        """
        path = _find(out, run_id)
        try:
            lock = os.open(path / LOCK, os.O_RDWR)
        except OSError as error:
            raise FolderError(f"The run {path} cannot be locked ({error.strerror}).") from None
        run = cls(path, _acquire(lock, path))
        try:
            remove_leftovers(path)
            run.read_provenance()
        except BaseException:
            run.close()
            raise
        return run

    def close(self) -> None:
        """Let other processes have the run."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def is_there(self) -> bool:
        """Return whether the folder was not removed; labml makes an empty one in its place."""
        return (self.path / LOCK).exists()

    def remove(self) -> None:
        """Remove the folder of a run that could not be begun."""
        self.close()
        shutil.rmtree(self.path, ignore_errors=True)

    def save(self, file: Path, content: bytes) -> None:
        """Write a file; the next provenance will have its digest.

        Raises:
            OSError: the folder cannot be written.
        """
        write_bytes(file, content)
        self.digests[file.name] = digest(content)

    def save_provenance(self, session: Mapping[str, object]) -> None:
        """Write where the numbers come from: earlier sessions, this one, and the files' digests.

        Raises:
            OSError: the folder cannot be written, or was removed.
        """
        if not self.is_there():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path))
        document = {"files": self.digests, "sessions": [*self.sessions, session]}
        write_text(self.provenance, to_json(document, indent=2) + "\n")


def _slug(label: str) -> str:
    words = re.findall(r"[a-z0-9]+", label.lower())
    return "-".join(words)[:LABEL_LENGTH].strip("-") or "run"


def _make_unique(out: Path, name: str) -> Path:
    for attempt in count(1):
        path = out / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            path.mkdir()  # of two processes, one makes it and the other one goes on
        except FileExistsError:
            continue
        return path
    raise AssertionError("count() is endless")


def _find(out: Path, run_id: str) -> Path:
    given = Path(run_id)
    try:
        path = (out / given if len(given.parts) == 1 else given).resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, or a zero byte
        path = out
    if path.parent != out.resolve():
        raise FolderError(
            f"--resume {run_id!r} does not lie in {out}, where runs are kept; "
            f"give the id of a run there, or set --out to the folder that holds it."
        )
    if os.path.isfile(path / LOCK):  # Path.is_file raises for names that no file can have
        return out / path.name
    folders = (lock.parent for lock in out.glob(f"*/{LOCK}"))
    known = sorted(folder.name for folder in folders if folder.name != LATEST)
    similar = get_close_matches(path.name, known, SUGGESTIONS, cutoff=0)
    hint = f"the most similar ids are {', '.join(similar)}" if similar else "it holds none"
    raise FolderError(f"--resume {path.name!r} names no run in {out}: {hint}.")


def _acquire(lock: int, path: Path) -> int:
    try:
        if lock_descriptor(lock, blocking=False):
            return lock
        reason = "it is in use by another process; wait for its end, or stop it"
    except OSError as error:
        reason = f"{error.strerror}; choose a file system that has locks with --out"
    os.close(lock)
    raise FolderError(f"The run {path.name} cannot be locked: {reason}.")
