"""Where a package of an extra lacks, a sentence says how to install it."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from experiments import extras
from experiments.dashboard.__main__ import main as dashboard
from experiments.invocation import python
from experiments.sweep import main as sweep
from tests.conftest import ROOT

SWEEP = "base: {opt: adam, steps: 100}\naxes: {lr: [0.1, 0.2]}\nkeep: [x]\n"


def test_the_extras_are_those_of_the_project() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = declared["optional-dependencies"]
    for extra, modules in extras.EXTRAS.items():
        names = {re.split("[=>]", line)[0].replace("-", "_") for line in optional[extra]}
        assert names == set(modules)


@pytest.mark.parametrize(
    ("module", "line", "sentence"),
    [
        ("uvicorn", [], "the dashboard needs uvicorn; install it with: {} '.[dashboard]'"),
        ("labml_app", ["import", "x"], "the dashboard needs labml-app; install it with: {} "),
    ],
)
def test_no_dashboard(
    module: str,
    line: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    assert dashboard(line) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        "dashboard: error: " + sentence.format(f"{python()} -m pip install --editable")
    )
    assert said.count("\n") == 1


def test_no_dask_and_no_pyarrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(extras, "ROOT", tmp_path)  # not a checkout
    for module in ("dask", "pyarrow"):
        monkeypatch.setitem(sys.modules, module, None)
    pip = f"install it with: {python()} -m pip install"
    Path("sweep.yaml").write_text(SWEEP)
    assert sweep(["--config", "sweep.yaml", "--out", "out", "--workers", "2"]) == 2
    said = capsys.readouterr().err
    cluster = "sweep: error: a cluster (--scheduler, --workers) needs dask"
    assert said == f"{cluster}; {pip} 'amsgrad[cluster]'\n"
    assert not Path("out").exists()
    assert sweep(["--config", "sweep.yaml", "--out", "out"]) == 0
    capsys.readouterr()
    assert sweep(["merge", "out"]) == 0
    assert (
        f"sweep: cells.parquet needs pyarrow; {pip} 'amsgrad[parquet]'\n" in capsys.readouterr().err
    )
    assert Path("out/cells.csv").exists()
    assert not Path("out/cells.parquet").exists()
