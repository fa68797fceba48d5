"""Compute in threads of this process: the kernels run without Python's lock."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

W = TypeVar("W")
R = TypeVar("R")


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(
    compute: Callable[[W, Callable[[], bool]], R],
    threads: int,
    works: Iterable[W],
    stop: Callable[[], bool],
) -> Iterator[tuple[W, Future[R]]]:
    """Yield each piece of work with its finished future, as they end, until `stop` returns True.

    The next work is asked for as late as possible, so that `works` can leave out what another
    process has done. `compute` gets `stop`, too.
    """
    waiting: dict[Future[R], W] = {}
    supply = iter(works)
    pool = ThreadPoolExecutor(threads)
    more = True
    try:
        while (more or waiting) and not stop():
            while more and len(waiting) <= threads:
                try:
                    work = next(supply)
                except StopIteration:
                    more = False
                else:
                    waiting[pool.submit(compute, work, stop)] = work
            # a limit, so that a signal is answered
            for future in wait(waiting, 0.2, FIRST_COMPLETED).done:
                yield waiting.pop(future), future
    finally:
        # not waiting: what is under way is not wanted, and a search for a cycle may take long
        pool.shutdown(wait=False, cancel_futures=True)
