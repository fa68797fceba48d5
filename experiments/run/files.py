"""The files of a run, and the one door through which they are read.

The provenance holds a digest of each file that is complete. A file that was cut, damaged or edited
since is refused.
"""

import gc
import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.command import CommandError
from experiments.files.regular import read_regular

if TYPE_CHECKING:
    import xarray

    from amsgrad.config.run_config import Config


class FolderError(CommandError):
    """A run's folder cannot be used; the sentence says why, and what to do."""


class RunFiles:
    """The paths of a run's files; nothing is read before it is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self.config = path / "config.yaml"
        self.trace = path / "trace.nc"
        self.summary = path / "summary.json"
        self.provenance = path / "provenance.json"
        self.picture = path / "picture.png"
        self.certificate = path / "certificate.json"
        self.checkpoint = path / "checkpoint.npz"
        self.labml = path / "labml"
        self.sessions: list[dict[str, Any]] = []  # of the provenance, when that has been read
        self.digests: dict[str, str] = {}  # by name, likewise

    def read_provenance(self) -> None:
        """Read the sessions and the digests, where the file is there.

        Raises:
            FolderError: it is not what a run writes.
        """
        try:
            document = json.loads(read_regular(self.provenance))
            self.sessions = [dict(session) for session in document["sessions"]]
            self.digests = {str(k): str(v) for k, v in document.get("files", {}).items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise FolderError(
                f"{self.provenance} is not the provenance of a run; without it the run cannot be"
                " read."
            ) from None

    def is_complete(self) -> bool:
        """Return whether the summary is there that the digests know: it is written last."""
        try:
            return self.digests.get(self.summary.name) == digest(read_regular(self.summary))
        except OSError:
            return False

    def read(self, file: Path) -> bytes:
        """Return the content of one of the files.

        Raises:
            FolderError: it cannot be read, or is not what the run has written.
        """
        try:
            content = read_regular(file)
        except OSError as error:
            raise FolderError(f"{file} cannot be read ({error.strerror}).") from None
        if self.digests.get(file.name, digest(content)) != digest(content):
            raise FolderError(f"{file} is not what the run has written; put it back.")
        return content

    def read_config(self) -> "Config":
        """Return the settings of the run; FolderError as `read`."""
        from amsgrad.config.run_config import Config
        from experiments.config.reading import read_settings
        from experiments.config.yaml_file import read_file

        self.read(self.config)
        return Config(**read_settings(read_file(self.config)))

    def read_summary(self) -> dict[str, Any]:
        """Return the summary; FolderError as `read`."""
        content = self.read(self.summary)
        try:
            summary = dict(json.loads(content))
            str(summary["status"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise FolderError(
                f"{self.summary} is not the summary of a run; move it away."
            ) from None
        return summary

    def read_trace(self) -> "xarray.Dataset":
        """Return the records as a data set; FolderError as `read`."""
        from experiments.run.trace import from_bytes

        content = self.read(self.trace)
        hook = sys.unraisablehook
        sys.unraisablehook = lambda _: None  # h5netcdf fails once more where it closes such a file
        try:
            try:
                return from_bytes(content)
            except Exception as error:  # of damaged bytes HDF5 makes errors of any class
                reason = " ".join(str(error).split())[:200]
            gc.collect()
        finally:
            sys.unraisablehook = hook
        raise FolderError(f"{self.trace} is not the trace of a run ({reason}).")


def find_run(run: str, out: Path) -> RunFiles:
    """Return the files of a run: an id in `out`, `latest`, or a path.

    The first words of an id stand for the latest run of that name: `adam`, `adam-online`.

    Raises:
        FolderError: the run does not exist.
    """
    given = Path(run)
    for path in (out / given, given) if len(given.parts) == 1 else (given,):
        if os.path.lexists(path / RunFiles(path).config.name):
            # the link `latest` leads to another run tomorrow
            return RunFiles(path.parent / os.readlink(path) if path.is_symlink() else path)
    for path in latest_first(run, out):
        return RunFiles(path)
    raise FolderError(
        f"{run} is not the id of a run in {out}, nor the path of a run's folder with its files."
    )


def latest_first(name: str, out: Path) -> list[Path]:
    """Return the folders of runs in `out` whose ids begin with these words, the latest first."""
    found = []
    for path in out.iterdir() if out.is_dir() else ():
        time = re.search(r"-(\d{8}-\d{6})(?:-(\d+))?$", path.name)
        config = path / "config.yaml"
        if time and path.name.startswith(f"{name}-") and config.is_file():
            written = config.stat().st_mtime_ns  # of several in one second
            found.append((time[1], written, int(time[2] or 1), path))
    return [path for *_, path in sorted(found, reverse=True)]


def digest(content: bytes) -> str:
    """Return the digest of a file's content, as the provenance has it."""
    return hashlib.sha256(content).hexdigest()
