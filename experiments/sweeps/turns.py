"""Threads that take turns, and still answer to the end of their sweep."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from experiments.sweeps.work import Stopped

WAIT = 0.2  # seconds between two looks at Ctrl-C


@contextmanager
def one_at_a_time(lock: Lock, stop: Callable[[], bool]) -> Iterator[None]:
    """Let one thread at a time compute.

    Raises:
        Stopped: `stop` returned True while another one did.
    """
    while not lock.acquire(timeout=WAIT):
        if stop():
            raise Stopped
    try:
        yield
    finally:
        lock.release()
