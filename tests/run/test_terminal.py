"""Reporting never ends a run: closed streams, closed pipes, a terminal that goes away."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, Start
from tests.marks import slow

RUN = f"{sys.executable} -m experiments.synthetic --opt adam --verify 0 --steps 1e5"
LONG = "--opt adam --verify 0 --engine reference --steps 2000000"


def finished(out: Path) -> bool:
    (summary,) = out.glob("*-*/summary.json")
    return json.loads(summary.read_text())["status"] == "finished"


@pytest.mark.parametrize(
    ("closed", "status"),
    [
        (">&- 2>&-", 0),
        (">/dev/full", 1),
        slow("2>&-", 0),
        slow(">&-", 0),
        slow("<&-", 0),
        slow("2>/dev/full", 0),
    ],
)
def test_a_closed_stream_costs_no_run(closed: str, status: int, tmp_path: Path) -> None:
    command = f"exec {RUN} --out {tmp_path / 'runs'} {closed}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert finished(tmp_path / "runs")


@pytest.mark.parametrize("stream", [slow("stdout"), "stderr"])
def test_a_pipe_that_nobody_reads_costs_no_run(stream: str, tmp_path: Path, start: Start) -> None:
    read, write = os.pipe()
    os.close(read)
    process = start([*RUN.split(), "--out", str(tmp_path)], **{stream: write})
    os.close(write)
    assert process.wait(60) == (1 if stream == "stdout" else 0)
    assert finished(tmp_path)


def wait_for_start(process: "subprocess.Popen[str]", out: Path) -> None:
    """Wait until labml has its first records, so the loop of the run is under way."""
    while not any(log.stat().st_size for log in out.glob("*-*/labml/**/log.jsonl")):
        assert process.poll() is None
        time.sleep(0.05)


@pytest.mark.parametrize("number", [slow(signal.SIGINT), signal.SIGTERM, slow(signal.SIGHUP)])
def test_a_broken_standard_error_leaves_the_graceful_stop(
    number: signal.Signals, tmp_path: Path, start: Start
) -> None:
    read, write = os.pipe()
    argv = [sys.executable, "-m", "experiments.synthetic", *LONG.split(), "--out", str(tmp_path)]
    process = start(argv, stderr=write, stdout=subprocess.PIPE)
    os.close(write)
    wait_for_start(process, tmp_path)
    os.close(read)
    process.send_signal(number)
    assert process.wait(60) == 130
    (summary,) = tmp_path.glob("*-*/summary.json")
    assert json.loads(summary.read_text())["status"] == "interrupted"


@pytest.mark.slow
def test_a_lost_terminal_stops_at_a_checkpoint(tmp_path: Path, start: Start) -> None:
    screen, terminal = pty.openpty()
    argv = [sys.executable, "-m", "experiments.synthetic", *LONG.split(), "--out", str(tmp_path)]
    process = start(["setsid", "--ctty", *argv], stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    wait_for_start(process, tmp_path)
    time.sleep(0.5)
    os.close(screen)  # the kernel sends SIGHUP, and every later write fails
    assert process.wait(60) in (1, 130)
    (summary,) = tmp_path.glob("*-*/summary.json")
    assert json.loads(summary.read_text())["status"] == "interrupted"
