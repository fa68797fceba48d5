import os
import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.command import CommandError
from experiments.dashboard.database import FILE, SCHEMA, Database, InUse
from experiments.dashboard.drivers import IndexDriver, ModelDriver


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path)
    yield opened
    opened.close()


def models_in(database: Database) -> ModelDriver:
    return ModelDriver(database.connection, "Run")


def index_in(database: Database, name: str) -> IndexDriver:
    return IndexDriver(database.connection, name)


def test_models_come_back_as_they_went(database: Database) -> None:
    from labml_db import Key

    models = models_in(database)
    values = {
        "text": "é",
        "set": {"a", "b"},
        "end": float("inf"),
        "key": Key("Status:1"),
        "tracking": {"x": {"step": np.arange(3.0), "mean": np.float64(1.5)}},
        "pairs": [("id", Key("Metric:2"))],
    }
    database.begin()
    models.save_dict("Run:1", values)
    models.msave_dict(["Run:2", "Runner:3"], [{}, {}])
    database.end(keep=True)

    loaded = models.load_dict("Run:1")
    assert loaded is not None
    assert loaded["tracking"]["x"]["step"].tolist() == [0.0, 1.0, 2.0]
    assert loaded["tracking"]["x"]["mean"] == 1.5
    for name in ("text", "set", "end", "key", "pairs"):
        assert loaded[name] == values[name]
    assert models.mload_dict(["Run:2", "Run:none"]) == [{}, None]
    assert sorted(models.get_all()) == ["Run:1", "Run:2"]
    models.delete("Run:2")
    assert models.load_dict("Run:2") is None


def test_indexes_are_apart(database: Database) -> None:
    one, other = index_in(database, "One"), index_in(database, "Other")
    one.set("a", "Run:1")
    one.set("a", "Run:2")
    other.set("a", "Run:3")
    assert one.mget(["a", "b"]) == ["Run:2", None]
    assert other.get_all() == ["Run:3"]
    one.delete("a")
    assert one.get("a") is None
    assert other.get("a") == "Run:3"


def test_changes_are_kept_or_undone_together(database: Database) -> None:
    for keep in (True, False):
        database.begin()
        models_in(database).save_dict("Run:1", {"kept": keep})
        index_in(database, "Runs").set(str(keep), "Run:1")
        database.end(keep=keep)
    assert models_in(database).load_dict("Run:1") == {"kept": True}
    assert index_in(database, "Runs").mget(["True", "False"]) == ["Run:1", None]


def test_full_disk_undoes_the_request_alone(database: Database) -> None:
    database.begin()
    models_in(database).save_dict("Run:1", {})
    database.end(keep=True)
    (pages,) = database.connection.execute("PRAGMA page_count").fetchone()
    database.connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    database.begin()
    models_in(database).save_dict("Run:1", {"changed": True})
    with pytest.raises(sqlite3.OperationalError, match="full"):
        models_in(database).save_dict("Run:2", {"much": "x" * 100_000})
    database.end(keep=False)

    database.begin()
    models_in(database).save_dict("Run:3", {})
    database.end(keep=True)
    assert models_in(database).mload_dict(["Run:1", "Run:2", "Run:3"]) == [{}, None, {}]


def test_one_process_at_a_time(database: Database, tmp_path: Path) -> None:
    with pytest.raises(InUse, match="in use by another dashboard"):
        Database(tmp_path)
    database.close()
    Database(tmp_path).close()


def test_foreign_code_is_not_run(database: Database, tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> Any:
            return (tmp_path.joinpath("harm").touch, ())

    database.connection.execute("INSERT INTO model VALUES ('Run:1', ?)", (pickle.dumps(Harmful()),))
    with pytest.raises(pickle.UnpicklingError, match="does not belong to a labml model"):
        models_in(database).load_dict("Run:1")
    assert not (tmp_path / "harm").exists()


def test_other_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("this was a shopping list " * 99)
    with pytest.raises(CommandError, match="cannot be used"):
        Database(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="cannot be made"):
        Database(tmp_path / "file" / "data")
    (tmp_path / "folder" / FILE).mkdir(parents=True)
    with pytest.raises(CommandError, match="cannot be used"):
        Database(tmp_path / "folder")
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / FILE)
    with pytest.raises(CommandError, match="cannot be used"):
        Database(tmp_path / "pipe")


@pytest.mark.parametrize(
    "statement",
    [
        f"PRAGMA user_version = {SCHEMA + 1}",
        "PRAGMA user_version = -1",
        "CREATE TABLE shopping (what TEXT)",
    ],
)
def test_another_schema_is_refused_and_left_alone(tmp_path: Path, statement: str) -> None:
    Database(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute(statement)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(CommandError, match="of another program, or of another version") as caught:
        Database(tmp_path)
    assert "\n" not in str(caught.value)
    assert "--data" in str(caught.value)
    assert (tmp_path / FILE).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_file_of_before_the_number_is_taken(tmp_path: Path) -> None:
    first = Database(tmp_path)
    first.begin()
    models_in(first).save_dict("Run:1", {"kept": True})
    first.end(keep=True)
    first.connection.execute("PRAGMA user_version = 0")
    first.close()
    again = Database(tmp_path)
    assert models_in(again).load_dict("Run:1") == {"kept": True}
    assert again.connection.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
    again.close()
