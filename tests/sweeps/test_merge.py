"""The tables of a merged sweep."""

import csv
import io
import math
from pathlib import Path

import numpy as np

from experiments.sweep import main
from experiments.sweeps.chunk_file import Chunk, pack
from experiments.sweeps.gather import Cells
from experiments.sweeps.merge import to_dataset, to_table
from experiments.sweeps.store import Store
from experiments.sweeps.work import FORM
from tests.sweeps.small import merged

AXES = {"opt": ["adam", "a,b", 'a"b'], "seed": [0, 7], "lr": [5e-324, 0.1, 1e22, -0.0]}
NUMBERS = [math.nan, -math.inf, math.inf, -0.0, 1e-5, 1e16, 0.1 + 0.2, 2.0]
IDENTITY = {
    "form": FORM,
    "sweep": {
        "base": {"steps": 10},
        "axes": AXES,
        "keep": {"plain": ["x", "limit"]},
        "chunk": None,
    },
    "first_cell": {"steps": 10},
    "cells": 24,
    "chunks": 2,
    "kernels": "none",
    "versions": {},
}
ERRORS = {1: "one, two", 3: 'ValueError: "three"', 8: "four: å"}


def test_cells_csv_has_the_shortest_exact_numbers(tmp_path: Path) -> None:
    store = Store.create(tmp_path, IDENTITY, {"started": "now"})
    cells = np.arange(20)  # four are missing
    x, limit = np.resize(NUMBERS, 20), np.linspace(-1, 1, 20) / 3
    status = np.where(np.isin(cells, list(ERRORS)), np.int8(2), np.int8(0))
    chunk = Chunk(cells, status, ERRORS, {"x": x, "limit": limit}, {})
    store.save("all", pack(chunk, "all", store.sweep))

    expected = io.StringIO()
    writer = csv.writer(expected, lineterminator="\n")
    writer.writerow(["opt", "seed", "lr", "x", "limit", "status", "error"])
    for i in range(24):
        where = [AXES["opt"][i // 8], AXES["seed"][i // 4 % 2], AXES["lr"][i % 4]]
        kept = [float(x[i]), float(limit[i])] if i < 20 else [math.nan, math.nan]
        end = ["missing" if i >= 20 else "failed" if i in ERRORS else "finished", ERRORS.get(i, "")]
        writer.writerow("" if entry != entry else entry for entry in (*where, *kept, *end))
    assert merged(tmp_path)["cells.csv"].decode() == expected.getvalue()
    assert main(["status", str(tmp_path)]) == 0


def test_a_series_is_not_in_the_tables() -> None:
    kept = {**IDENTITY["sweep"], "keep": {"plain": ["x"], "series": 3}}  # type: ignore[dict-item]
    cells = Cells({**IDENTITY, "sweep": kept})
    data = to_dataset(cells)
    assert data.series_x.shape == (3, 3, 2, 4)
    assert list(to_table(cells, data)) == ["opt", "seed", "lr", "x", "status", "error"]
