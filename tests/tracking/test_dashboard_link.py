"""The link to a dashboard: it carries a complete run, and no fault of a dashboard ends a run."""

import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from experiments.tracking import dashboard_link
from tests.tracking.conftest import (
    Track,
    expected_log,
    read_log,
    read_status,
    run_python,
    values_at,
)
from tests.tracking.dashboard_server import Dashboard

UNUSED_ADDRESS = "http://127.0.0.1:9"  # the port of "discard", which nothing serves today


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
    (uuid,) = {parse_qs(target.query)["run_uuid"][0] for target in targets}
    page = f"{dashboard.address}/run/{uuid}"
    assert capfd.readouterr() == ("", f"this run on the dashboard: {page}\n")


def test_curves_end_with_their_last_record(track: Track, dashboard: Dashboard) -> None:
    """labml sends means of neighbours, of x here about 0."""
    with track(app=dashboard.address) as tracker:
        for step in range(1, 20_001):
            tracker.save(step, {"x": (-1.0) ** step})
    points = dashboard.series("x")
    assert len(points) < 15_000
    assert points[-1] == (20_000, 1.0)


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


@pytest.mark.slow
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
    said, warned = outcome.stderr.splitlines(keepends=True)
    assert said.startswith(f"this run on the dashboard: {dashboard.address}/run/")
    assert warned == (
        f"The dashboard at {dashboard.address} stopped answering (no answer in 8 s); "
        "from here on the run is tracked in its folder only.\n"
    )
    assert read_log(tmp_path) == {"x": [(step, float(step)) for step in range(100)]}
    assert read_status(tmp_path)["details"] == "SystemExit: 3"
