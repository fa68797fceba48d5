import pickle
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.dashboard.errors import DashboardError
from experiments.dashboard.store import FILE, InUse, Store


@pytest.fixture
def store(tmp_path: Path) -> Any:
    store = Store(tmp_path)
    yield store
    store.close()


def test_models_come_back_as_they_went(store: Store) -> None:
    from labml_db import Key

    models = store.models("Run")
    values = {
        "text": "é",
        "set": {"a", "b"},
        "end": float("inf"),
        "key": Key("Status:1"),
        "tracking": {"x": {"step": np.arange(3.0), "mean": np.float64(1.5)}},
        "pairs": [("id", Key("Metric:2"))],
    }
    store.begin()
    models.save_dict("Run:1", values)
    models.msave_dict(["Run:2", "Runner:3"], [{}, {}])
    store.end(keep=True)

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


def test_indexes_are_apart(store: Store) -> None:
    one, other = store.index("One"), store.index("Other")
    one.set("a", "Run:1")
    one.set("a", "Run:2")
    other.set("a", "Run:3")
    assert one.mget(["a", "b"]) == ["Run:2", None]
    assert other.get_all() == ["Run:3"]
    one.delete("a")
    assert one.get("a") is None
    assert other.get("a") == "Run:3"


def test_changes_are_kept_or_undone_together(store: Store) -> None:
    for keep in (True, False):
        store.begin()
        store.models("Run").save_dict("Run:1", {"kept": keep})
        store.index("Runs").set(str(keep), "Run:1")
        store.end(keep=keep)
    assert store.models("Run").load_dict("Run:1") == {"kept": True}
    assert store.index("Runs").mget(["True", "False"]) == ["Run:1", None]


def test_full_disk_undoes_the_request_alone(store: Store) -> None:
    store.begin()
    store.models("Run").save_dict("Run:1", {})
    store.end(keep=True)
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages + 1}")
    store.begin()
    store.models("Run").save_dict("Run:1", {"changed": True})
    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.models("Run").save_dict("Run:2", {"much": "x" * 100_000})
    store.end(keep=False)

    store.begin()
    store.models("Run").save_dict("Run:3", {})
    store.end(keep=True)
    assert store.models("Run").mload_dict(["Run:1", "Run:2", "Run:3"]) == [{}, None, {}]


def test_one_process_at_a_time(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InUse, match="in use by another dashboard"):
        Store(tmp_path)
    store.close()
    Store(tmp_path).close()


def test_foreign_code_is_not_run(store: Store, tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> Any:
            return (tmp_path.joinpath("harm").touch, ())

    store._db.execute("INSERT INTO model VALUES ('Run:1', ?)", (pickle.dumps(Harmful()),))
    with pytest.raises(pickle.UnpicklingError, match="no part of a labml model"):
        store.models("Run").load_dict("Run:1")
    assert not (tmp_path / "harm").exists()


def test_what_is_no_store_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("this was a shopping list " * 99)
    with pytest.raises(DashboardError, match="cannot be used"):
        Store(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(DashboardError, match="cannot be made"):
        Store(tmp_path / "file" / "data")
