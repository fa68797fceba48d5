"""labml_db's drivers over SQLite: models by key, and indexes from names to such keys."""

import io
import pickle
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any


class ModelDriver:
    """A driver for the models of one class, as labml_db calls it: dictionaries by key."""

    def __init__(self, connection: sqlite3.Connection, model_name: str) -> None:
        self.model_name = model_name
        self._connection = connection

    def load_dict(self, key: str) -> dict[str, Any] | None:
        query = "SELECT data FROM model WHERE key = ?"
        row = self._connection.execute(query, (key,)).fetchone()
        return None if row is None else _unpickle(row[0])

    def mload_dict(self, key: Sequence[str]) -> list[dict[str, Any] | None]:
        return [self.load_dict(k) for k in key]

    def save_dict(self, key: str, data: dict[str, Any]) -> None:
        values = (key, pickle.dumps(data, 4))
        self._connection.execute("REPLACE INTO model VALUES (?, ?)", values)

    def msave_dict(self, key: Sequence[str], data: Iterable[dict[str, Any]]) -> None:
        for k, d in zip(key, data, strict=True):
            self.save_dict(k, d)

    def delete(self, key: str) -> None:
        self._connection.execute("DELETE FROM model WHERE key = ?", (key,))

    def get_all(self) -> list[str]:
        query = "SELECT key FROM model WHERE key GLOB ?"
        return [key for (key,) in self._connection.execute(query, (f"{self.model_name}:*",))]


class IndexDriver:
    """A driver for one index, as labml_db calls it: keys of models by other names."""

    def __init__(self, connection: sqlite3.Connection, index_name: str) -> None:
        self.index_name = index_name
        self._connection = connection

    def get(self, index_key: str) -> str | None:
        query = "SELECT model FROM entry WHERE name = ? AND key = ?"
        row = self._connection.execute(query, (self.index_name, index_key)).fetchone()
        return None if row is None else str(row[0])

    def mget(self, index_key: Sequence[str]) -> list[str | None]:
        return [self.get(k) for k in index_key]

    def set(self, index_key: str, model_key: str) -> None:
        values = (self.index_name, index_key, model_key)
        self._connection.execute("REPLACE INTO entry VALUES (?, ?, ?)", values)

    def delete(self, index_key: str) -> None:
        query = "DELETE FROM entry WHERE name = ? AND key = ?"
        self._connection.execute(query, (self.index_name, index_key))

    def get_all(self) -> list[str]:
        query = "SELECT model FROM entry WHERE name = ?"
        return [model for (model,) in self._connection.execute(query, (self.index_name,))]


class _Unpickler(pickle.Unpickler):
    """An unpickler of labml's models alone, so that a foreign file cannot run code."""

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
        raise pickle.UnpicklingError(f"{module}.{name} does not belong to a labml model")


def _unpickle(data: bytes) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = _Unpickler(io.BytesIO(data)).load()
    except Exception as error:  # damaged bytes may raise anything
        raise pickle.UnpicklingError(f"the database is damaged ({error!r})") from None
    return loaded
