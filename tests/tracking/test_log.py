"""Tracking: labml's log is exact, and no fault of labml ends a run."""

import json
import os
import platform
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import yaml

from experiments.tracking.labml_tracker import NullTracker
from tests.tracking.conftest import (
    Track,
    expected_log,
    only_the_page_is_said,
    read_log,
    read_status,
    run_python,
    values_at,
)
from tests.tracking.dashboard_server import Dashboard


def labml_threads() -> set[threading.Thread]:
    ours = ("labml", "experiments")
    return {t for t in threading.enumerate() if type(t).__module__.startswith(ours)}


def test_log_has_every_value_exactly(
    track: Track, tmp_path: Path, warnings: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    steps = range(1, 300_001, 1000)
    with track() as tracker:
        for step in steps:
            tracker.save(step, values_at(step))

    assert read_log(tmp_path / "run" / "labml") == expected_log(steps)
    assert read_status(tmp_path)["status"] == "completed"
    assert warnings == []
    assert capfd.readouterr() == ("", "")


def test_values_may_be_numpy_scalars_and_not_finite(track: Track, tmp_path: Path) -> None:
    step: Any = np.int64(0)
    values: dict[str, Any] = {"x": np.float32(0.1), "regret": np.True_}
    with track() as tracker:
        tracker.save(step, values)
        tracker.save(1, {"x": float("nan"), "regret": float("-inf")})

    log = read_log(tmp_path)
    assert log["x"][0] == (0, float(np.float32(0.1)))
    assert np.isnan(log["x"][1][1])
    assert log["regret"] == [(0, 1.0), (1, float("-inf"))]


def test_runs_may_follow_one_another(
    track: Track, tmp_path: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_UUID", "labml takes this for the uuid of every run")
    with track(folder=tmp_path / "first") as tracker:
        tracker.save(7, {"only_in_the_first": 1.0})
    with track(folder=tmp_path / "second") as tracker:
        tracker.save(1, values_at(1))

    assert read_log(tmp_path / "first") == {"only_in_the_first": [(7, 1.0)]}
    assert read_log(tmp_path / "second") == expected_log(range(1, 2))
    (listed,) = (tmp_path / "second").rglob("indicators.yaml")
    assert "only_in_the_first" not in listed.read_text()
    assert len({log.parent.name for log in tmp_path.rglob("log.jsonl")}) == 2, "two uuids"
    assert warnings == []


def test_run_inside_a_run_is_left_out(track: Track, tmp_path: Path, warnings: list[str]) -> None:
    with track() as outer, track(folder=tmp_path / "inner") as inner:
        outer.save(1, values_at(1))
        inner.save(2, values_at(2))

    assert isinstance(inner, NullTracker)
    assert read_log(tmp_path / "run") == expected_log(range(1, 2))
    (warning,) = warnings
    assert "another run" in warning


@pytest.mark.parametrize(
    ("error", "status", "details"),
    [
        (ValueError("no such slope"), "crashed", "ValueError: no such slope"),
        (SystemExit(3), "crashed", "SystemExit: 3"),
        (OSError(2, "none", "/home/me/x"), "crashed", "FileNotFoundError: [Errno 2] none: '<path>"),
        (KeyboardInterrupt(), "interrupted", "KeyboardInterrupt"),
    ],
)
def test_exception_finishes_the_run_and_goes_on(
    track: Track,
    tmp_path: Path,
    dashboard: Dashboard,
    capfd: pytest.CaptureFixture[str],
    error: BaseException,
    status: str,
    details: str,
) -> None:
    before = labml_threads()
    with pytest.raises(type(error)) as caught, track(app=dashboard.address) as tracker:
        tracker.save(1, values_at(1))
        raise error

    assert caught.value is error
    assert caught.value.__context__ is None
    assert read_log(tmp_path) == expected_log(range(1, 2))
    for noted in read_status(tmp_path), dashboard.field("status"):
        assert (noted["status"], noted["details"]) == (status, details)
    assert only_the_page_is_said(capfd, dashboard)
    assert labml_threads() == before


def test_labml_that_cannot_start_is_left_out(
    track: Track, tmp_path: Path, warnings: list[str]
) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ValueError, match="from the body") as caught,
        track(folder=tmp_path / "file" / "labml") as tracker,
    ):
        tracker.save(1, values_at(1))
        raise ValueError("from the body")

    assert isinstance(tracker, NullTracker)
    assert caught.value.__context__ is None, "labml's failure is not a cause of the body's"
    (warning,) = warnings
    assert warning.startswith("labml cannot start (NotADirectoryError")


def test_log_that_vanishes_is_one_warning(
    track: Track, tmp_path: Path, warnings: list[str]
) -> None:
    with track() as tracker:
        tracker.save(1, values_at(1))
        shutil.rmtree(tmp_path / "run")
        tracker.save(2, values_at(2))

    (warning,) = warnings
    assert "log is not complete" in warning


@pytest.mark.parametrize("name", ["log.jsonl", "run_log.jsonl", "indicators.yaml"])
def test_full_disk_is_one_warning(
    track: Track,
    tmp_path: Path,
    dashboard: Dashboard,
    warnings: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    name: str,
) -> None:
    monkeypatch.setattr("labml.internal.tracker.writers.file.FREQUENCY", 0.0)
    steps = range(1, 201)
    before = labml_threads()
    with track(app=dashboard.address) as tracker:
        (folder,) = (tmp_path / "run" / "labml").glob("*/*")
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to("/dev/full")
        for step in steps:
            tracker.save(step, values_at(step))

    (warning,) = warnings
    assert warning.startswith("labml's log is not complete (OSError: [Errno 28] ")
    assert labml_threads() == before
    assert only_the_page_is_said(capfd, dashboard)
    if name != "log.jsonl":
        assert read_log(tmp_path / "run") == expected_log(steps)
    for curve, points in expected_log(steps).items():
        assert dashboard.series(curve) == points
    assert dashboard.field("status")["status"] == "completed"


def test_full_disk_is_reported_at_once(
    track: Track, tmp_path: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labml.internal.tracker.writers.file.FREQUENCY", 0.0)
    deadline = time.monotonic() + 20
    with track() as tracker:
        (folder,) = (tmp_path / "run" / "labml").glob("*/*")
        (folder / "log.jsonl").symlink_to("/dev/full")
        step = 0
        while not warnings and time.monotonic() < deadline:
            tracker.save(step, values_at(step))
            step += 1
    assert len(warnings) == 1


# What a first run in a process leaves behind, seen from inside: labml imports its parts late.
COLD_RUN = """
    import json, os, signal, sys, threading
    from pathlib import Path

    touched, started = [], []

    def watch(event, args):
        if event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR):
            touched.append(os.path.abspath(args[0]))
        elif event in ("os.mkdir", "os.remove", "os.rename"):
            touched.append(os.path.abspath(args[0]))
        elif event == "subprocess.Popen":
            started.append(args[1][0])

    def state():
        return (
            dict(os.environ), os.getcwd(), sys.stdout, sys.stderr, vars(sys.stdout).keys(),
            vars(sys.stderr).keys(), [signal.getsignal(s) for s in signal.valid_signals()],
            threading.active_count(),
        )

    folder = Path(sys.argv[1])
    before = repr(state())
    from experiments.tracking.labml_tracker import labml_tracker
    light = not {"labml", "numpy", "urllib.request"} & set(sys.modules)
    sys.addaudithook(watch)
    warnings = []
    with labml_tracker(
        name="amsgrad", comment="", tags=(), python_file=Path("experiments/synthetic.py"),
        defaults={}, chosen={}, folder=folder, app=None, warn=warnings.append,
    ) as tracker:
        tracker.save(1, {"x": 1.0})
    facts = {
        "light": light,
        "state": repr(state()) == before,
        "torch": "torch" in sys.modules,
        "touched": [p for p in touched if not p.startswith((str(folder), os.devnull))],
        "started": sorted(set(started)),
        "warnings": warnings,
    }
    Path("facts.json").write_text(json.dumps(facts))
"""


@pytest.mark.parametrize("home", ["a folder", "unset", "below a file"])
@pytest.mark.parametrize("git", ["installed", "missing"])
def test_nothing_is_left_outside_the_folder(tmp_path: Path, home: str, git: str) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "file").touch()
    homes = {"a folder": "home", "below a file": "file/home"}
    outcome = run_python(
        COLD_RUN,
        tmp_path,
        tmp_path / "run" / "labml",
        HOME=str(tmp_path / homes[home]) if home in homes else None,
        PATH=os.environ["PATH"] if git == "installed" else str(tmp_path),
    )

    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert facts == {
        "light": True,
        "state": True,
        "torch": False,
        "touched": [str(tmp_path / "run")],
        "started": ["git"],
        "warnings": [],
    }
    assert read_log(tmp_path / "run" / "labml") == {"x": [(1, 1.0)]}
    assert list((tmp_path / "home").iterdir()) == []
    assert {p.name for p in tmp_path.iterdir()} == {"home", "file", "run", "facts.json"}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    root = tmp_path / "project"
    (root / "experiments").mkdir(parents=True)
    (root / "notes").write_text("first\n")
    author = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-q", "-m", "the message"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    remote = ["git", "remote", "add", "origin", "https://me:SECRET@example.org/lab.git"]
    subprocess.run(remote, cwd=root, check=True)
    (root / "notes").write_bytes(b"caf\xe9 in Latin-1\n")
    return root


@pytest.mark.usefixtures("repository")
def test_commit_is_noted_and_no_secret(
    track: Track, tmp_path: Path, dashboard: Dashboard, warnings: list[str]
) -> None:
    with track(app=dashboard.address) as tracker:
        tracker.save(1, values_at(1))

    (folder,) = (tmp_path / "run" / "labml").glob("*/*")
    noted = yaml.safe_load((folder / "run.yaml").read_text())
    sent = {name: value for packet in dashboard.packets for name, value in packet.items()}
    for facts in noted, sent:
        assert facts["repo_remotes"] == ["https://example.org/lab.git"]
        assert facts["python_file"] == "experiments/synthetic.py"
        assert facts["commit_message"] == "the message"
        assert facts["is_dirty"] is True
        assert len(facts["commit"]) == 40
    assert sent["computer"] == ""
    everything = json.dumps([dashboard.packets, dashboard.targets])
    everything += "".join(path.read_text() for path in folder.iterdir())
    for secret in ("SECRET", "Latin-1", "a@b", str(tmp_path), platform.node()):
        assert secret not in everything
    assert warnings == []


def test_what_is_recorded_and_sent(track: Track, tmp_path: Path, dashboard: Dashboard) -> None:
    """The README lists all of it."""
    with track(app=dashboard.address) as tracker:
        tracker.save(1, values_at(1))

    (folder,) = (tmp_path / "run" / "labml").glob("*/*")
    assert {path.name for path in folder.iterdir()} == {
        *("run.yaml", "run.pid", "configs.yaml", "indicators.yaml", "log.jsonl", "run_log.jsonl")
    }
    about = {
        *("name", "comment", "tags", "python_file", "commit", "commit_message", "is_dirty"),
        *("repo_remotes", "start_step", "load_run", "notes"),
    }
    assert set(yaml.safe_load((folder / "run.yaml").read_text())) == about | {
        *("uuid", "trial_date", "trial_time", "distributed_rank", "distributed_world_size")
    }
    assert {name for packet in dashboard.packets for name in packet} == about | {
        *("computer", "pid", "time", "configs", "indicators", "wildcard_indicators"),
        *("track", "status"),
    }
    asked = parse_qs(urlsplit(dashboard.targets[0]).query)
    assert set(asked) == {"run_uuid", "rank", "main_rank", "world_size", "labml_version"}


@pytest.mark.usefixtures("repository")
def test_repository_that_git_refuses_is_not_noted(
    track: Track, tmp_path: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with track() as tracker:
        tracker.save(1, values_at(1))

    assert read_log(tmp_path) == expected_log(range(1, 2))
    (noted,) = tmp_path.rglob("run.yaml")
    assert "commit: unknown" in noted.read_text()
    assert warnings == []
