import fcntl
import os
import pty
import struct
import sys
import termios
from contextlib import suppress

import pytest

from experiments.run import progress
from experiments.run.progress import Progress


def test_a_pipe_gets_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter([0.0, 1.0, 11.0, 12.0, 40.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    with Progress(10_000, start=1000) as shown:
        for done in (2000, 3200, 4000, 5000):
            shown.update(done)
    assert capsys.readouterr().err.splitlines() == [
        "3,200 of 10,000 steps (32%), 200 steps/s, 34 s left",
        "5,000 of 10,000 steps (50%), 100 steps/s, 50 s left",
    ]


def test_a_quick_run_says_nothing_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(10) as shown:
        shown.update(10)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar_with_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 90, 0, 0))
    with os.fdopen(terminal, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with Progress(2_000_000) as shown:
            for done in range(0, 2_000_001, 500_000):
                shown._bar.refresh()
                shown.update(done)
            shown._bar.refresh()
    said = b""
    with suppress(OSError):  # the other end is closed, and all is read
        while True:
            said += os.read(screen, 100_000)
    os.close(screen)
    assert b"2.00M/2.00M" in said
    assert b"steps/s" in said
