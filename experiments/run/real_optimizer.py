"""The path of the real optimizer, in a process of its own that lives no longer than its parent.

torch takes as long to import as all the rest of a run. Beside the import of numba and matplotlib
that costs half on two cores, and a run of the compiled engine never loads it. The process has a
command line of its own: multiprocessing would run the caller's script once more.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any

from amsgrad.config.build import build_torch_loop
from amsgrad.config.run_config import Config
from amsgrad.engines.base import Trajectory
from amsgrad.verification import Disagreement

START = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer);"
    " from experiments.run.real_optimizer import answer; answer()"
)


@contextmanager
def path_beside(config: Config) -> Iterator[Callable[[], Trajectory]]:
    """Start the process; yield a function that waits for the path; end the process in any case.

    That function raises Disagreement where the optimizer could not be stepped.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", START],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C of a terminal is for its parent
    )
    assert process.stdin is not None
    assert process.stdout is not None
    sent, answers = process.stdin, process.stdout

    def path() -> Trajectory:
        try:
            found: Any = pickle.load(answers)
        except (EOFError, pickle.UnpicklingError):
            found = RuntimeError("its process ended early")
        if isinstance(found, Exception):
            raise Disagreement(f"the real optimizer cannot be followed: {found}")
        trajectory: Trajectory = found
        return trajectory

    try:
        with suppress(BrokenPipeError):  # `path` says so
            sent.write(pickle.dumps(sys.path) + pickle.dumps(config))
            sent.flush()
        yield path
    finally:
        process.kill()
        process.wait()
        with suppress(BrokenPipeError):
            sent.close()
        answers.close()


def answer() -> None:
    """Read a configuration from standard input, and write the path to standard output."""
    config = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _spare_torchs_compiler()
    with redirect_stdout(sys.stderr):
        try:
            found: Any = build_torch_loop(config).follow(min(config.verify, config.steps))
        except Exception as error:  # of another's code; the parent reports it
            found = RuntimeError(str(error))
    with suppress(BrokenPipeError):  # the parent has ended
        sys.stdout.buffer.write(pickle.dumps(found))
        sys.stdout.flush()
    os._exit(0)  # the thread below may hold standard input


def _end_with_parent() -> None:
    """End this process when its parent is gone, even by kill -9: the input ends then."""
    sys.stdin.buffer.read()
    os._exit(1)


def _spare_torchs_compiler() -> None:
    """Keep torch from importing torch._dynamo (1 to 2 s), which would exempt these methods.

    In a process that steps one optimizer and ends, nothing is ever compiled by torch.
    """
    import torch

    for method in vars(torch.optim.Optimizer).values():
        plain = getattr(method, "__wrapped__", None)
        if plain is not None:
            plain.__dynamo_disable = plain
