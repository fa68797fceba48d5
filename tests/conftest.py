"""Settings and fixtures of all tests."""

import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from amsgrad import registry

ROOT = Path(__file__).parents[1]
Start = Callable[..., "subprocess.Popen[str]"]


def pytest_configure(config: pytest.Config) -> None:
    """Undo what a shell's background job or nohup passes on: signals that are ignored.

    The processes that tests start inherit an ignored signal, but not a handler.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: None)  # the tests go on all the same


@pytest.fixture(autouse=True)
def only_ours() -> Iterator[None]:
    """Take what a test has imported by its path out of the registries again."""
    yield
    for entries in registry._registries:
        for name in filter(registry.is_path, list(entries)):
            del entries[name]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start processes in the repository's root; none outlives the test."""
    processes: list[subprocess.Popen[str]] = []

    def started(argv: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        processes.append(subprocess.Popen(argv, **{"cwd": ROOT, "text": True, **options}))
        return processes[-1]

    yield started
    for process in processes:
        process.kill()
        process.communicate()
