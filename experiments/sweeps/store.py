"""The folder of a sweep: a manifest that is written once, one file per chunk, and the results."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amsgrad.options import shown
from experiments.command import CommandError
from experiments.files.atomic import keep_first, remove_leftovers, replacing, write_bytes
from experiments.files.regular import read_regular
from experiments.files.strict_json import to_json
from experiments.sweeps.chunk_file import Chunk, Damaged, unpack
from experiments.sweeps.work import FORM, sweep_digest

RESULTS = ("sweep.nc", "cells.csv", "cells.parquet", "provenance.json")  # of a merge
OURS = ("chunks", "labml", *RESULTS)  # may be there before the manifest, or be left without it


class StoreError(CommandError):
    """A folder that cannot be used."""


class Store:
    """The folder; any number of processes may fill it at once, since they write equal cells."""

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self.path = path
        self.sweep = sweep_digest(identity)
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
        visible = [] if not path.exists() else [e.name for e in path.iterdir() if e.name[0] != "."]
        if manifest.name not in visible and set(visible) - set(OURS):
            raise StoreError(
                f"{path} is not empty and does not hold a sweep; choose another folder"
            )
        path.mkdir(parents=True, exist_ok=True)
        if not manifest.exists():
            document: dict[str, Any] = {"identity": identity, "provenance": provenance}
            document["digest"] = sweep_digest(document)
            with replacing(manifest, keep_first) as file:
                file.write(f"{to_json(document, indent=2)}\n".encode())
        store, found = cls.open(path)
        if found["identity"] != identity:
            there, here = _first_difference(found["identity"], identity)
            raise StoreError(
                f"{path} was made by another configuration: {there} there, and {here} here;"
                " choose another --out, or restore the configuration"
            )
        store.chunks.mkdir(exist_ok=True)
        for folder in (path, store.chunks):
            remove_leftovers(folder)
        return store

    @classmethod
    def open(cls, path: Path) -> tuple["Store", dict[str, Any]]:
        """Return the folder as it is, and its manifest: identity, and provenance of the beginning.

        Raises:
            StoreError: there is no manifest, or it is damaged.
        """
        manifest = path / "manifest.json"
        again = "put it back, or remove it and give the command of the sweep again"
        try:
            found = dict(json.loads(read_regular(manifest)))
            whole = found.pop("digest") == sweep_digest(found)
            whole = whole and found["identity"]["form"] == FORM
        except (FileNotFoundError, NotADirectoryError):
            raise StoreError(f"{path} does not hold a sweep: it has no {manifest.name}") from None
        except OSError as error:
            raise StoreError(f"{manifest} cannot be read ({error.strerror}); {again}") from None
        except (ValueError, KeyError, TypeError, RecursionError):
            whole = False
        if not whole:
            raise StoreError(f"{manifest} is not what the sweep has written; {again}")
        return cls(path, found["identity"]), found

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
        try:
            content = read_regular(path)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise Damaged(f"it cannot be read ({error.strerror})") from None
        return unpack(content, path.stem, self.sweep)


def _first_difference(there: Any, here: Any, name: str = "") -> tuple[str, str]:
    """Return in words the first place where two documents differ, and the other's value there."""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in [*here, *(key for key in there if key not in here)]:
            if there.get(key) != here.get(key):
                inner = f"{name}.{key}" if name else key
                return _first_difference(there.get(key), here.get(key), inner)
    return f"{name} is {shown(there)}", f"{shown(here)}"
