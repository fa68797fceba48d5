"""What a sweep reports never ends it: closed streams, closed pipes, a terminal that goes away."""

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, Start
from tests.sweeps.small import write

TEXT = """
base: {opt: amsgrad, steps: STEPS}
axes: {lr: {log: [0.01, 1, 3]}}
keep: [x]
chunk: 1
"""
ENVIRONMENT = {**os.environ, "NUMBA_DISABLE_JIT": "1"}


def command(folder: Path, steps: int) -> list[str]:
    path = write(folder, TEXT.replace("STEPS", str(steps)))
    options = ["--config", str(path), "--out", str(folder / "out"), "--threads", "1"]
    return [sys.executable, "-m", "experiments.sweep", *options]


def chunks(folder: Path) -> int:
    return len(list(folder.glob("out/chunks/*.npz")))


@pytest.mark.parametrize(
    ("closed", "status"),
    [("2>&-", 0), (">&-", 0), (">&- 2>&-", 0), ("2>/dev/full", 0), (">/dev/full", 1)],
)
def test_a_closed_stream_costs_no_sweep(closed: str, status: int, tmp_path: Path) -> None:
    line = f"exec {' '.join(command(tmp_path, 100))} {closed}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert chunks(tmp_path) == 3


@pytest.mark.parametrize(("stream", "status"), [("stdout", 1), ("stderr", 0)])
def test_a_pipe_that_nobody_reads_costs_no_sweep(
    stream: str, status: int, tmp_path: Path, start: Start
) -> None:
    read, write_end = os.pipe()
    os.close(read)
    process = start(command(tmp_path, 100), **{stream: write_end}, env=ENVIRONMENT)
    os.close(write_end)
    assert process.wait(60) == status
    assert chunks(tmp_path) == 3


def test_a_lost_terminal_stops_between_chunks(tmp_path: Path, start: Start) -> None:
    screen, terminal = pty.openpty()
    argv = ["setsid", "--ctty", *command(tmp_path, 100_000)]
    process = start(argv, stdin=terminal, stdout=terminal, stderr=terminal, env=ENVIRONMENT)
    os.close(terminal)
    while not chunks(tmp_path):
        assert process.poll() is None
        time.sleep(0.02)
    os.close(screen)  # the kernel sends SIGHUP, and every later write fails
    assert process.wait(60) in (1, 130)
    assert 1 <= chunks(tmp_path) < 3
    assert not list(tmp_path.rglob(".*.part"))
