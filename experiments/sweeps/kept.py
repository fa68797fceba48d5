"""From an engine to its cells: what is kept of each run, at its place in a chunk."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.base import Engine, State
from experiments.sweeps.chunk_file import Chunk, Status
from experiments.sweeps.follow import follow
from experiments.sweeps.work import Work

DIVERGED = "NaN or infinity was met"


def take(
    work: Work,
    engine: Engine[State],
    places: list[int],
    x_star: float | NDArray[np.float64],
    chunk: Chunk,
    stop: Callable[[], bool],
) -> None:
    """Run the engine to its end and put what is kept of its runs at their places in the chunk.

    Raises:
        Stopped: `stop` returned True.
    """
    kept = follow(engine, len(places), steps=work.steps, keep=work.keep, x_star=x_star, stop=stop)
    put(kept, places, chunk)


def put(kept: Mapping[str, NDArray[Any]], places: Sequence[int], chunk: Chunk) -> None:
    """Put what `follow` returns of some runs at their places in the chunk."""
    at, finite = np.array(places), kept["finite"]
    chunk.status[at] = np.where(finite, Status.finished, Status.diverged)
    chunk.errors.update(dict.fromkeys(chunk.cells[at[~finite]].tolist(), DIVERGED))
    for name, array in chunk.arrays.items():
        array[..., at] = kept[name]


def fail(chunk: Chunk, i: int, error: Exception) -> None:
    """Note that the cell at place i has failed, and why."""
    chunk.status[i] = Status.failed
    reason = " ".join(str(error).split())[:300]
    chunk.errors[int(chunk.cells[i])] = f"{type(error).__name__}: {reason}"
