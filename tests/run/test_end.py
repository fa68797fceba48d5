"""The end of a run: its last lines, what to run next, and the link to the latest run."""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from amsgrad.config.run_config import Config
from amsgrad.schedules import record_steps
from experiments.compare import main as compare
from experiments.files.latest import become_latest
from experiments.run import trace
from experiments.run.folder import RunFolder
from experiments.run.next_steps import next_steps
from experiments.synthetic import main
from tests.run.test_folder import NOW
from tests.tracking.conftest import read_log

ROOT = Path(__file__).parents[2]


def lines(capsys: pytest.CaptureFixture[str], out: Path, *argv: str) -> dict[str, str]:
    """The lines of a run that begin with a name and a colon."""
    assert main([*argv, "--verify", "0", "--out", str(out)]) == 0
    printed = capsys.readouterr().out.splitlines()
    return dict(line.split(": ", 1) for line in printed if ": " in line)


def next_argv(command: str, module: str) -> list[str]:
    """The arguments of a command that a run names, for this module."""
    _, _, rest = command.partition(f" -m experiments.{module} ")
    assert rest, command
    return shlex.split(rest)


def test_adam_then_amsgrad_then_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "my runs"
    adam = lines(capsys, out, "--opt=adam", "--lr=0.02", "--steps=2e6", "--semantics=torch")
    assert adam["verdict"].startswith("at the worst end; for ever x ")
    assert Path(adam["picture"]) == Path(adam["run"]) / "picture.png"
    assert Path(adam["picture"]).read_bytes().startswith(b"\x89PNG")
    assert "next, with a decaying step" not in adam  # it does not mend Adam

    argv = next_argv(adam["next, AMSGrad with the same settings"], "synthetic")
    amsgrad = lines(capsys, out, *argv)
    mine, its = (json.loads((Path(r["run"]) / "summary.json").read_text()) for r in (adam, amsgrad))
    assert (its["opt"], its["semantics"], its["steps"]) == ("amsgrad", "torch", mine["steps"])
    assert its["verdict"]["place"] == "at the optimum"
    assert its["verdict"]["levels_off"] == its["cycle"]["limit_average_regret"]
    assert "levels off at" in amsgrad["verdict"]

    argv = next_argv(amsgrad["next, both in one table and one picture"], "compare")
    assert argv[:2] == [Path(adam["run"]).name, Path(amsgrad["run"]).name]
    assert compare(argv) == 0
    assert "at the worst end" in capsys.readouterr().out

    decaying = lines(capsys, out, *next_argv(amsgrad["next, with a decaying step"], "synthetic"))
    summary = json.loads((Path(decaying["run"]) / "summary.json").read_text())
    assert summary["verdict"]["place"] == "at the optimum"
    assert summary["average_regret"] < its["average_regret"] / 2
    assert summary["verdict"]["levels_off"] is None


def test_what_still_moves_is_run_for_longer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--opt=sgd", "--problem=theorem2", "--period=20", "--lr=1e-6", "--steps=3e4"]
    short = lines(capsys, tmp_path, *given)
    assert short["verdict"].startswith("still moving; x still falls")
    argv = next_argv(short["next, ten times as long"], "synthetic")
    ends = ["--problem", "theorem2", "--period", "20", "--steps", "300000"]
    assert [word for word in argv if word in ends] == ends


@pytest.mark.parametrize(
    ("settings", "place", "start", "expected"),
    [
        ({"opt": "adam"}, "at the worst end", 5000, ["--opt amsgrad"]),
        ({"opt": "adam"}, "in between", 0, ["--opt adam --schedule inverse_sqrt", "--opt amsgrad"]),
        (
            {"opt": "amsgrad", "lr": 0.001, "dtype": "float64"},
            "at the optimum",
            250_000,
            [
                "--opt amsgrad --lr 0.5 --schedule inverse_sqrt --dtype float64",
                "--opt adam --lr 0.001 --dtype float64",
            ],
        ),
        (
            {"opt": "padam", "power": 0.25, "steps": 500, "every": 7, "engine": "reference"},
            "undecided",
            None,
            [
                "--opt padam --power 0.25 --steps 5000 --engine reference",
                "--opt amsgrad --beta2 0.999 --eps 1e-08 --steps 500 --engine reference",
            ],
        ),
        (
            {"opt": "amsgrad", "steps": 1e15},
            "at the optimum",
            160_000,
            [
                "--opt amsgrad --lr 4 --schedule inverse_sqrt --steps 100000000",
                "--opt adam --steps 1000000000000000",
            ],
        ),
        ({"opt": "sgd", "steps": 2e8}, "still moving", None, ["--opt amsgrad --steps 200000000"]),
        (
            {"opt": "adam", "problem": "sequence", "slopes": list(range(999)), "steps": 1e6},
            "still moving",
            None,
            [
                "--config nowhere/config.yaml --opt adam --steps 10000000",
                "--config nowhere/config.yaml --opt amsgrad",
            ],
        ),
    ],
)
def test_the_next_commands_have_the_settings_that_matter(
    settings: dict[str, Any], place: str, start: int | None, expected: list[str], tmp_path: Path
) -> None:
    cycle = None if start is None else {"start": start}
    verdict = {"place": place, "levels_off": None if start is None else 0.3}
    summary = {"verdict": verdict, "cycle": cycle, "law": None, "run": "nowhere"}
    found = next_steps(Config(**settings), summary, tmp_path)
    commands = [command.partition(" -m experiments.synthetic ")[2] for _, command in found]
    assert commands == [f"{words} --out {tmp_path}" for words in expected]


def test_latest_leads_to_the_run_begun_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for opt in ("adam", "amsgrad"):
        run = lines(capsys, tmp_path, f"--opt={opt}", "--steps=2000", "--certify=no")["run"]
        assert (tmp_path / "latest").resolve() == Path(run).resolve()
    assert len(list(tmp_path.iterdir())) == 3  # two runs, one link, and nothing half made
    assert main(["--resume", "latest", "--out", str(tmp_path)]) == 2
    assert f"The run {Path(run).name} is finished" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_not_ours_keeps_the_name_latest(tmp_path: Path, kind: str) -> None:
    mine = tmp_path / "latest"
    mine.write_text("mine") if kind == "file" else mine.mkdir()
    with RunFolder.create(tmp_path, "adam", NOW) as run:
        become_latest(run.path)
    assert not mine.is_symlink()
    assert len(list(tmp_path.iterdir())) == 2


def test_without_links_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr("os.symlink", refused)
    with RunFolder.create(tmp_path, "adam", NOW) as run:
        become_latest(run.path)
    assert [path.name for path in tmp_path.iterdir()] == [run.id]


def test_the_early_steps_are_recorded_and_only_multiples_are_tracked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(lines(capsys, tmp_path, "--opt=adam", "--steps=100500")["run"])
    data = trace.from_bytes((folder / "trace.nc").read_bytes())
    expected = record_steps(100_500, 1000)
    np.testing.assert_array_equal(data.step[data.tracked], expected)
    assert data.step.values[:50].tolist() == list(range(1, 51))
    assert np.diff(np.log10(data.step)).max() < 0.302  # from step 1 to 2
    assert data.sizes["step"] < expected.size + 1500
    tracked = [step for step, _ in read_log(folder / "labml")["x"]]
    assert tracked == expected.tolist()
    assert (data.attrs["lower"], data.attrs["upper"], data.attrs["x_star"]) == (-1, 1, -1)


COMPILING = """
import time
from experiments.config import build
from amsgrad.config.run_config import Config
build.TICKS_OF_PATIENCE = {True: (1, "compiling"), False: (1, "looking")}
build.build_engine(Config(opt="adam", steps=1000, certify="no"))
"""


@pytest.mark.slow
def test_compilation_is_announced_as_that(tmp_path: Path) -> None:
    code = [sys.executable, "-c", COMPILING]
    env = {"NUMBA_CACHE_DIR": str(tmp_path), "PATH": ""}
    said = [
        subprocess.run(code, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stderr
        for _ in range(2)
    ]
    assert "compiling" in said[0].splitlines()
    assert "compiling" not in said[1]  # it is kept
