"""Where the dashboard keeps its runs: one SQLite file, changed by whole requests or not at all."""

from __future__ import annotations

import io
import pickle
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from experiments.dashboard.errors import DashboardError

FILE = "dashboard.sqlite"
TABLES = (
    "CREATE TABLE IF NOT EXISTS model (key TEXT PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS entry (name TEXT, key TEXT, model TEXT NOT NULL,"
    " PRIMARY KEY (name, key)) WITHOUT ROWID",
)


class Transactions(Protocol):
    """Keeps what a request changes, all of it or nothing."""

    def begin(self) -> None:
        """Start noting changes."""

    def end(self, *, keep: bool) -> None:
        """Keep the changes since `begin` for good, or undo them."""


class InUse(DashboardError):
    """Another process holds the store."""


class Store:
    """The file, held by this process alone until its end, however that comes.

    What `end(keep=True)` has returned from survives kill -9 and a loss of power: SQLite's
    write-ahead log is on the disk by then, and is read again at the next start.
    """

    def __init__(self, folder: Path) -> None:
        """Open or make the store in `folder`; DashboardError where that cannot be, InUse for now.

        Args:
            folder: made where it is missing.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(folder / FILE, timeout=0.5, isolation_level=None)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self.begin()
            for table in TABLES:
                self._db.execute(table)
            self.end(keep=True)
        except OSError as error:
            raise DashboardError(
                f"The data folder {folder} cannot be made ({error.strerror});"
                " choose another place with --data."
            ) from None
        except sqlite3.Error as error:
            if error.sqlite_errorname == "SQLITE_BUSY":
                raise InUse(
                    f"The data folder {folder} is in use by another dashboard;"
                    " stop that one, or choose another place with --data."
                ) from None
            raise DashboardError(
                f"The data folder {folder} cannot be used ({error});"
                " choose another place with --data."
            ) from None

    def begin(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def end(self, *, keep: bool) -> None:
        try:
            if keep:
                self._db.execute("COMMIT")
        finally:  # a full disk may have undone the changes already, or have left them open
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def close(self) -> None:
        """Let another process have the store."""
        self._db.close()

    def models(self, name: str) -> ModelDriver:
        """The driver of labml_db's models of the class `name`."""
        return ModelDriver(self._db, name)

    def index(self, name: str) -> IndexDriver:
        """The driver of labml_db's index `name`."""
        return IndexDriver(self._db, name)


class ModelDriver:
    """What labml_db asks of a driver for models: dictionaries by key."""

    def __init__(self, db: sqlite3.Connection, model_name: str) -> None:
        self.model_name = model_name
        self._db = db

    def load_dict(self, key: str) -> dict[str, Any] | None:
        row = self._db.execute("SELECT data FROM model WHERE key = ?", (key,)).fetchone()
        return None if row is None else _unpickle(row[0])

    def mload_dict(self, key: Sequence[str]) -> list[dict[str, Any] | None]:
        return [self.load_dict(k) for k in key]

    def save_dict(self, key: str, data: dict[str, Any]) -> None:
        self._db.execute("REPLACE INTO model VALUES (?, ?)", (key, pickle.dumps(data, 4)))

    def msave_dict(self, key: Sequence[str], data: Iterable[dict[str, Any]]) -> None:
        for k, d in zip(key, data, strict=True):
            self.save_dict(k, d)

    def delete(self, key: str) -> None:
        self._db.execute("DELETE FROM model WHERE key = ?", (key,))

    def get_all(self) -> list[str]:
        form = f"{self.model_name}:*"
        return [k for (k,) in self._db.execute("SELECT key FROM model WHERE key GLOB ?", (form,))]


class IndexDriver:
    """What labml_db asks of a driver for an index: the keys of models by other names."""

    def __init__(self, db: sqlite3.Connection, index_name: str) -> None:
        self.index_name = index_name
        self._db = db

    def get(self, index_key: str) -> str | None:
        row = self._db.execute(
            "SELECT model FROM entry WHERE name = ? AND key = ?", (self.index_name, index_key)
        ).fetchone()
        return None if row is None else str(row[0])

    def mget(self, index_key: Sequence[str]) -> list[str | None]:
        return [self.get(k) for k in index_key]

    def set(self, index_key: str, model_key: str) -> None:
        self._db.execute(
            "REPLACE INTO entry VALUES (?, ?, ?)", (self.index_name, index_key, model_key)
        )

    def delete(self, index_key: str) -> None:
        self._db.execute(
            "DELETE FROM entry WHERE name = ? AND key = ?", (self.index_name, index_key)
        )

    def get_all(self) -> list[str]:
        rows = self._db.execute("SELECT model FROM entry WHERE name = ?", (self.index_name,))
        return [model for (model,) in rows]


class _Unpickler(pickle.Unpickler):
    """Makes labml's models and nothing else, so that a foreign file cannot run code."""

    NUMPY = frozenset({"ndarray", "dtype", "scalar", "_reconstruct"})

    def find_class(self, module: str, name: str) -> Any:
        of_numpy = module.partition(".")[0] == "numpy" and name in self.NUMPY
        known = (module, name) in {
            ("builtins", "set"),
            ("labml_db.model", "Key"),
            ("_codecs", "encode"),  # of the bytes of a scalar
        }
        if of_numpy or known:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a labml model")


def _unpickle(data: bytes) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = _Unpickler(io.BytesIO(data)).load()
    except Exception as error:  # damaged bytes may raise anything
        raise pickle.UnpicklingError(f"the store is damaged ({error!r})") from None
    return loaded
