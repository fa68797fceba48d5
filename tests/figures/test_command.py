"""The command: what it makes, what it remembers, and what it refuses."""

import importlib
import json
import os
from pathlib import Path

import pytest
import xarray
from matplotlib.figure import Figure
from PIL import Image

from experiments.figures import FIGURES, runs, theorem1
from experiments.figures.__main__ import main
from tests.figures.test_runs import Wrong

RESULTS = Path(__file__).parents[2] / "results"
SMALL = {
    **theorem1.SETTINGS,
    "base": {**theorem1.SETTINGS["base"], "steps": 3000},
    "points": 20,
}
ENDINGS = ("png", "svg", "nc", "json")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theorem1, "SETTINGS", SMALL)


def contents(folder: Path) -> dict[str, bytes]:
    return {ending: (folder / f"theorem1.{ending}").read_bytes() for ending in ENDINGS}


@pytest.mark.usefixtures("small")
def test_a_figure_has_its_data_and_its_provenance(tmp_path: Path) -> None:
    assert main(["theorem1", "--out", str(tmp_path)]) == 0
    with Image.open(tmp_path / "theorem1.png") as picture:
        assert picture.size[0] > 1000
    assert "<svg" in (tmp_path / "theorem1.svg").read_text()[:1000]
    data = xarray.load_dataset(tmp_path / "theorem1.nc", engine="h5netcdf")
    for name, entry in data.variables.items():
        assert name == "optimizer" or {"long_name", "units"} <= set(entry.attrs), name
    story = json.loads((tmp_path / "theorem1.json").read_text())
    assert story["settings"] == SMALL
    assert story["findings"] == theorem1.findings(data)
    assert story["caption"] == theorem1.caption(SMALL, story["findings"])
    assert story["provenance"]["computed"]["commit"] == story["provenance"]["commit"]
    assert {"commit", "dirty", "versions", "machine", "command"} <= set(story["provenance"])


@pytest.mark.usefixtures("small")
def test_what_was_computed_is_drawn_from_the_cache_to_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["theorem1", "--out", str(tmp_path)]
    assert main(arguments) == 0
    assert "theorem1: computed and drawn in" in capsys.readouterr().out
    first = contents(tmp_path)
    assert main(arguments) == 0
    assert "theorem1: drawn from the cache in" in capsys.readouterr().out
    second = contents(tmp_path)
    for ending in ENDINGS[:3]:
        assert first[ending] == second[ending], ending

    (cached,) = (tmp_path / "cache").glob("*.nc")
    cached.write_bytes(cached.read_bytes()[:1000])
    assert main(arguments) == 0
    assert "computed" in capsys.readouterr().out
    assert contents(tmp_path)["nc"] == first["nc"]

    other = {**SMALL, "base": {**SMALL["base"], "lr": 0.25}}
    monkeypatch.setattr(theorem1, "SETTINGS", other)
    assert main(arguments) == 0
    assert "computed" in capsys.readouterr().out
    assert contents(tmp_path)["nc"] != first["nc"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "the name of a figure must be given: fig1, semantics, theorem1,"),
        ("fig2", "the name of a figure must be fig1, semantics, theorem1, shi, adopt,"),
        ("fig2", "or all, but fig2 was given; did you mean fig1?"),
        ("fig1 --outt x", "unknown option --outt; did you mean --out?"),
        ("fig1 --folder x", "unknown option --folder; --help lists what there is"),
        ("fig1 --out", "--out needs a value"),
        ("theorem1 --out file", "--out file cannot be made or written (File exists)"),
        ("theorem1 --out=", "--out must be the name of a folder, but '' was given"),
    ],
)
def test_bad_input_gets_one_sentence(
    line: str,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine")
    assert main(line.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("figures: error: ")
    assert sentence in err
    assert err.count("\n") == 1
    assert os.listdir() == ["file"]


@pytest.mark.parametrize("name", FIGURES)
def test_a_committed_figure_is_of_the_present_settings(name: str) -> None:
    module = importlib.import_module(f"experiments.figures.{name}")
    story = json.loads((RESULTS / f"{name}.json").read_text())
    assert story["settings"] == json.loads(json.dumps(module.SETTINGS))
    data = xarray.load_dataset(RESULTS / f"{name}.nc", engine="h5netcdf")
    findings = module.findings(data)
    assert story["findings"] == json.loads(json.dumps(findings))
    assert story["caption"] == module.caption(module.SETTINGS, findings)
    for ending in ENDINGS:
        assert (RESULTS / f"{name}.{ending}").stat().st_size < 1_000_000
    figure = Figure(layout="constrained")
    module.draw(data, figure)
    figure.draw_without_rendering()


def test_an_error_names_the_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(settings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(theorem1, "compute", interrupted)
    assert main(["theorem1", "--out", str(tmp_path)]) == 130
    sentence = "figures: error: interrupted at theorem1; what was made before stays\n"
    assert capsys.readouterr().err == sentence
    assert list(tmp_path.rglob("theorem1*")) == []


@pytest.mark.usefixtures("small")
def test_an_engine_that_is_wrong_stops_the_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "Compiled", Wrong)
    assert main(["theorem1", "--out", str(tmp_path)]) == 1
    assert "figures: error: theorem1: after 200 steps x is " in capsys.readouterr().err
    assert list(tmp_path.rglob("theorem1*")) == []
