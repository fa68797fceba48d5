"""Tracking: labml's log is exact, and neither labml nor its dashboard can cost a run."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from experiments.tracking.labml_tracker import dashboard_link
from experiments.tracking.labml_tracker import labml_tracker as tracking
from experiments.tracking.labml_tracker import NullTracker, Tracker, labml_tracker

REPOSITORY = Path(tracking.__file__).parents[1]
UNUSED_ADDRESS = "http://127.0.0.1:9"  # the port of "discard", which nothing serves today


class Dashboard(ThreadingHTTPServer):
    """Answers like labml-app, until it is told to hang, to drip, to refuse or to close."""

    block_on_close = False
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.targets: list[str] = []
        self.packets: list[dict[str, Any]] = []
        self.received = threading.Event()
        self.hangs_after = sys.maxsize
        self.drips = False
        self.released = threading.Event()
        self.reply: tuple[int, object] = (200, {"errors": [], "url": "http://run", "dynamic": {}})
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def series(self, name: str) -> list[tuple[float, float]]:
        parts = [p["track"][name] for p in self.packets if name in p.get("track", {})]
        return [pair for part in parts for pair in zip(part["step"], part["value"], strict=True)]

    def field(self, name: str) -> Any:
        return next(packet[name] for packet in self.packets if name in packet)

    def close(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()


class Answer(BaseHTTPRequestHandler):
    server: Dashboard

    def do_GET(self) -> None:
        if self.server.hangs_after == 0:
            self.hang()
        self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if len(self.server.targets) >= self.server.hangs_after:
            self.hang()
            return
        self.server.targets.append(self.path)
        self.server.packets += json.loads(body)
        status, reply = self.server.reply
        content = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.server.received.set()

    def hang(self) -> None:
        with suppress(OSError):
            while not self.server.released.wait(0.1):
                if self.server.drips:
                    self.wfile.write(b"H")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def dashboard() -> Iterator[Dashboard]:
    server = Dashboard()
    yield server
    server.close()
    printed = {"stdout", "stderr", "logger"}
    assert not any(printed & packet.keys() for packet in server.packets)


@pytest.fixture
def warnings() -> list[str]:
    return []


Track = Callable[..., AbstractContextManager[Tracker]]


@pytest.fixture
def track(tmp_path: Path, warnings: list[str]) -> Track:
    def start(**changes: Any) -> AbstractContextManager[Tracker]:
        arguments: dict[str, Any] = {
            "name": "amsgrad",
            "comment": "adam on the online problem",
            "tags": ["adam", "online"],
            "python_file": tmp_path / "project" / "experiments" / "synthetic.py",
            "defaults": {"lr": 0.01, "beta1": 0.9, "out": None},
            "chosen": {"lr": 0.5},
            "folder": tmp_path / "run" / "labml",
            "app": None,
            "warn": warnings.append,
        }
        return labml_tracker(**{**arguments, **changes})

    return start


def values_at(step: int) -> dict[str, float]:
    return {"x": 0.1 * step, "regret": -step / 3, "average_regret": 1e-300 / (step + 1)}


def read_log(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The series of the one run in `folder`, as labml's file writer has them."""
    (log,) = folder.rglob("log.jsonl")
    series: dict[str, list[tuple[int, float]]] = {}
    for line in log.read_text().splitlines():
        for name, points in json.loads(line)["track"].items():
            series.setdefault(name, []).extend((step, value) for step, (value,) in points)
    return series


def expected_log(steps: range) -> dict[str, list[tuple[int, float]]]:
    return {name: [(step, values_at(step)[name]) for step in steps] for name in values_at(0)}


def read_status(folder: Path) -> Mapping[str, Any]:
    (log,) = folder.rglob("run_log.jsonl")
    status: Mapping[str, Any] = json.loads(log.read_text())
    return status


def labml_threads() -> set[threading.Thread]:
    ours = ("labml", "experiments")
    return {t for t in threading.enumerate() if type(t).__module__.startswith(ours)}


def run_python(
    code: str, folder: Path, *arguments: object, **environment: str | None
) -> subprocess.CompletedProcess[str]:
    changed = {**os.environ, "PYTHONPATH": str(REPOSITORY), **environment}
    return subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=folder,
        env={name: value for name, value in changed.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


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
    assert capfd.readouterr() == ("", "")
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
    assert caught.value.__context__ is None, "labml's failure is no cause of the body's"
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
    (root / "notes").write_bytes(b"caf\xe9 in Latin-1\n")
    return root


@pytest.mark.usefixtures("repository")
def test_commit_and_changes_are_noted(track: Track, tmp_path: Path, warnings: list[str]) -> None:
    with track():
        pass

    (noted,) = tmp_path.rglob("run.yaml")
    assert "commit_message: the message" in noted.read_text()
    assert "is_dirty: true" in noted.read_text()
    (diff,) = tmp_path.rglob("source.diff")
    assert "+caf" in diff.read_text()
    assert warnings == []


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


@pytest.mark.parametrize("path", ["", "/", "/api/v1/default", "/api/v1/default/"])
def test_dashboard_has_the_whole_run(
    track: Track,
    dashboard: Dashboard,
    warnings: list[str],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    monkeypatch.setenv("http_proxy", UNUSED_ADDRESS)
    steps = range(1, 51)
    with track(app=dashboard.address + path) as tracker:
        for step in steps:
            tracker.save(step, values_at(step))

    targets = {urlsplit(target) for target in dashboard.targets}
    assert {target.path for target in targets} == {"/api/v1/default/track"}
    assert {parse_qs(target.query)["run_uuid"][0] for target in targets}
    for name, points in expected_log(steps).items():
        assert dashboard.series(name) == points
    assert dashboard.field("name") == "amsgrad"
    assert dashboard.field("comment") == "adam on the online problem"
    assert dashboard.field("tags") == ["adam", "online"]
    assert dashboard.field("status")["status"] == "completed"
    configs = dashboard.field("configs")
    assert {name: c["value"] for name, c in configs.items()} == {
        "lr": 0.5,
        "beta1": 0.9,
        "out": None,
    }
    assert [name for name, c in configs.items() if c["is_explicitly_specified"]] == ["lr"]
    assert warnings == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("address", [UNUSED_ADDRESS, "localhost:5005", "http://[not", ""])
def test_dashboard_that_is_not_there_is_one_warning(
    track: Track, tmp_path: Path, warnings: list[str], address: str
) -> None:
    start = time.monotonic()
    with track(app=address) as tracker:
        tracker.save(1, values_at(1))

    assert time.monotonic() - start < 3
    assert read_log(tmp_path) == expected_log(range(1, 2))
    (warning,) = warnings
    assert warning.startswith(f"The dashboard at {address} does not answer (")


def test_dashboard_that_never_answers_is_one_warning(
    track: Track, tmp_path: Path, dashboard: Dashboard, warnings: list[str]
) -> None:
    dashboard.hangs_after = 0
    start = time.monotonic()
    with track(app=dashboard.address) as tracker:
        tracker.save(1, values_at(1))

    assert time.monotonic() - start < 4
    assert read_log(tmp_path) == expected_log(range(1, 2))
    (warning,) = warnings
    assert warning == (
        f"The dashboard at {dashboard.address} does not answer (no answer in 1 s); "
        "the run is tracked in its folder only."
    )


@pytest.mark.parametrize(
    "reply", [(500, {}), (200, {"errors": [{"error": "invalid_run_uuid", "message": ""}]})]
)
def test_dashboard_that_refuses_is_one_warning(
    track: Track,
    tmp_path: Path,
    dashboard: Dashboard,
    warnings: list[str],
    reply: tuple[int, object],
) -> None:
    dashboard.reply = reply
    with track(app=dashboard.address) as tracker:
        tracker.save(1, values_at(1))

    assert read_log(tmp_path) == expected_log(range(1, 2))
    (warning,) = warnings
    assert warning.startswith(f"The dashboard at {dashboard.address} stopped answering (")


@pytest.mark.parametrize("dies", [True, False], ids=["dies", "hangs"])
def test_dashboard_that_stops_in_mid_run_is_one_warning(
    track: Track,
    tmp_path: Path,
    dashboard: Dashboard,
    warnings: list[str],
    monkeypatch: pytest.MonkeyPatch,
    dies: bool,
) -> None:
    monkeypatch.setattr(dashboard_link, "PATIENCE_SECONDS", 0.5)
    deadline = time.monotonic() + 20
    with track(app=dashboard.address) as tracker:
        assert dashboard.received.wait(10)
        if dies:
            dashboard.close()
        else:
            dashboard.hangs_after = 1
        noticed = 0
        while not warnings and time.monotonic() < deadline:
            time.sleep(0.01)
            tracker.save(noticed, values_at(noticed))
            noticed += 1
        steps = range(noticed + 100)
        for step in steps[noticed:]:
            tracker.save(step, values_at(step))
        end = time.monotonic()

    assert time.monotonic() - end < 2
    assert read_log(tmp_path) == expected_log(steps)
    (warning,) = warnings
    assert warning.startswith(f"The dashboard at {dashboard.address} stopped answering (")


def test_dashboard_that_hangs_holds_the_exit_for_less_than_ten_seconds(
    tmp_path: Path, dashboard: Dashboard
) -> None:
    code = """
        import sys, time
        from pathlib import Path
        from experiments.tracking.labml_tracker import labml_tracker

        with labml_tracker(
            name="amsgrad", comment="", tags=(), python_file=Path("synthetic.py"), defaults={},
            chosen={}, folder=Path(sys.argv[1]), app=sys.argv[2],
            warn=lambda text: print(text, file=sys.stderr),
        ) as tracker:
            for step in range(100):
                time.sleep(0.01)
                tracker.save(step, {"x": step})
            Path("end").touch()
            sys.exit(3)
    """
    dashboard.hangs_after = 1
    dashboard.drips = True  # so that no timeout of a single read ends it
    outcome = run_python(code, tmp_path, tmp_path / "labml", dashboard.address)
    held = time.time() - (tmp_path / "end").stat().st_mtime

    assert len(dashboard.targets) == 1
    assert held < 10
    assert (outcome.returncode, outcome.stdout) == (3, "")
    assert outcome.stderr == (
        f"The dashboard at {dashboard.address} stopped answering (no answer in 8 s); "
        "from here on the run is tracked in its folder only.\n"
    )
    assert read_log(tmp_path) == {"x": [(step, float(step)) for step in range(100)]}
    assert read_status(tmp_path)["details"] == "SystemExit: 3"
