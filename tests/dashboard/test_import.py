import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

from experiments.command import CommandError
from experiments.dashboard.__main__ import main
from experiments.dashboard.run_packets import read_run
from experiments.run.files import RunFiles
from tests.conftest import Start
from tests.dashboard.conftest import Serve
from tests.dashboard.served import Served, command, run_command
from tests.dashboard.test_runs import CURVES, numbers

pytestmark = pytest.mark.slow


def begin(start: Start, served: Served, out: Path) -> subprocess.Popen[str]:
    """Start a real run that lasts some seconds; return once the dashboard has a part of it."""
    given = ["--opt", "adam", "--app", served.address, "--out", str(out), "--verify", "0"]
    given += ["--certify", "no", "--engine", "reference", "--steps", "1e6", "--every", "100"]
    process = start([*command("synthetic"), *given], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    run = served.wait_for_run()
    deadline = time.monotonic() + 20
    while not served.curves(run["run_uuid"]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def test_run_outlives_the_dashboard_and_is_imported(
    start: Start, serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served = serve()
    process = begin(start, served, tmp_path / "runs")
    (seen,) = served.runs()
    served.kill()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)  # rather than wait for a million steps of plain Python
    asked = time.monotonic()
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - asked < 10
    assert process.returncode == 130
    warnings = [line for line in err.splitlines() if "warning" in line]
    assert len(warnings) == 1
    assert f"The dashboard at {served.address} stopped answering (" in warnings[0]

    again = serve()
    (seen,) = again.runs()
    assert seen["run_status"]["status"] == "in progress"
    (folder,) = (tmp_path / "runs").glob("*-*")
    for _ in range(2):
        places = ["--out", str(folder.parent), "--data", str(again.data)]
        assert main(["import", folder.name, *places]) == 0
        assert capsys.readouterr() == (f"imported {folder}\n", "")
        (run,) = again.runs()
        assert run["run_uuid"] == seen["run_uuid"]
        assert run["run_status"]["status"] == "interrupted"
    with xarray.open_dataset(folder / "trace.nc", engine="h5netcdf") as trace:
        end = numbers(again.curves(run["run_uuid"])["x"], "step")[-1]
        assert end == np.float32(trace["step"][-1])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that was made without a dashboard."""
    out = tmp_path_factory.mktemp("runs")
    given = ("--opt", "amsgrad", "--steps", "1e5", "--out", out, "--engine", "reference")
    ended = run_command("synthetic", *given)
    assert ended.returncode == 0
    (folder,) = out.glob("*-*")
    return folder


def test_import_without_a_server(serve: Serve, finished: Path, tmp_path: Path) -> None:
    imported = run_command("dashboard", "import", finished, "--data", tmp_path / "data")
    assert (imported.returncode, imported.stderr) == (0, "")
    assert imported.stdout == f"imported {finished}\n"

    served = serve()
    (run,) = served.runs()
    assert run["name"] == "amsgrad"
    assert run["run_status"]["status"] == "completed"
    began = json.loads((finished / "provenance.json").read_text())["sessions"][0]["started"]
    assert time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(run["start_time"])) == began[:19]
    curves = served.curves(run["run_uuid"])
    assert curves.keys() == CURVES
    assert numbers(curves["x"], "step").tolist() == list(range(1000, 100_001, 1000))
    settings = {c["name"]: c["computed"] for c in served.get(f"run/{run['run_uuid']}")["configs"]}
    assert settings["steps"] == 100_000


def test_import_again_keeps_what_a_person_has_written(
    serve: Serve, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served = serve()
    for _ in range(2):
        assert main(["import", str(finished), "--data", str(served.data)]) == 0
        (run,) = served.runs()
        served.post(f"run/{run['run_uuid']}", {"name": "the good one", "note": "old"})
    assert main(["import", str(finished), "--data", str(served.data)]) == 0
    (run,) = served.runs()
    assert run["name"] == "the good one"
    assert served.get(f"run/{run['run_uuid']}")["note"] == "old"
    assert capsys.readouterr().err == ""


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of that run's folder, to be damaged."""
    return shutil.copytree(finished, tmp_path / "run")


NAMES = ("config.yaml", "summary.json", "provenance.json", "trace.nc")
Refused = Callable[[Path], str]


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Import a run that cannot be; return the sentence."""

    def sentence(folder: Path) -> str:
        assert main(["import", str(folder), "--data", str(tmp_path / "data")]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("dashboard: error: ")
        assert printed.err.count("\n") == 1
        assert not (tmp_path / "data").exists()
        return printed.err

    return sentence


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["other", "folder", "pipe", "missing"])
def test_file_that_is_not_one_is_one_sentence(
    copy: Path, refused: Refused, name: str, kind: str
) -> None:
    (copy / name).unlink()
    if kind == "other":
        (copy / name).write_bytes(b"[]")
    elif kind == "folder":
        (copy / name).mkdir()
    elif kind == "pipe":
        os.mkfifo(copy / name)
    sentence = refused(copy)
    assert str(copy) in sentence
    assert kind == "missing" or name in sentence
    assert ("--resume" in sentence) == (kind == "missing" and name != "config.yaml")


@pytest.mark.parametrize("name", NAMES)
def test_damaged_bytes_are_one_sentence(copy: Path, refused: Refused, name: str) -> None:
    content = (copy / name).read_bytes()
    chance = np.random.default_rng(11)
    for place in chance.choice(len(content), 20, replace=False):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(chance.integers(8))
        (copy / name).write_bytes(damaged)
        if name != "provenance.json":  # which has no digest of itself
            assert name in refused(copy)
        else:
            with suppress(CommandError):
                json.dumps(list(read_run(RunFiles(copy))[1]))
    (copy / name).write_bytes(content[: len(content) // 2])
    assert name in refused(copy)


def test_cut_configuration_shows_no_wrong_settings(copy: Path, refused: Refused) -> None:
    lines = (copy / "config.yaml").read_text().splitlines(keepends=True)
    (copy / "config.yaml").write_text("".join(lines[:2]))
    assert "config.yaml is not what the run has written" in refused(copy)


def without_digests(folder: Path) -> None:
    """Let the folder be one from before there were digests."""
    document = json.loads((folder / "provenance.json").read_text())
    del document["files"]
    (folder / "provenance.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    "content",
    [
        {"step": ("step", ["a", "b"]), "x": ("step", [1.0, 2.0])},
        {"step": ("step", [1, 2]), "x": ("step", ["a", "b"])},
        {"step": ("step", [1, 2]), "x": ("row", [1.0])},
        {"row": ("row", [1]), "x": ("row", [1.0])},
    ],
)
def test_trace_without_records_is_one_sentence(
    copy: Path, refused: Refused, content: dict[str, Any]
) -> None:
    without_digests(copy)
    xarray.Dataset(content).to_netcdf(copy / "trace.nc", engine="h5netcdf")
    assert f"The run {copy} cannot be read" in refused(copy)


def test_run_that_was_resumed_and_killed_must_end_first(copy: Path, refused: Refused) -> None:
    """The summary of its first end is still there, but the other files are not of that time."""
    document = json.loads((copy / "provenance.json").read_text())
    document["sessions"].append({**document["sessions"][0], "finished": None})
    (copy / "provenance.json").write_text(json.dumps(document))
    assert f"--resume run --out {copy.parent}" in refused(copy)


def test_real_run_that_was_interrupted_resumed_and_killed(
    start: Start, tmp_path: Path, refused: Refused, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "runs"

    def run_until(sessions: int, number: int, *given: str) -> Path:
        process = start([*command("synthetic"), *given, "--out", str(out)], stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for provenance in out.glob("*-*/provenance.json"):
                found = json.loads(provenance.read_text())["sessions"]
                if len(found) == sessions and list(provenance.parent.glob("labml/*/*/run.yaml")):
                    time.sleep(0.5)
                    process.send_signal(number)
                    process.communicate(timeout=30)
                    return provenance.parent
            time.sleep(0.02)
        raise AssertionError("no run came")

    given = ["--opt", "adam", "--verify", "0", "--certify", "no", "--engine", "reference"]
    folder = run_until(1, signal.SIGINT, *given, "--steps", "3e6")
    run_until(2, signal.SIGKILL, "--resume", folder.name)
    assert not (folder / "summary.json").is_file()
    assert f"--resume {folder.name} --out {out}, then import it" in refused(folder)
    run_until(3, signal.SIGINT, "--resume", folder.name)
    assert main(["import", str(folder), "--data", str(tmp_path / "data")]) == 0
    assert capsys.readouterr() == (f"imported {folder}\n", "")


@pytest.mark.parametrize("name", ["x", "no/such/run", "a" * 300, "zero\0byte", "."])
def test_run_that_does_not_exist_is_one_sentence(refused: Refused, name: str) -> None:
    assert "is not the id of a run" in refused(Path(name))


def test_address_that_is_a_pipe_hangs_nothing(
    serve: Serve, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served = serve()
    (served.data / "address").unlink()
    os.mkfifo(served.data / "address")
    assert main(["import", str(finished), "--data", str(served.data)]) == 2
    assert "in use by another dashboard" in capsys.readouterr().err
    assert served.stop() == ""


def test_configuration_with_nulls_is_imported(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without_digests(copy)
    with (copy / "config.yaml").open("a") as file:
        file.write("window: null\npower: null\nfinal_lr: null\nprobability: null\ndelta: null\n")
    assert main(["import", str(copy), "--data", str(tmp_path / "data")]) == 0
    assert capsys.readouterr() == (f"imported {copy}\n", "")
