"""The dashboard's database: one SQLite file, in which each request changes all or nothing."""

import sqlite3
from pathlib import Path

from experiments.command import CommandError
from experiments.files.unwritten import status_of

FILE = "dashboard.sqlite"
SCHEMA = 1  # the number of these tables, kept in the file; other tables get another one
UNNUMBERED = 0  # a new file, or one with these tables from before they had a number
TABLES = {
    "model": "(key TEXT PRIMARY KEY, data BLOB NOT NULL)",
    "entry": "(name TEXT, key TEXT, model TEXT NOT NULL, PRIMARY KEY (name, key)) WITHOUT ROWID",
}


class InUse(CommandError):
    """Another process holds the database."""


class Database:
    """The file, held by this process alone until the process ends in any way.

    Changes for which `end(keep=True)` has returned survive kill -9 and a loss of power: SQLite's
    write-ahead log is on the disk by then, and is read again at the next start.
    """

    def __init__(self, folder: Path) -> None:
        """Open or make the database in `folder`, which is made where it is missing.

        Raises:
            InUse: another process holds it.
            CommandError: the folder or the file cannot be used, or has another schema.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(folder / FILE, timeout=0.5, isolation_level=None)
            self.connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._require_own_schema(folder)
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = FULL")
            self.begin()
            for name, columns in TABLES.items():
                self.connection.execute(f"CREATE TABLE IF NOT EXISTS {name} {columns}")
            self.connection.execute(f"PRAGMA user_version = {SCHEMA}")
            self.end(keep=True)
        except OSError as error:
            raise CommandError(
                f"The data folder {folder} cannot be made ({error.strerror});"
                " choose another place with --data.",
                status_of(error),
            ) from None
        except sqlite3.Error as error:
            if error.sqlite_errorname == "SQLITE_BUSY":
                raise InUse(
                    f"The data folder {folder} is in use by another dashboard;"
                    " stop that one, or choose another place with --data."
                ) from None
            failed = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
            raise CommandError(
                f"The data folder {folder} cannot be used ({error}); make room or mend it, or"
                " choose another place with --data.",
                1 if failed else 2,
            ) from None

    def _require_own_schema(self, folder: Path) -> None:
        (number,) = self.connection.execute("PRAGMA user_version").fetchone()
        found = self.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        foreign = {name for (name,) in found} - TABLES.keys()
        if number not in (UNNUMBERED, SCHEMA) or foreign:
            self.close()
            raise CommandError(
                f"The data folder {folder} holds the database of another program, or of another"
                f" version of this one (the number of its schema is {number}, not {SCHEMA});"
                " choose another place with --data."
            )

    def begin(self) -> None:
        """Begin a transaction."""
        self.connection.execute("BEGIN IMMEDIATE")

    def end(self, *, keep: bool) -> None:
        """Keep the changes since `begin` for good, or undo them."""
        try:
            if keep:
                self.connection.execute("COMMIT")
        finally:  # a full disk may have undone the changes already, or have left them open
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def close(self) -> None:
        """Let another process have the database."""
        self.connection.close()
