"""The command: what it makes, what it remembers, and what it refuses."""

import importlib
import io
import json
import os
import re
from itertools import combinations
from pathlib import Path

import matplotlib
import pytest
import xarray
from matplotlib.backend_bases import RendererBase
from matplotlib.text import Text
from PIL import Image

from experiments.figures import FIGURES, runs, settings, style, theorem1
from experiments.figures.__main__ import main
from experiments.figures.layout import new_figure
from experiments.figures.words import plain
from tests.figures.test_runs import Wrong

RESULTS = Path(__file__).parents[2] / "results"
SMALL = {
    **theorem1.SETTINGS,
    "base": {**theorem1.SETTINGS["base"], "steps": 3000},
    "points": 20,
}
ENDINGS = ("png", "svg", "nc", "txt", "json")


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
    words = theorem1.caption(SMALL, story["findings"])
    assert (story["caption"], story["details"]) == (f"{words.drawn} {words.seen}", words.details)
    text = (tmp_path / "theorem1.txt").read_text()
    assert text.split() == plain(story["caption"]).split()
    assert (
        "else -x, on [-1, 1]; beta_1 = 0, beta_2 = 1/(1 + C^2), alpha_k = 0.5/sqrt(k)."
        in text.replace("\n", " ")
    )
    assert story["changed"] == {}
    assert story["provenance"]["computed"]["commit"] == story["provenance"]["commit"]
    assert {"commit", "dirty", "versions", "machine", "command"} <= set(story["provenance"])


@pytest.mark.usefixtures("small")
@pytest.mark.slow
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
    for ending in ENDINGS[:4]:
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
        (
            "fig1 --format png,gif",
            "--format must be a list of png, svg, pdf, with commas, but png,gif",
        ),
        ("fig1 --width 2", "--width must be a number in [3.2, 20], but 2 was given"),
        ("theorem1 --set lr", "--set needs NAME=VALUE, but lr was given"),
        ("theorem1 --set lrr=1", "theorem1 has no setting lrr; did you mean base.lr?"),
        ("theorem1 --set opt=adam", "theorem1 has no setting opt; it has base.beta1, base.x0,"),
        ("theorem1 --set C=3,steps=0", "--set base.steps must be a whole number from 1 to 2**63"),
        ("theorem1 --set C=3,x", "--set C must be a list like [2.5, 3.0, 4.0], but 3,x was given"),
        (
            "phase --set lr=1",
            "may mean inverse_sqrt.base.lr or constant.base.lr of phase; give one",
        ),
        ("all --set C=3", "fig1 has no setting C; it has base.beta1"),
        ("", "the name of a figure must be given: fig1, fig1tried,"),
        ("fig2", "the name of a figure must be fig1, fig1tried,"),
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
    words = module.caption(module.SETTINGS, findings)
    assert story["caption"] == f"{words.drawn} {words.seen}"
    assert len(plain(story["caption"]).split()) <= 80
    assert story["details"] == words.details
    assert plain(words.details) in " ".join((RESULTS / "README.md").read_text().split())
    assert not re.search(
        r"beta\d|alpha(?![_ ])|sqrt\(|x\*", re.sub(r"\$[^$]*\$", "", "".join(words))
    )
    assert re.search(r"\(.*20\d\d\)", module.__doc__.splitlines()[0])
    for ending in ENDINGS:
        assert (RESULTS / f"{name}.{ending}").stat().st_size < 1_000_000


@pytest.mark.usefixtures("small")
def test_changed_settings_give_a_figure_with_a_name_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path), "--format", "png"]
    assert main(["theorem1", *out]) == 0
    first = (tmp_path / "theorem1.json").read_bytes()
    assert main(["theorem1", *out, "--set", "steps=3000"]) == 0  # its own: this is the figure
    assert "drawn from the cache" in capsys.readouterr().out
    first = (tmp_path / "theorem1.json").read_bytes()
    assert main(["theorem1", *out, "--set", "C=2.5,3,lr=0.25", "--set", "base.steps=600"]) == 0
    assert (
        "theorem1 with base.lr = 0.25, base.steps = 600, C = [2.5, 3.0]: computed"
        in capsys.readouterr().out
    )
    name = "theorem1-base.lr-0.25-base.steps-600-C-2.5,3.0"
    assert {path.stem for path in tmp_path.glob("*.*")} == {"theorem1", name}
    assert (tmp_path / "theorem1.json").read_bytes() == first
    story = json.loads((tmp_path / f"{name}.json").read_text())
    changed = {"base.lr": 0.25, "base.steps": 600, "C": [2.5, 3.0]}
    assert story["changed"] == changed
    assert story["settings"] == {
        **SMALL, "C": [2.5, 3.0], "base": {**SMALL["base"], "lr": 0.25, "steps": 600},
    }  # fmt: skip
    assert r"$\alpha_k = 0.25/\sqrt{k}$" in story["caption"]
    assert story["caption"].endswith(
        "Changed settings: base.lr = 0.25, base.steps = 600, C = [2.5, 3.0]."
    )
    data = xarray.load_dataset(tmp_path / f"{name}.nc", engine="h5netcdf")
    assert (data.C.values.tolist(), int(data.step[-1])) == ([2.5, 3.0], 600)
    long = [settings.file_name("theorem1", {"C": [c / 7] * 40}) for c in (3, 4)]
    assert max(map(len, long)) < 80
    assert long[0] != long[1]


@pytest.mark.usefixtures("small")
def test_settings_that_do_not_go_together_get_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for change, reason in (
        ("first_steps=4000", "index 3000 is out"),
        ("C=[1]", "above 2, but 1.0"),
    ):
        assert main(["theorem1", "--out", str(tmp_path), "--set", change]) == 2
        err = capsys.readouterr().err
        assert err.startswith(f"figures: error: theorem1 cannot be made with {change[:1]}")
        assert reason in err
        assert err.count("\n") == 1
    assert list(tmp_path.rglob("theorem1*")) == []


@pytest.mark.usefixtures("small")
def test_a_picture_has_the_width_that_was_asked_for_and_no_time(tmp_path: Path) -> None:
    def pictures(folder: str, *options: str) -> dict[str, bytes]:
        out = tmp_path / folder
        assert main(["theorem1", "--out", str(out), *options]) == 0
        return {path.suffix: path.read_bytes() for path in out.glob("theorem1.*")}

    narrow = ["--width", "5.5", "--no-caption"]
    every = pictures("every", *narrow, "--format", "svg,pdf,png")
    alone = pictures("alone", *narrow, "--format", "pdf")
    assert set(every) == {".png", ".svg", ".pdf", ".nc", ".txt", ".json"}
    assert set(alone) == {".pdf", ".nc", ".txt", ".json"}
    assert every[".pdf"] == alone[".pdf"]
    assert b"CreationDate" not in every[".pdf"]
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", every[".pdf"])
    assert float(box[0]) == 5.5 * 72
    with Image.open(tmp_path / "every" / "theorem1.png") as picture:
        width, height = picture.size
    assert width == 1100
    with Image.open(io.BytesIO(pictures("with", "--width", "5.5")[".png"])) as picture:
        assert picture.size[0] == width
        assert picture.size[1] > height + 50  # the caption


@pytest.mark.parametrize("width", [3.4, pytest.param(5.5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", FIGURES)
def test_no_texts_touch(name: str, width: float, monkeypatch: pytest.MonkeyPatch) -> None:
    texts, draw = {}, Text.draw

    def recorded(text: Text, renderer: RendererBase) -> None:  # not of every tick there is
        draw(text, renderer)
        if text.get_visible() and text.get_text():
            texts[text] = text.get_window_extent(renderer)

    monkeypatch.setattr(Text, "draw", recorded)
    data = xarray.load_dataset(RESULTS / f"{name}.nc", engine="h5netcdf")
    with matplotlib.rc_context(rc=style.STYLE):
        figure = new_figure(width)
        importlib.import_module(f"experiments.figures.{name}").draw(data, figure)
        figure.draw_without_rendering()
    assert len(texts) > 10
    for (one, box), (other, beside) in combinations(texts.items(), 2):
        assert not box.padded(4, 0).overlaps(beside), (one, other)
    for one, box in texts.items():
        assert -1 <= box.x0 < box.x1 <= figure.bbox.width + 1, one


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
