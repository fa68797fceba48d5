import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from experiments.tracking.labml_tracker import Tracker, labml_tracker
from tests.conftest import ROOT
from tests.tracking.dashboard_server import Dashboard

Track = Callable[..., AbstractContextManager[Tracker]]


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
    """Return the series of the one run in `folder`, as labml's file writer has them."""
    (log,) = folder.rglob("log.jsonl")
    series: dict[str, list[tuple[int, float]]] = {}
    for line in log.read_text().splitlines():
        for name, points in json.loads(line)["track"].items():
            series.setdefault(name, []).extend((step, value) for step, (value,) in points)
    return series


def expected_log(steps: range) -> dict[str, list[tuple[int, float]]]:
    return {name: [(step, values_at(step)[name]) for step in steps] for name in values_at(0)}


def only_the_page_is_said(capfd: pytest.CaptureFixture[str], dashboard: Dashboard) -> bool:
    """Return whether nothing is printed but the address of the run's page."""
    printed = capfd.readouterr()
    page = re.escape(f"this run on the dashboard: {dashboard.address}/run/")
    return printed.out == "" and re.fullmatch(rf"{page}[0-9a-f]{{32}}\n", printed.err) is not None


def read_status(folder: Path) -> Mapping[str, Any]:
    (log,) = folder.rglob("run_log.jsonl")
    status: Mapping[str, Any] = json.loads(log.read_text())
    return status


def run_python(
    code: str, folder: Path, *arguments: object, **environment: str | None
) -> subprocess.CompletedProcess[str]:
    changed = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=folder,
        env={name: value for name, value in changed.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
