"""The command: a small panel, what is kept, what goes on, and what is refused."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray
from PIL import Image

from experiments.figure2 import runs
from experiments.figure2.__main__ import main
from experiments.figure2.made import made
from experiments.figure2.panels import readings
from experiments.figure2.plan import cells, file_name, file_of
from experiments.figure2.question import read
from experiments.tracking.labml_tracker import NullTracker
from tests.conftest import Start
from tests.figure2.test_mnist import GOOD, TRAIN, put

SMALL = ["logistic", "--made", "--iterations", "40", "--every", "20", "--alpha", "0.03,0.3",
         "--seeds", "2", "--beta2", "0.99", "--format", "png"]  # fmt: skip
NAME = "figure2-logistic-made"
ENDINGS = ("png", "nc", "txt", "json")


def small(capsys: pytest.CaptureFixture[str], out: Path, *more: str) -> Any:
    assert main([*SMALL, "--out", str(out), "--json", *more]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_small_panel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = small(capsys, tmp_path)
    assert found["files"] == [str(tmp_path / f"{NAME}.{ending}") for ending in ENDINGS]
    assert found["trained"] == 8
    data = xarray.load_dataset(tmp_path / f"{NAME}.nc", engine="h5netcdf")
    assert data.train_loss.dims == ("optimizer", "beta2", "alpha", "seed", "iteration")
    assert data.iteration.values.tolist() == [0, 20, 40]
    assert np.allclose(data.train_loss.sel(iteration=0), np.log(10))
    assert np.all(data.train_loss.sel(iteration=40) < data.train_loss.sel(iteration=20))
    asked = read([*SMALL, "--out", str(tmp_path)])
    kept = runs.kept(asked, made("mnist"), tmp_path / "figure2")
    for cell, run in kept.items():  # each at its place in the table
        place = {"optimizer": cell.optimizer, "beta2": cell.beta2, "alpha": cell.alpha,
                 "seed": cell.seed}  # fmt: skip
        assert data.test_loss.sel(place).values.tolist() == [record[2] for record in run.records]
    with Image.open(tmp_path / f"{NAME}.png") as picture:
        assert picture.size[0] == 7.2 * 200
    story = json.loads((tmp_path / f"{NAME}.json").read_text())
    assert (
        story["provenance"]["verification"]["data"]
        == "images made from a seed, in the form of mnist"
    )
    assert story["findings"] == found["findings"]
    assert sum(origin["runs"] for origin in story["runs_by"]) == 8
    text = (tmp_path / f"{NAME}.txt").read_text()
    assert "images made from a seed" in " ".join(text.split())
    assert "5,000 iterations were not run" in " ".join(text.split())
    (log,) = (tmp_path / "figure2" / "labml").glob("*/*/log.jsonl")
    tracked = log.read_text()
    assert "loss.train.amsgrad-beta2=0.99-alpha=0.3-seed=1" in tracked

    before = (tmp_path / f"{NAME}.nc").read_bytes()
    assert small(capsys, tmp_path)["trained"] == 0
    assert (tmp_path / f"{NAME}.nc").read_bytes() == before
    more = read([*SMALL, "--alpha", "0.1", "--seeds", "3"])
    assert len(runs.kept(more, made("mnist"), tmp_path / "figure2")) == 8
    longer = read([*SMALL, "--iterations", "60"])
    assert not runs.kept(longer, made("mnist"), tmp_path / "figure2")


def train(out: Path, calls: int) -> None:
    """Train, and ask for a stop at this call."""
    asked = read([*SMALL, "--out", str(out)])
    left = iter(range(calls))
    runs.train_all(asked, made("mnist"), out, origin={}, tracker=NullTracker(),
                   stop=lambda: next(left, None) is None)  # fmt: skip


def bits(out: Path) -> dict[str, Any]:
    files = sorted(out.glob("*.json"))
    return {file.name: json.loads(file.read_text())["records"] for file in files}


def test_it_goes_on_to_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "PIECE", 7)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    train(whole, 10_000)
    for _ in range(3):
        train(parts, 9)
    (checkpoint,) = parts.glob("*.checkpoint")
    assert 0 < len(bits(parts)) < 8
    train(parts, 10_000)
    assert bits(parts) == bits(whole)
    assert not checkpoint.exists()


def test_what_is_damaged_is_trained_again(tmp_path: Path) -> None:
    train(tmp_path, 10_000)
    before = bits(tmp_path)
    asked = read(SMALL)
    first, second, *_ = [file_of(tmp_path, asked, cell, {}) for cell in cells(asked)]
    first.write_text('{"records": [[0, 1')
    second.unlink()
    second.with_suffix(".checkpoint").write_bytes(b"PK no checkpoint")
    train(tmp_path, 10_000)
    assert bits(tmp_path) == before


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_stopped_command_goes_on(
    number: int, status: int, tmp_path: Path, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    line = [*SMALL, "--iterations", "400", "--out", str(tmp_path)]
    process = start(
        [sys.executable, "-m", "experiments.figure2", *line], stderr=subprocess.PIPE, text=True
    )
    while not list((tmp_path / "figure2").glob("*.json")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == status
    assert status < 0 or "go on with" in told
    assert not (tmp_path / f"{NAME}.json").exists()
    assert main([*line, "--json"]) == 0
    assert 0 < json.loads(capsys.readouterr().out.splitlines()[-1])["trained"] < 8


BAD = {
    "": "the name of one panel must be given: logistic, net or cifarnet",
    "logistic net": "the name of one panel must be given",
    "logistics": "did you mean logistic?",
    "net --alpha 0": "--alpha must be a finite number above 0, several with commas, but 0 was",
    "net --alpha 0.1,x": "--alpha must be",
    "net --alpha all": "--alpha must be",
    "net --beta2 1": "--beta2 must be a number in [0, 1), several with commas, but 1 was given",
    "net --seeds 0": "--seeds must be a whole number from 1 to 1000, but 0 was given",
    "net --iterations 0.5": "--iterations must be a whole number",
    "net --iterations 1e12": "--iterations must be a whole number from 1 to 10000000, but 1e12",
    "net --every 0": "--every must be a whole number",
    "net --made --data here": "--made takes no data; give --data or --made",
    "net --momentum 1": "unknown option --momentum",
    "net --data nowhere": "--data nowhere lacks train-images-idx3-ubyte, ",
    "logistic": "--data data/mnist lacks train-images-idx3-ubyte, ",
    "cifarnet --data nowhere": "--data nowhere lacks data_batch_1, ",
    "net --data damaged": f"{TRAIN} is damaged: it has 100 bytes",
    "net --made --out taken": "--out taken cannot be made or written",
}


@pytest.mark.parametrize(("line", "sentence"), BAD.items())
def test_bad_input_writes_nothing(
    line: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "damaged", {**GOOD, TRAIN: GOOD[TRAIN][:100]})
    (tmp_path / "taken").write_text("")
    before = sorted(tmp_path.rglob("*"))
    assert main(line.split()) == 2
    told = capsys.readouterr()
    assert told.err.startswith("figure2: error: ")
    assert sentence in told.err
    assert told.out == ""
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("line", "original", "name"),
    [
        ("logistic", True, "figure2-logistic"),
        ("logistic --iterations 5000", True, "figure2-logistic"),
        ("logistic --iterations 100", True, "figure2-logistic-100"),
        ("net", False, "figure2-net-other-images"),
        ("net --iterations 100", False, "figure2-net-other-images-100"),
        ("net --iterations 100 --made", False, "figure2-net-made"),
        ("cifarnet", True, "figure2-cifarnet-1000"),
    ],
)
def test_a_trial_never_replaces_the_figure(line: str, original: bool, name: str) -> None:
    assert file_name(read(line.split()), original=original) == name


@pytest.mark.slow
def test_made_images_are_not_compared_with_the_paper(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SMALL, "--iterations", "1000", "--every", "500", "--out", str(tmp_path)]) == 0
    assert "paper" not in capsys.readouterr().out
    data = xarray.load_dataset(tmp_path / f"{NAME}.nc", engine="h5netcdf")
    assert data.iteration.values.tolist() == [0, 500, 1000]
    assert data.sizes["point"] == 0


def test_the_readings() -> None:
    points = {panel: readings(panel) for panel in ("logistic", "net", "cifarnet")}
    assert [len(found) for found in points.values()] == [8, 4, 4]
    assert points["logistic"][0] == ("adam", 1000, "train_loss", 0.314)
