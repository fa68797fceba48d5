"""The command: what a small card says, what it writes, what it keeps, and what it refuses."""

import csv
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import xarray
from PIL import Image

from amsgrad.theory.drift import drift
from experiments.card import main
from experiments.cards import compute
from experiments.cards.columns import COLUMNS
from experiments.cards.plan import plan_cell
from experiments.config.arguments import parse
from tests.conftest import ROOT, Start

pytestmark = pytest.mark.slow

SMALL = ["--opt", "adam", "--problem", "online", "--problem", "zhang", "--steps", "20000"]
ENDINGS = ("png", "svg", "nc", "csv", "json")
NAME = ["--name", "small"]


def card(capsys: pytest.CaptureFixture[str], out: Path, *more: str) -> Any:
    """Make the small card, and return the object that --json prints."""
    assert main([*SMALL, *NAME, "--out", str(out), "--json", *more]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_small_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = card(capsys, tmp_path)
    online = {opt: row["online"] for opt, row in found["card"].items()}
    said = {opt: (cell["verdict"], cell["by"]) for opt, cell in online.items()}
    assert said == {
        "adam": ("wrong", "D and runs"),
        "sgd": ("right", "D"),
        "amsgrad": ("right", "D and runs"),
    }
    expected = drift([1010] + 100 * [-10], 0.9, 0.99).total
    assert online["adam"]["D"] == pytest.approx(expected, rel=1e-8)  # but for eps
    assert online["adam"]["horizon"] == pytest.approx(-(101**2) / expected, rel=1e-8)
    assert online["sgd"]["D"] == 10
    assert found["counts"] == {"right": 3, "wrong": 1, "still moving": 2, "undecided": 0}
    assert found["card"]["adam"]["zhang"]["D"] is None
    assert found["files"] == [str(tmp_path / f"small.{ending}") for ending in ENDINGS]
    assert found["computed"] == 6

    with Image.open(tmp_path / "small.png") as picture:
        assert picture.size[0] == 9 * 200
    data = xarray.load_dataset(tmp_path / "small.nc", engine="h5netcdf")
    assert data.sizes == {
        "optimizer": 3, "problem": 2, "lr": 3, "seed": 1, "quantile": 3, "point": data.point.size,
    }  # fmt: skip
    for name, entry in data.variables.items():
        text = entry.dtype.kind in "OUT" or name == "point"
        assert text or {"long_name", "units"} <= set(entry.attrs), name
    words = data.verdict.attrs["flag_meanings"].split()
    own = data.sel(optimizer="adam", problem="online")
    assert words[int(own.verdict)] == "wrong"
    assert float(own.x_last.sel(lr=1.0).item()) > 0.9
    rows = list(csv.DictReader(io.StringIO((tmp_path / "small.csv").read_text())))
    assert [(row["optimizer"], row["problem"]) for row in rows] == [
        (opt, problem) for opt in ("adam", "sgd", "amsgrad") for problem in ("online", "zhang")
    ]
    assert rows[0]["verdict"] == "wrong"
    assert float(rows[0]["D"]) == online["adam"]["D"]
    assert float(rows[0]["price"]) == pytest.approx(10 / 101 / 1010)
    assert 0.9 < float(rows[0]["x_lowest"]) <= float(rows[0]["x_highest"]) <= 1
    assert float(rows[0]["average_regret"]) > 0.19


def test_the_story_has_all_settings_and_a_command_that_runs_each_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card(capsys, tmp_path)
    story = json.loads((tmp_path / "small.json").read_text())
    assert story["problems"]["online"]["source"] == COLUMNS["online"].source
    assert {"commit", "versions", "machine", "command"} <= set(story["provenance"])
    assert len(story["cells"]) == 6
    for cell in story["cells"]:
        _, _, module, *words = shlex.split(cell["command"])
        config = parse(words).config
        assert module == "experiments.synthetic"
        assert config is not None
        planned = plan_cell(cell["optimizer"], COLUMNS[cell["problem"]], 20000, 8).config
        assert config.settings() == planned.settings()
    adam = story["cells"][0]
    assert (adam["settings"]["beta2"], adam["settings"]["semantics"]) == (0.99, "torch")
    assert adam["settings"]["lr"] == [0.1, 0.5, 2.5]
    assert "sends x to +1" in adam["reason"]
    assert len(adam["reasons"]) == 3
    amsgrad = story["cells"][5]
    assert (amsgrad["problem"], amsgrad["settings"]["beta2"]) == ("zhang", 0.999)


def test_what_was_computed_is_not_computed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    card(capsys, tmp_path)
    first = {ending: (tmp_path / f"small.{ending}").read_bytes() for ending in ENDINGS}
    assert card(capsys, tmp_path)["computed"] == 0
    for ending in ENDINGS[:4]:
        assert (tmp_path / f"small.{ending}").read_bytes() == first[ending], ending

    damaged = next((tmp_path / "cache").glob("card-adam-online-*.npz"))
    damaged.write_bytes(damaged.read_bytes()[:500])
    assert card(capsys, tmp_path)["computed"] == 1
    assert (tmp_path / "small.csv").read_bytes() == first["csv"]

    assert card(capsys, tmp_path, "--steps", "10000")["computed"] == 6
    assert card(capsys, tmp_path, "--seeds", "3")["computed"] == 0  # nothing here is random
    monkeypatch.setattr("experiments.cards.plan._code", lambda: "other sources")
    assert card(capsys, tmp_path)["computed"] == 6


def test_an_interrupted_card_goes_on(tmp_path: Path, start: Start) -> None:
    line = [sys.executable, "-m", "experiments.card", *SMALL, *NAME, "--out", str(tmp_path)]
    line[line.index("20000")] = "5e7"  # a minute
    line[line.index("zhang")] = "mirrored"
    process = start(line, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("cache/*.npz")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert process.stderr is not None
    assert "cells are kept: go on with" in process.stderr.read()
    assert not list(tmp_path.glob("small.*"))
    assert list(tmp_path.glob("cache/*.npz"))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "--opt must be given: adam, amsgrad, sgd,"),
        ("--opt adm", "several with commas, or all, but adm was given; did you mean adam?"),
        ("--opt adam,adm", "but adam,adm was given; did you mean adam?"),
        ("--opt torch.optim:Adm", "torch.optim:Adm cannot be imported"),
        ("--opt os.path:join", "os.path:join is neither a torch.optim.Optimizer nor"),
        ("--opt adam --problem onlin", "--problem must be online, theorem2,"),
        ("--opt adam --problem onlin", "but onlin was given; did you mean online?"),
        ("--opt adam --steps 0", "--steps must be a whole number from 1 to 2**63 - 1"),
        ("--opt adam --seeds 0", "--seeds must be a whole number from 1 to 256, but 0 was given"),
        ("--opt adam --width 2", "--width must be a number in [3.2, 20], but 2 was given"),
        ("--opt adam --format gif", "--format must be a list of png, svg, pdf, with commas"),
        ("--opt adam --name a/b", "--name must be the name of a file without folders, but a/b"),
        ("--opt adam --out file", "--out file cannot be made or written (Not a directory)"),
        ("--opt adam --optt x", "unknown option --optt; did you mean --opt?"),
        ("adam", "adam belongs to no option; see --help"),
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
    assert err.startswith("card: error: ")
    assert sentence in err
    assert err.count("\n") == 1
    assert os.listdir() == ["file"]


OTHERS = "tests.optimizers_of_others"


def test_classes_of_torch_optimizers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--opt", f"torch.optim:AdamW,{OTHERS}:Normed", "--problem", "online"]
    line += ["--steps", "2000", "--seeds", "2", "--out", str(tmp_path), *NAME, "--json"]
    assert main(line) == 0
    out, err = capsys.readouterr()
    found = json.loads(out.splitlines()[-1])["card"]
    assert "torch.optim:AdamW: weight_decay, which draws x to 0, is 0 here and not 0.01" in err
    own = found["torch.optim:AdamW"]
    assert own["online"]["verdict"] == "wrong"
    assert own["online"]["D"] == pytest.approx(drift([1010] + 100 * [-10], 0.9, 0.99).total, 1e-6)
    story = json.loads((tmp_path / "small.json").read_text())
    cells = {(cell["optimizer"], cell["problem"]): cell for cell in story["cells"]}
    adam = cells["torch.optim:AdamW", "online"]
    assert adam["settings"]["beta2"] == 0.99
    assert adam["lanes"].startswith("lanes of one tensor, which are the runs alone to the bit")
    normed = cells[f"{OTHERS}:Normed", "online"]
    assert "since it mixes elements" in normed["lanes"]
    assert story["optimizers"]["torch.optim:AdamW"]["packages"].keys() == {"torch"}


def test_a_class_that_was_edited_is_computed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text((ROOT / "tests" / "optimizers_of_others.py").read_text())
    line = [sys.executable, "-m", "experiments.card", "--opt", "mine:Plain", "--json", *NAME]
    line += ["--problem", "online", "--steps", "300", "--out", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}

    def computed() -> int:
        done = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)
        return int(json.loads(done.stdout.splitlines()[-1])["computed"])

    assert computed() == 3
    (tmp_path / "mine.py").write_text((tmp_path / "mine.py").read_text() + "\n# another line\n")
    assert computed() == 1


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Deaf", "cannot be run in lanes: it ignores lr"),
        ("Stubborn", "needs an optimizer that follows lr from step to step"),
        ("Boom", "Boom cannot be stepped or saved: boom"),
        ("NeedsMore", "needs --horizon"),
    ],
)
def test_classes_that_cannot_be_run(
    name: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["--opt", f"{OTHERS}:{name}", "--problem", "online", "--steps", "300"]
    assert main([*line, "--out", str(tmp_path / "new")]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_an_engine_that_is_wrong_stops_the_card(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from amsgrad.verification import Disagreement

    def wrong(*_: object) -> None:
        raise Disagreement("after 200 steps x is 1, not 0 as in the reference engine")

    monkeypatch.setattr(compute, "compute_rule", wrong)
    assert main([*SMALL, "--out", str(tmp_path)]) == 1
    assert "card: error: after 200 steps x is 1" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.*"))


def test_the_columns_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    out = capsys.readouterr().out
    for column in COLUMNS.values():
        assert f"{column.name} " in out
        assert column.source in out
