"""The command that compares runs: its table, its picture, and what it refuses."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from amsgrad.panels import Curve
from experiments.compare import main
from experiments.run import comparison, loop
from experiments.run.files import FolderError, find_run
from experiments.synthetic import main as synthetic

SHORT = ["--steps=2000", "--verify=0", "--certify=no"]
RUNS = {
    "adam": ["--opt=adam"],
    "amsgrad": ["--opt=amsgrad"],
    "large": ["--opt=adam", "--beta2=0.999"],
    "again": ["--opt=adam"],
    "random": ["--opt=adam", "--problem=stochastic", "--seed=3"],
    "free": ["--opt=adam", "--problem=zhang"],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of short runs, by name; "free" was the last."""
    out = tmp_path_factory.mktemp("comparison") / "runs"
    folders = {}
    for name, argv in RUNS.items():
        assert synthetic([*argv, *SHORT, "--out", str(out)]) == 0
        folders[name] = (out / "latest").resolve()
    return folders


def compared(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, *runs: str | Path
) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of the comparison, and the lines of its table."""
    picture = tmp_path / "picture.png"
    assert main([*map(str, runs), "--picture", str(picture), "--json"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert found["picture"] == str(picture)
    with Image.open(picture) as image:
        assert image.size[0] == 1500
    return found["runs"], printed.err.splitlines()[:-1]


def refused(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> str:
    """The one sentence with which a comparison is refused."""
    assert main(list(map(str, argv))) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("compare: error: ")
    assert printed.err.count("\n") == 1
    return printed.err


def labels(made: dict[str, Path], *names: str) -> list[str]:
    files = (comparison.RunFiles(made[name]) for name in names)
    return comparison.labels(list(map(comparison.read_run, files)))


def test_the_table_has_the_numbers_of_the_runs(
    made: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, lines = compared(capsys, tmp_path, made["adam"], made["amsgrad"], made["large"])
    for row, name in zip(rows, ("adam", "amsgrad", "large"), strict=True):
        summary = json.loads((made[name] / "summary.json").read_text())
        for column in ("steps", "x", "average_regret"):
            assert row[column] == summary[column]
        assert row["verdict"] == summary["verdict"]["place"]
        assert row["run"] == made[name].name
    assert [row["rule"] for row in rows] == ["Adam", "AMSGrad", "Adam"]
    assert [row["beta2"] for row in rows] == [0.99, 0.99, 0.999]
    assert [name for name in rows[0] if name in ("lr", "opt", "eps")] == []  # all have them alike
    head, *body = lines
    assert head.split()[:4] == ["run", "rule", "beta2", "steps"]
    assert [line.index(name) for line, name in zip(body, ("Adam", "AMSGrad", "Adam"), strict=True)]
    assert len({line.index("2,000") for line in body}) == 1


def test_names_say_what_differs_and_no_more(made: dict[str, Path]) -> None:
    assert labels(made, "adam") == ["Adam"]
    assert labels(made, "adam", "amsgrad") == ["Adam", "AMSGrad"]
    assert labels(made, "adam", "large", "amsgrad") == [
        "Adam, beta2 = 0.99", "Adam, beta2 = 0.999", "AMSGrad, beta2 = 0.99",
    ]  # fmt: skip
    alike = labels(made, "adam", "again")
    assert alike == [f"Adam ({made[name].name})" for name in ("adam", "again")]
    assert labels(made, "adam", "random") == [
        "Adam, problem = online, first_t = 0, seed = 0",
        "Adam, problem = stochastic, first_t = 1, seed = 3",
    ]


def test_the_picture_has_the_records_of_each_run(
    made: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Curve] = []
    draw = comparison.draw

    def watched(curves: list[Curve], **rest: Any) -> Any:
        drawn.extend(curves)
        assert (rest["lower"], rest["upper"], rest["x_star"]) == (-1, 1, -1)
        return draw(curves, **rest)

    monkeypatch.setattr(comparison, "draw", watched)
    runs = [comparison.read_run(comparison.RunFiles(made[n])) for n in ("adam", "random")]
    files = {comparison.picture(runs, "pdf") for _ in range(2)}
    assert len(files) == 1
    for curve, run in zip(drawn, runs, strict=False):
        assert curve.step[0] == 1
        assert curve.x.tolist() == run.trace.x.values.tolist()
        assert curve.average_regret[-1] == run.summary["average_regret"]


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_ids_latest_and_the_default_name(
    made: dict[str, Path], form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = made["adam"].parent
    argv = ["adam", "amsgrad"]
    ids = [made[name].name for name in argv]
    before = set(out.iterdir())
    for _ in range(2):  # the same file
        assert main([*ids, "--out", str(out), "--format", form]) == 0
    (file,) = set(out.iterdir()) - before
    assert file.name.startswith("compare-adam-amsgrad-")
    assert f"picture: {file}" in capsys.readouterr().out
    file.unlink()
    assert main(["latest", made["free"].name, "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["run"] for row in found["runs"]] == [made["free"].name]  # once
    Path(found["picture"]).unlink()
    assert set(out.iterdir()) == before


def test_the_first_words_of_an_id_mean_the_latest_of_that_name(made: dict[str, Path]) -> None:
    out = made["adam"].parent
    latest = {"amsgrad": "amsgrad", "adam-online": "again", "adam-stochastic": "random"}
    for words, name in latest.items():
        assert find_run(words, out).id == made[name].name
    assert find_run("adam", out).id == made["free"].name
    with pytest.raises(FolderError):
        find_run("ada", out)


def test_what_cannot_be_compared_is_refused(
    made: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "the runs must be given" in refused(capsys)
    assert "nowhere is not the id of a run" in refused(capsys, "nowhere", "--out", tmp_path)
    said = refused(capsys, made["adam"], made["free"])
    assert "F is [-1, 1] and x* = -1, with --problem zhang F is the whole line and x* = -2" in said
    assert "must end in .png" in refused(capsys, made["adam"], "--picture", tmp_path / "a.gif")
    said = refused(capsys, made["adam"], "--picture", tmp_path / "none" / "a.png")
    assert "cannot be written (No such file" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("file", "damage", "sentence"),
    [
        ("summary.json", "{}", "is not what the run has written"),
        ("trace.nc", "x", "is not what the run has written"),
        ("config.yaml", "opt: adam\n", "is not what the run has written"),
        ("provenance.json", "[]", "is not the provenance of a run"),
        ("trace.nc", None, "cannot be read (No such file"),
        ("summary.json", None, "is under way or was interrupted; end it with"),
        ("config.yaml", None, "is not the id of a run"),
    ],
)
def test_a_damaged_run_is_refused(
    made: dict[str, Path],
    file: str,
    damage: str | None,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = shutil.copytree(made["adam"], tmp_path / made["adam"].name)
    if damage is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(damage)
    assert sentence in refused(capsys, made["amsgrad"], folder)


def test_an_interrupted_run_is_refused_with_the_command_that_ends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        track = loop.track

        def stopping(*arguments: Any) -> None:
            track(*arguments)
            signal.raise_signal(signal.SIGINT)

        patched.setattr(loop, "track", stopping)
        assert (
            synthetic(["--opt=adam", "--steps=9000", "--verify=0", "--out", str(tmp_path)]) == 130
        )
    capsys.readouterr()
    said = refused(capsys, "latest", "--out", tmp_path)
    words = said.partition(" -m experiments.synthetic ")[2].split()
    assert synthetic(words) == 0
    assert main(["latest", "--out", str(tmp_path)]) == 0
