"""A process that has imported all commands; it runs each one that it is sent in a fork of itself.

A line of standard input asks for one command, the answer is its exit status, negative for a signal.
An import takes longer than all the rest of a small run, and a fork has none.
"""

import ctypes
import gc
import importlib
import io
import json
import math
import os
import runpy
import shutil
import signal
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from experiments import synthetic
from experiments.figures import __main__ as figures
from experiments.figures import theorem1
from experiments.run import loop, picture, trace
from experiments.tracking import labml_tracker

IMPORTED = ("experiments.sweeps.chunk", "experiments.sweeps.merge", "experiments.sweeps.session")
IMPORTED += ("experiments.dashboard.importing", "experiments.finds.report", "pyarrow.parquet")

SECONDS = 60  # more than any of these commands takes


def main() -> None:
    """Report that all is imported, then answer until the input ends."""
    for module in (trace, picture, labml_tracker):
        module.import_ahead()
    for name in IMPORTED:
        importlib.import_module(name)
    # many checkpoints in a short run, and a figure that is computed in no time
    loop.FIRST_PIECE, loop.SECONDS_A_PIECE = 1000, 10.0
    loop.SECONDS_BETWEEN_CHECKPOINTS, loop.CHECKPOINT_SHARE = 0.0, math.inf
    theorem1.SETTINGS["base"]["steps"] = 3000
    _warm_up()
    gc.freeze()  # a fork copies what is collected
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            _become(**asked)
            return
        print(json.dumps(_end_of(child, asked)), flush=True)


def _warm_up() -> None:
    """Run once what is slow for the first time: fonts, versions of packages, labml."""
    with TemporaryDirectory() as scratch, redirect_stdout(io.StringIO()):
        short = ["--opt=adam", "--engine=reference", "--verify=0", "--steps=10", "--every=1"]
        assert synthetic.main([*short, f"--out={scratch}"]) == 0
        assert figures.main(["theorem1", f"--out={scratch}"]) == 0


def _become(argv: list[str], environment: dict[str, str], printed: str, **_: Any) -> None:
    """Run the command, as `python -m` does."""
    os.setpgid(0, 0)
    for number, path in enumerate([os.devnull, f"{printed}.out", f"{printed}.err"]):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
    os.environ.update(environment)
    ctypes.CDLL(None).faults_begin()
    sys.argv = ["", *argv[1:]]
    for module in (synthetic, figures):  # runpy warns of what is there already
        del sys.modules[module.__name__]
    runpy.run_module(argv[0], run_name="__main__", alter_sys=True)


def _end_of(child: int, asked: dict[str, Any]) -> int:
    """Wait for the end of a command; send it a signal when its time has come."""
    signals = [(SECONDS, signal.SIGKILL)]
    if "signal" in asked:
        signals.insert(0, (asked["after"], asked["signal"]))
    began = time.monotonic()
    for after, number in signals:
        while time.monotonic() - began < after:
            changed, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
            if changed and os.WIFSTOPPED(status):
                for path in Path(asked["environment"]["FAULTS_FOLDER"]).iterdir():
                    shutil.rmtree(path)
                os.kill(child, signal.SIGCONT)
            elif changed:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.001)
        os.kill(child, number)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main()
