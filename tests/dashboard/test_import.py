import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from experiments.dashboard.__main__ import main
from tests.conftest import Start
from tests.dashboard.conftest import Serve
from tests.dashboard.served import Served, command, run_command
from tests.dashboard.test_runs import CURVES, numbers


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
    (folder,) = (tmp_path / "runs").iterdir()
    for _ in range(2):
        places = ["--out", str(folder.parent), "--data", str(again.data)]
        assert main(["import", folder.name, *places]) == 0
        assert capsys.readouterr() == (f"imported {folder}\n", "")
        (run,) = again.runs()
        assert run["run_uuid"] == seen["run_uuid"]
        assert run["run_status"]["status"] == "interrupted"
    steps = json.loads((folder / "summary.json").read_text())["steps"]
    end = numbers(again.curves(run["run_uuid"])["x"], "last_step")[-1]
    assert steps - 500 < end <= steps  # a mean of the last few records


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that was made without a dashboard."""
    out = tmp_path_factory.mktemp("runs")
    given = ("--opt", "amsgrad", "--steps", "1e5", "--out", out, "--engine", "reference")
    ended = run_command("synthetic", *given)
    assert ended.returncode == 0
    (folder,) = out.iterdir()
    return folder


def test_import_without_a_server(serve: Serve, finished: Path, tmp_path: Path) -> None:
    imported = run_command("dashboard", "import", finished, "--data", tmp_path / "data")
    assert (imported.returncode, imported.stderr) == (0, "")
    assert imported.stdout == f"imported {finished}\n"

    served = serve()
    (run,) = served.runs()
    assert run["name"] == "amsgrad, online"
    assert run["run_status"]["status"] == "completed"
    began = json.loads((finished / "provenance.json").read_text())["sessions"][0]["started"]
    assert time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(run["start_time"])) == began[:19]
    curves = served.curves(run["run_uuid"])
    assert curves.keys() == CURVES
    assert numbers(curves["x"], "step").tolist() == list(range(1000, 100_001, 1000))
    settings = {c["name"]: c["computed"] for c in served.get(f"run/{run['run_uuid']}")["configs"]}
    assert settings["steps"] == 100_000


@pytest.mark.parametrize("name", ["config.yaml", "summary.json", "provenance.json", "trace.nc"])
def test_run_that_cannot_be_imported_is_one_sentence(
    finished: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    for content, complaint in (
        (b"[]", f"dashboard: error: The run {folder} cannot be read ("),
        (None, f"dashboard: error: {folder} "),
    ):
        (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
        assert main(["import", str(folder), "--data", str(tmp_path)]) == 2
        printed = capsys.readouterr()
        assert printed.err.startswith(complaint)
        assert printed.err.count("\n") == 1
        assert printed.out == ""
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


def test_configuration_with_nulls_is_imported(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    with (folder / "config.yaml").open("a") as file:
        file.write("window: null\npower: null\nfinal_lr: null\nprobability: null\ndelta: null\n")
    assert main(["import", str(folder), "--data", str(tmp_path / "data")]) == 0
    assert capsys.readouterr() == (f"imported {folder}\n", "")
