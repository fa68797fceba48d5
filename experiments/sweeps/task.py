"""A chunk on its way: what is sent to a thread or a worker, and what comes back."""

import time
from collections.abc import Callable
from typing import NamedTuple

from experiments.sweeps.chunk_file import STATUS, Chunk, pack
from experiments.sweeps.kernels import kernels
from experiments.sweeps.numba_cache import use_own_cache
from experiments.sweeps.work import Work


class Task(NamedTuple):
    """One chunk to compute."""

    name: str
    sweep: str  # identity of the store
    kernels: str
    work: Work


class Product(NamedTuple):
    """One chunk computed."""

    content: bytes  # of its file
    errors: dict[int, tuple[str, str]]  # by number of the cell: its status, and why
    seconds: float


class OtherSources(RuntimeError):
    """A worker has another version of this project."""


def produce(task: Task, stop: Callable[[], bool]) -> Product:
    """Compute and pack; raises as `compute`."""
    from experiments.sweeps.chunk import compute

    began = time.monotonic()
    status, errors, arrays = compute(task.work, stop)
    cells = task.work.cells
    chunk = Chunk(cells, status, {int(cells[i]): why for i, why in errors.items()}, arrays)
    named = {int(cells[i]): (STATUS[status[i]], why) for i, why in errors.items()}
    content = pack(task.name, task.sweep, chunk)
    return Product(content, named, time.monotonic() - began)


def produce_on_this_machine(task: Task) -> Product:
    """The same in another process of a machine, which may share the cache of kernels."""
    return produce(task, never)


def produce_anywhere(task: Task) -> Product:
    """The same on a machine of a cluster.

    Raises:
        OtherSources: this machine's sources are not those of the sweep.
    """
    use_own_cache()
    if kernels() != task.kernels:
        raise OtherSources("a worker has another version of this project, numba or numpy")
    return produce(task, never)


def never() -> bool:
    """Nobody stops a worker but by ending its process."""
    return False
