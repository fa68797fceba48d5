"""labml_app's own store, MongoDB, for those who ask for it."""

from __future__ import annotations

from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from experiments.dashboard.labml_parts import db
from experiments.dashboard.errors import DashboardError

MILLISECONDS = 3000


def use_mongo(host: str, port: int) -> None:
    """Let labml_app keep its runs in MongoDB; DashboardError where none answers."""
    wait = f"serverSelectionTimeoutMS={MILLISECONDS}&connectTimeoutMS={MILLISECONDS}"
    address = f"mongodb://{host}:{port}/?{wait}"
    try:
        with MongoClient[dict[str, Any]](address) as client:
            client.admin.command("ping")
        db.init_mongo_db(address)
    except PyMongoError:
        raise DashboardError(
            f"MongoDB does not answer at {host}:{port}; start it there, give another --mongo"
            " HOST[:PORT], or leave --mongo out to keep the runs in a file."
        ) from None


class NoTransactions:
    """MongoDB keeps each change on its own."""

    def begin(self) -> None:
        pass

    def end(self, *, keep: bool) -> None:
        pass
