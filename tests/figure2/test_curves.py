"""What is found in the curves, on curves that are known."""

from typing import Any

import numpy as np
import pytest
import xarray

from experiments.figure2.curves import best, findings, nearest, to_dataset
from experiments.figure2.panels import readings
from experiments.figure2.plan import Cell, cells, record_at
from experiments.figure2.question import read
from experiments.figure2.runs import Run

ASKED = read(["logistic", "--made", "--alpha", "0.1,0.2", "--seeds", "2", "--every", "2500"])
PAPER = {(r.optimizer, r.quantity, r.iteration): r.value for r in readings("logistic")}


def loss(cell: Cell, quantity: str, iteration: int) -> float:
    """The paper's points for beta2 = .99 and alpha = .1; elsewhere more, but for one late end."""
    own = PAPER.get((cell.optimizer, quantity, iteration), 0.3)
    off = 0.02 * (cell.alpha - 0.1) + (0.5 if cell.beta2 == 0.999 else 0.0)
    if iteration == 5_000 and cell.beta2 == 0.999:
        off = -0.1 - cell.alpha
    return own + off + 0.01 * (cell.seed - 0.5)


@pytest.fixture
def data() -> xarray.Dataset:
    def run(cell: Cell) -> Run:
        records = [
            (at, loss(cell, "train_loss", at), loss(cell, "test_loss", at))
            for at in record_at(ASKED)
        ]
        return Run(records, 1.0, {})

    return to_dataset(ASKED, {cell: run(cell) for cell in cells(ASKED)}, readings("logistic"))


def test_the_readings_are_recorded() -> None:
    assert record_at(ASKED) == [0, 1000, 2500, 4900, 5000]


def test_what_is_known_is_found(data: xarray.Dataset) -> None:
    found: dict[str, Any] = findings(data)
    for optimizer in ("adam", "amsgrad"):
        assert best(data, optimizer) == {"beta2": 0.999, "alpha": 0.2}
        assert nearest(data, optimizer) == {"beta2": 0.99, "alpha": 0.1}
        near = found["nearest to the paper's points"][optimizer]
        assert near["rms"] == near["largest"] == 0
        read = PAPER[optimizer, "test_loss", 4900]
        spread = [read, read - 0.005, read + 0.005]
        assert near["test_loss after 4900 iterations"] == pytest.approx(spread, abs=1e-4)
    assert found["one setting for both, nearest"]["alpha"] == 0.1
    gaps = found["Adam minus AMSGrad, train loss, equal settings"]
    assert list(gaps) == [1000, 4900]
    assert set(gaps[1000].values()) == {0.04}
    assert set(gaps[4900].values()) == {0.007}
    paper = found["the paper's Adam minus AMSGrad, train loss"]
    assert paper == {1000: 0.04, 4900: 0.007}


def test_a_run_that_is_not_finite_is_neither_best_nor_nearest(data: xarray.Dataset) -> None:
    data.train_loss.loc[{"beta2": 0.999, "alpha": 0.2, "seed": 1}] = np.nan
    data.train_loss.loc[{"beta2": 0.99, "alpha": 0.1, "seed": 0, "iteration": 1000}] = np.nan
    assert best(data, "adam") == {"beta2": 0.999, "alpha": 0.1}
    assert nearest(data, "adam") == {"beta2": 0.99, "alpha": 0.2}


def test_a_short_run_has_no_points() -> None:
    short = read(["net", "--made", "--iterations", "500", "--alpha", "1", "--seeds", "1"])
    runs = {cell: Run([(t, 1.0, 1.0) for t in record_at(short)], 1.0, {}) for cell in cells(short)}
    found = findings(to_dataset(short, runs, readings("net")))
    assert found["nearest to the paper's points"] == {}
    assert found["one setting for both, nearest"] is None
