"""Limit, kappa and arrival of cells at a decaying step, without a run."""

from pathlib import Path

import numpy as np
import pytest

from amsgrad.config.build import build_setup
from amsgrad.config.run_config import Config
from amsgrad.laws.settle import settle
from experiments.sweep import main
from experiments.sweeps import chunk
from experiments.sweeps.in_memory import compute_sweep
from experiments.sweeps.plan import make_plan
from experiments.sweeps.sweep_file import read_sweep
from tests.sweeps.small import fails, merged, sweep, write

BASE = {"semantics": "paper", "eps": 0.0, "schedule": "inverse_sqrt", "dtype": "float64"}
TEXT = """
base: {semantics: paper, eps: 0, steps: 1e15}
axes:
  opt: [adam, amsgrad, adashift, adabound, yogi]
  schedule: [constant, inverse_sqrt, shifted_inverse_sqrt]
  schedule_rate: [0.1, 0.5]
  lr: [0.1, 0.5, 0.7]
  beta1: [0, 0.5, 0.9]
  beta2: [0.9, 0.99]
keep: [kappa, arrival]
"""


def no_step(*given: object, **more: object) -> None:
    raise AssertionError("a step was taken")


def test_no_step_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for engine in ("Batch", "Compiled", "Certified", "Reference"):
        monkeypatch.setattr(chunk, engine, no_step)
    assert sweep(write(tmp_path, TEXT), tmp_path / "out") == 0
    whole = merged(tmp_path / "out")
    plan = make_plan(read_sweep(write(tmp_path, TEXT)))
    assert {how for _, how in plan.chunks} == {"terms"}
    assert plan.cost == 0
    # the bytes do not depend on the chunks, which may hold a single cell of a kind
    assert sweep(write(tmp_path, TEXT + "chunk: 31\n"), tmp_path / "parts") == 0
    assert merged(tmp_path / "parts")["cells.parquet"] == whole["cells.parquet"]
    assert merged(tmp_path / "parts")["cells.csv"] == whole["cells.csv"]


def test_cells_without_a_law_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, line = write(tmp_path, TEXT), "72 of 540 cells have no law: the steps of its rule have"
    assert sweep(file, tmp_path / "out") == 0
    assert line in capsys.readouterr().out
    assert main(["--config", str(file), "--dry-run"]) == 0
    assert line in capsys.readouterr().out


def test_a_map_agrees_with_laws_cell_by_cell() -> None:
    axes = {"opt": ["adam", "amsgrad"], "lr": [1.0, 2.0], "beta1": [0.0, 0.9], "beta2": [0.9, 0.99]}
    data = compute_sweep({"base": BASE, "axes": axes, "keep": ["limit", "kappa", "arrival"]})
    assert int(np.isnan(data.kappa).sum()) == 0
    for place in np.ndindex(*data.kappa.shape):
        own = {name: values[i] for (name, values), i in zip(axes.items(), place, strict=True)}
        config = Config(**{**BASE, **own})
        law = settle(build_setup(config), config.make_rule(), 10**8)
        assert float(data.limit[place]) == pytest.approx(float(law.limit), abs=1e-15)
        assert float(data.kappa[place]) == pytest.approx(law.kappa, rel=1e-11)


def test_beside_what_needs_a_run() -> None:
    axes = {"opt": ["adam", "yogi"], "schedule": ["constant", "inverse_sqrt"]}
    base = {**BASE, "steps": 5000, "lr": 0.5}
    base.pop("schedule")
    data = compute_sweep({"base": base, "axes": axes, "keep": ["x", "limit", "kappa", "arrival"]})
    assert np.isfinite(data.x).all()
    assert np.isfinite(data.limit).values.tolist() == [[True, True], [False, False]]
    assert float(data.limit[0, 0]) > 1  # the cycle's, and not that of the law: 20 / 101
    assert float(data.limit[0, 1]) == pytest.approx(20 / 101)
    assert np.isfinite(data.kappa).values.tolist() == [[False, True], [False, False]]


@pytest.mark.parametrize(
    ("base", "keep", "reason"),
    [
        ("opt: adam", "kappa", "kappa needs a law, but its step size does not decay"),
        ("opt: yogi, schedule: inverse_sqrt", "arrival", "arrival needs a law, but the steps of"),
        (
            "opt: adam, schedule: inverse_sqrt, problem: stochastic",
            "limit",
            "limit needs a certificate or a law, but its losses are random",
        ),
        ("opt: adam, certify: no", "limit", "a certificate or a law, but certify is no"),
    ],
)
def test_what_has_no_law_is_refused(
    base: str, keep: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"base: {{{base}}}\naxes: {{lr: [0.1, 0.2]}}\nkeep: [{keep}]\n"
    line = fails(capsys, "--config", str(write(tmp_path, text)), "--out", str(tmp_path / "out"))
    assert reason in line
    assert not (tmp_path / "out").exists()
