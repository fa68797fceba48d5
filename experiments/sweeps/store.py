"""The folder of a sweep: a manifest that is written once, and one file per chunk."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amsgrad.options import shown
from experiments.command import CommandError
from experiments.files.atomic import PART, write_bytes, write_text
from experiments.files.strict_json import to_json
from experiments.sweeps.chunk_file import Chunk, unpack
from experiments.sweeps.work import FORM, sweep_digest

OURS = ("chunks", "labml")  # what another process may have made just now
SECONDS_OF_A_WRITER = 3600.0  # an older temporary file belongs to a writer that was killed


class StoreError(CommandError):
    """A folder that cannot be used."""


class Store:
    """The folder; any number of processes may fill it at once, since they write equal files."""

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self.path = path
        self.sweep = sweep_digest(identity)  # the manifest without its provenance
        self.chunks = path / "chunks"

    @classmethod
    def create(
        cls, path: Path, identity: Mapping[str, Any], provenance: Mapping[str, Any]
    ) -> "Store":
        """Make the folder, or take one that has been made for the same sweep.

        Raises:
            StoreError: the folder belongs to another sweep, or to something else.
            OSError: it cannot be written.
        """
        manifest = path / "manifest.json"
        identity = json.loads(to_json(identity))
        store = cls(path, identity)
        if not manifest.exists():
            if path.is_dir() and any(entry.name not in OURS for entry in _visible(path)):
                raise StoreError(
                    f"{path} is not empty and does not hold a sweep; choose another folder"
                )
            store.chunks.mkdir(parents=True, exist_ok=True)
            _write_once(manifest, to_json({**identity, "provenance": provenance}, indent=2) + "\n")
        found = read_manifest(path)
        found.pop("provenance", None)
        if found != identity:
            there, here = _first_difference(found, identity)
            raise StoreError(
                f"{path} was made by another configuration: {there} there, and {here} here;"
                " choose another --out, or restore the configuration"
            )
        store.chunks.mkdir(exist_ok=True)
        for part in store.chunks.glob(f".*{PART}"):
            _remove_if_old(part)
        return store

    @classmethod
    def open(cls, path: Path) -> tuple["Store", dict[str, Any]]:
        """Return the folder as it is, and its manifest.

        Raises:
            StoreError: it does not hold a sweep.
        """
        manifest = read_manifest(path)
        identity = {name: part for name, part in manifest.items() if name != "provenance"}
        return cls(path, identity), manifest

    def file(self, name: str) -> Path:
        """Return the file of a chunk."""
        return self.chunks / f"{name}.npz"

    def files(self) -> list[Path]:
        """Return the files of all chunks that have been written, by name."""
        return sorted(self.chunks.glob("*.npz"))

    def save(self, name: str, content: bytes) -> None:
        """Write the file of a chunk.

        Raises:
            OSError: the disk is full, or the like.
        """
        write_bytes(self.file(name), content)

    def load(self, path: Path) -> Chunk:
        """Read a chunk and check it.

        Raises:
            Damaged: it is not what was written.
            FileNotFoundError: there is no such file.
        """
        return unpack(path.read_bytes(), path.stem, self.sweep)


def read_manifest(path: Path) -> dict[str, Any]:
    """Return what the folder is for.

    Raises:
        StoreError: there is no manifest, or it is damaged.
    """
    manifest = path / "manifest.json"
    try:
        found = json.loads(manifest.read_text(encoding="utf-8"))
        if found["form"] != FORM or not isinstance(found["sweep"]["axes"], dict):
            raise ValueError
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(f"{path} does not hold a sweep: it has no {manifest.name}") from None
    except OSError as error:
        raise StoreError(f"{manifest} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError):
        raise StoreError(
            f"{manifest} is damaged or of another form; choose another --out"
        ) from None
    return dict(found)


def _write_once(path: Path, text: str) -> None:
    """Write the file, unless another process has just done so."""
    own = path.with_name(f".{path.name}.{os.urandom(8).hex()}{PART}")
    try:
        write_text(own, text)
        try:
            os.link(own, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            write_text(path, text)
    finally:
        own.unlink(missing_ok=True)


def _visible(path: Path) -> list[Path]:
    return [entry for entry in path.iterdir() if not entry.name.startswith(".")]


def _remove_if_old(part: Path) -> None:
    try:
        if time.time() - part.stat().st_mtime > SECONDS_OF_A_WRITER:
            part.unlink()
    except OSError:  # its writer has just ended
        pass


def _first_difference(there: Any, here: Any, name: str = "") -> tuple[str, str]:
    """Return in words the first place where two documents differ, and the other's value there."""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in [*here, *(key for key in there if key not in here)]:
            if there.get(key) != here.get(key):
                inner = f"{name}.{key}" if name else key
                return _first_difference(there.get(key), here.get(key), inner)
    return f"{name} is {shown(there)}", f"{shown(here)}"
