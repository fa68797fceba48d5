"""Compute chunks in threads of this process: the kernels run without Python's lock."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

W = TypeVar("W")
R = TypeVar("R")


def in_threads(
    compute: Callable[[W], R], works: Iterable[W], threads: int, stop: Callable[[], bool]
) -> Iterator[tuple[W, Future[R]]]:
    """Each piece of work with its finished future, as they end, until `stop` says so.

    What `works` yields is asked for late, so that it can leave out what others have done.
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
                    waiting[pool.submit(compute, work)] = work
            # a limit, so that a signal is answered
            for future in wait(waiting, 0.2, FIRST_COMPLETED).done:
                yield waiting.pop(future), future
    finally:
        # not waiting: nobody wants what is under way, and a search for a cycle may take long
        pool.shutdown(wait=False, cancel_futures=True)
