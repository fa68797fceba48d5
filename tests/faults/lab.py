"""Commands in processes of their own, in which a call fails or a signal comes."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import ROOT


class Ended(NamedTuple):
    """The end of a command, and the calls by which it changed files, in order."""

    status: int  # negative for a signal
    out: str
    err: str
    calls: list[str]
    seconds: float


class Lab:
    """Starts commands as forks of one server, with the preloaded library in them."""

    def __init__(self, library: Path, scratch: Path) -> None:
        self.scratch = scratch
        self._number = itertools.count()
        self._environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "LD_PRELOAD": str(library)}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.server"],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._server.stdout is not None
        assert self._server.stdout.readline() == "ready\n"

    def run(
        self,
        argv: Sequence[object],
        folder: Path,
        *,
        at: int = 0,
        error: int = 0,
        sticky: bool = False,
        forked: bool = True,
        **asked: Any,
    ) -> Ended:
        """Run a module with its arguments.

        Args:
            argv: the module and its arguments.
            folder: calls on what lies below are counted.
            at: the number of the call that fails; 0 for none.
            error: with which it fails; below zero the signal that comes before it.
            sticky: whether all later calls fail, too.
            forked: whether the process is a fork, which has imported everything.
            asked: `signal`, a number, comes `after` so many seconds. When the process stops, all
                that the folder holds is removed, and the process goes on.
        """
        printed = self.scratch / str(next(self._number))
        outputs = [Path(f"{printed}.{name}") for name in ("out", "err", "log")]
        for output in outputs:
            output.touch()
        environment = {
            "FAULTS_FOLDER": str(folder),
            "FAULTS_LOG": f"{printed}.log",
            "FAULTS_AT": str(at),
            "FAULTS_ERROR": str(error),
            "FAULTS_STICKY": "yes" if sticky else "",
        }
        asked |= {"argv": [*map(str, argv)], "environment": environment, "printed": str(printed)}
        began = time.monotonic()
        status = self._fork(asked) if forked else self._start(**asked)
        seconds = time.monotonic() - began
        out, err, calls = (output.read_text() for output in outputs)
        return Ended(status, out, err, calls.splitlines(), seconds)

    def _fork(self, asked: dict[str, Any]) -> int:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(asked) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def _start(
        self,
        argv: list[str],
        environment: dict[str, str],
        printed: str,
        signal: int = 0,
        after: float | None = None,
    ) -> int:
        with open(f"{printed}.out", "w") as out, open(f"{printed}.err", "w") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", *argv],
                cwd=ROOT,
                env=self._environment | environment,
                stdout=out,
                stderr=err,
            )
        try:
            return process.wait(after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal)
            return process.wait(60)

    def close(self) -> None:
        self._server.communicate(timeout=10)
