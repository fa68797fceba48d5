"""Ctrl-C, SIGTERM and SIGHUP: an exception before and after a run, a request to stop within it.

A signal that is ignored when the program starts (nohup, a shell's background job) stays ignored.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from experiments.terminal import say

ENDING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class Stop:
    """Asked for by the first signal; a second Ctrl-C is Python's KeyboardInterrupt."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        say("stopping; Ctrl-C once more stops at once")


class Interruption:
    """Raises KeyboardInterrupt at each signal, and remembers that one came.

    An import under way may turn that exception into another one, or swallow it.
    """

    def __init__(self) -> None:
        self.came = False

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        self.came = True
        raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Let each ending signal raise KeyboardInterrupt, as Ctrl-C does."""
    interruption = Interruption()
    with _handling(interruption):
        yield interruption


@contextmanager
def stopping() -> Iterator[Stop]:
    """Let each ending signal ask for a stop at the next good moment."""
    stop = Stop()
    with _handling(stop):
        yield stop


@contextmanager
def _handling(handler: Callable[..., Any]) -> Iterator[None]:
    """Handle the ending signals so, then give them back; outside the main thread do nothing."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in ENDING}
        before = {number: old for number, old in before.items() if old is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
