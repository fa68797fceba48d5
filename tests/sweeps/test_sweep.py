"""A sweep from its file to its merged data set, in this process."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pyarrow.parquet
import pytest
import xarray

from amsgrad.config.build import build_setup
from amsgrad.config.run_config import Config
from amsgrad.cycles.engine import Certified
from amsgrad.engines.compiled import Compiled
from amsgrad.regret import value
from amsgrad.schedules import record_steps
from experiments.sweep import main
from experiments.sweeps import chunk
from tests.marks import slow
from tests.sweeps.small import MERGED, ROOT, TEXT, merged, sweep, write


def test_each_cell_has_the_bits_of_a_run_by_itself(done: Path) -> None:
    data = xarray.load_dataset(done / "sweep.nc", engine="h5netcdf")
    assert dict(data.sizes) == {"schedule": 2, "lr": 4, "seed": 3, "step": 5}
    steps = 300
    for schedule in ("constant", "inverse_sqrt"):
        for lr in data.lr.values[[0, 3]]:
            base = {"opt": "amsgrad", "semantics": "paper", "problem": "stochastic"}
            config = Config(**base, steps=steps, lr=lr, schedule=schedule, seed=2)
            engine = Compiled(build_setup(config), config.make_rule())
            end, records = engine.advance(engine.init(), steps, record_steps(steps, 1))
            cell = data.sel(schedule=schedule, lr=lr, seed=2)
            assert cell.x == end.x
            assert cell.average_regret == value(end.regret) / steps
            distance = np.abs(records.x[150:] + 1)
            away = distance[distance > 0]  # x comes to -1 itself
            mean = np.log10(away).mean() if away.size else -np.inf
            assert float(cell.mean_log_distance) == pytest.approx(mean, rel=1e-12)
            assert cell.converged == (mean < -0.2)
            at = data.step.values - 1
            np.testing.assert_array_equal(cell.series_x, records.x[at])
            np.testing.assert_array_equal(cell.series_average_regret, records.average_regret[at])


def test_it_says_what_it_holds(done: Path) -> None:
    data = xarray.load_dataset(done / "sweep.nc", engine="h5netcdf")
    for name, entry in data.variables.items():
        assert "long_name" in entry.attrs, name
        assert name in ("schedule", "status") or "units" in entry.attrs, name
    assert (data.status == 0).all()
    assert (
        "mean of log10|x_t - x*| over those of the last 0.5 of the steps"
        in data.converged.attrs["criterion"]
    )
    assert json.loads(data.attrs["base"])["opt"] == "amsgrad"
    provenance = json.loads((done / "provenance.json").read_text())
    assert {"commit", "machine", "versions"} <= set(provenance["begun"])


def test_the_summary_has_a_row_a_cell(done: Path) -> None:
    data = xarray.load_dataset(done / "sweep.nc", engine="h5netcdf")
    with (done / "cells.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 24
    table = pyarrow.parquet.read_table(done / "cells.parquet").to_pydict()
    assert list(table) == list(rows[0])
    for i in (0, 7, 23):
        where = {"schedule": rows[i]["schedule"], "lr": float(rows[i]["lr"])}
        cell = data.sel(where, method=None).sel(seed=int(rows[i]["seed"]))
        assert float(rows[i]["x"]) == cell.x == table["x"][i]
        assert rows[i]["status"] == table["status"][i] == "finished"


@pytest.mark.parametrize("change", [slow("chunk: 24"), ""])
def test_the_bytes_do_not_depend_on_chunks_or_threads(
    change: str, done: Path, tmp_path: Path
) -> None:
    path = write(tmp_path, TEXT.replace("chunk: 4", change))
    assert sweep(path, tmp_path / "out", "--threads", "3") == 0
    assert merged(tmp_path / "out") == {name: (done / name).read_bytes() for name in MERGED}


def test_shards_make_one_sweep(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = write(tmp_path), tmp_path / "out"
    assert sweep(path, out, "--shard", "1/2") == 0
    assert main(["status", str(out), "--json"]) == 0
    status = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (status["chunks"], status["chunks_done"], status["missing"]) == (6, 3, 12)

    gaps = merged(out)
    data = xarray.load_dataset(out / "sweep.nc", engine="h5netcdf")
    assert int(np.isnan(data.x).sum()) == int((data.status == -1).sum()) == 12
    assert sweep(path, out, "--shard", "0/2") == 0
    whole = merged(out)
    assert gaps != whole == {name: (done / name).read_bytes() for name in MERGED}


def test_cells_of_two_machines(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = write(tmp_path), tmp_path / "out"
    assert sweep(path, out, "--shard", "1/3") == 0
    other = {**chunk.origin(), "processor": "Z80", "libc": "none"}
    monkeypatch.setattr(chunk, "origin", lambda torch: other)
    assert sweep(path, out) == 0
    capsys.readouterr()
    both = merged(out)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("24 cells in ")
    assert second.startswith("the cells were computed in 2 different ways: ")
    assert "16 by processor Z80, libc none" in second
    data = xarray.load_dataset(out / "sweep.nc", engine="h5netcdf")
    origins = [json.loads(each) for each in data.attrs.pop("origins")]
    assert {"cells": 16, **other} in origins
    assert sum(each["cells"] for each in origins) == 24
    assert json.loads((out / "provenance.json").read_text())["origins"] == origins

    alone = xarray.load_dataset(done / "sweep.nc", engine="h5netcdf")
    xarray.testing.assert_identical(data, alone)
    for name in ("cells.csv", "cells.parquet"):
        assert both[name] == (done / name).read_bytes()
    (of_one,) = json.loads((done / "provenance.json").read_text())["origins"]
    assert of_one["cells"] == 24
    assert {"processor", "python", "numba", "code"} <= set(of_one)


def test_what_is_there_is_not_computed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = write(tmp_path), tmp_path / "out"
    assert sweep(path, out) == 0
    before = {file: file.stat().st_mtime_ns for file in (out / "chunks").iterdir()}
    monkeypatch.setattr(chunk, "compute", None)
    capsys.readouterr()
    assert sweep(path, out, "--json") == 0
    (line,) = capsys.readouterr().out.splitlines()
    summary = json.loads(line)
    assert (summary["status"], summary["computed"], summary["skipped"]) == ("finished", 0, 6)
    assert before == {file: file.stat().st_mtime_ns for file in (out / "chunks").iterdir()}
    assert len(list((out / "labml").rglob("log.jsonl"))) == 1, "one labml run for the whole sweep"


def test_a_folder_of_another_sweep_is_refused_with_the_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = write(tmp_path), tmp_path / "out"
    assert sweep(path, out, "--shard", "0/6") == 0
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    capsys.readouterr()
    assert sweep(write(tmp_path, TEXT.replace("steps: 300", "steps: 301")), out) == 2
    error = capsys.readouterr().err
    assert "was made by another configuration: sweep.base.steps is 300 there, and 301 here" in error
    assert before == {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}


def test_cells_that_fail_or_diverge_do_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # adafom with sgd: x grows without bound where the step size is not small
    text = """
base: {opt: sgd, problem: adashift, first_t: 1, steps: 40}
axes: {lr: [0.001, 0.01, 1e38, 0.1]}
keep: [x]
"""
    path, out = write(tmp_path, text), tmp_path / "out"
    original: Any = chunk.build_setup

    def build(config: Config, *more: Any) -> Any:
        if config.lr == 0.01:
            raise RuntimeError("no rule today")
        return original(config, *more)

    monkeypatch.setattr(chunk, "build_setup", build)
    assert sweep(path, out, "--json") == 1
    printed = capsys.readouterr()
    assert "cell 1 (lr = 0.01) failed: RuntimeError: no rule today" in printed.err
    assert "cell 2 (lr = 1e+38) diverged: NaN or infinity was met" in printed.err
    summary = json.loads(printed.out)
    assert (summary["status"], summary["failed"]) == ("failed", 2)
    merged(out)
    data = xarray.load_dataset(out / "sweep.nc", engine="h5netcdf")
    assert data.status.values.tolist() == [0, 2, 1, 0]
    assert np.isnan(data.x.values).tolist() == [False, True, True, False]
    with (out / "cells.csv").open() as stream:
        assert list(csv.DictReader(stream))[1]["error"] == "RuntimeError: no rule today"

    monkeypatch.undo()  # what failed is tried again; what diverged diverges again
    assert sweep(path, out, "--json") == 1
    merged(out)
    data = xarray.load_dataset(out / "sweep.nc", engine="h5netcdf")
    assert data.status.values.tolist() == [0, 0, 1, 0]


def test_fail_fast_stops_at_the_first_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = """
base: {opt: sgd, problem: adashift, first_t: 1, steps: 40}
axes: {lr: [1e38, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}
chunk: 1
"""
    path, out = write(tmp_path, text), tmp_path / "out"
    assert sweep(path, out, "--threads", "1", "--fail-fast", "--json") == 1
    summary = json.loads(capsys.readouterr().out)
    assert summary["failed"] == 1
    assert summary["computed"] < 4


def test_a_batch_that_cannot_be_computed_is_taken_cell_by_cell(
    done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk, "Batch", None)
    assert sweep(write(tmp_path), tmp_path / "out") == 0
    assert merged(tmp_path / "out") == {name: (done / name).read_bytes() for name in MERGED}


def test_a_kernel_that_is_wrong_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(chunk.Batch):
        def advance(self, state: Any, *rest: Any) -> Any:
            end, records = super().advance(state, *rest)
            return end._replace(x=end.x + np.float32(1e-6)), records

    monkeypatch.setattr(chunk, "Batch", Wrong)
    assert sweep(write(tmp_path), tmp_path / "out") == 1
    assert "the reference engine" in capsys.readouterr().err


def test_certificates_give_the_limit_and_make_steps_free(tmp_path: Path) -> None:
    text = """
base: {opt: adam, first_t: 1, steps: 1e13}
axes: {lr: [0.01, 0.02], schedule: [constant, inverse_sqrt]}
keep: [x, average_regret, limit, {series: 3}]
"""
    path = write(tmp_path, text.replace(", inverse_sqrt", ""))
    assert sweep(path, tmp_path / "out") == 0
    merged(tmp_path / "out")
    data = xarray.load_dataset(tmp_path / "out" / "sweep.nc", engine="h5netcdf")
    for lr in (0.01, 0.02):
        config = Config(opt="adam", first_t=1, steps=10**13, lr=lr)
        engine = Certified(build_setup(config), config.make_rule(), config.steps)
        assert engine.certificate is not None
        cell = data.sel(lr=lr, schedule="constant")
        assert cell.limit == engine.certificate.limit
        assert float(cell.average_regret) == pytest.approx(float(cell.limit), rel=1e-9)
        end, _ = engine.advance(engine.init(), config.steps, np.empty(0, np.int64))
        assert cell.x == end.x


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep(write(tmp_path), tmp_path / "out", "--dry-run") == 0
    printed = capsys.readouterr().out
    assert "24 cells: 2 schedule x 4 lr x 3 seed" in printed
    assert "6 chunks of at most 4 cells" in printed
    assert "7.2e+03 cells x steps" in printed
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
@pytest.mark.parametrize(
    ("text", "number"),
    [
        # the cells of a chunk differ in x0 alone: a kernel of one step size for all
        ("{steps: 50}\naxes: {x0: [0, 0.5]}", 1),
        # a run of a cell by itself, and the search for its cycle
        ("{steps: 2e7}\naxes: {lr: [0.1, 0.2]}", 2),
    ],
)
def test_a_dry_run_counts_the_kernels_that_the_sweep_compiles(
    text: str, number: int, tmp_path: Path
) -> None:
    text = f"base: {text}\n".replace("{steps", "{opt: sgd, first_t: 1, steps")
    path, cache = write(tmp_path, text), tmp_path / "cache"

    def run(*options: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "experiments.sweep", "--config", path, *options],
            cwd=ROOT, env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    assert f"kernels to compile on this machine: {number}, in about" in run("--dry-run")
    assert not list(cache.rglob("*.nbc"))
    run("--out", str(tmp_path / "out"))
    loops = [file.name for file in cache.rglob("*.nbc") if "lead_in" not in file.name]
    assert len(loops) == number
    assert "all kernels are compiled on this machine" in run("--dry-run")


def test_the_example_can_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    path = ROOT / "configs" / "sweeps" / "example.yaml"
    assert main(["--config", str(path), "--dry-run"]) == 0
    assert "cells: 2 opt x 2 schedule" in capsys.readouterr().out
