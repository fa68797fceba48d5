"""The reports of one process on a sweep: progress and failures at once, the result at the end."""

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from experiments.invocation import invocation
from experiments.sweeps.chunk_file import Chunk, Status
from experiments.sweeps.progress import Line
from experiments.sweeps.sweep_file import Sweep

MOST_SHOWN = 10  # failures, and lost chunks


class Report(NamedTuple):
    """The result of a command."""

    lines: Sequence[str]  # for a person
    summary: Mapping[str, object]  # for a program
    status: int = 0  # of the process
    error: str = ""  # a sentence, where the command could not do all of it


class Reporter:
    """Counts chunks and cells, and prints how many are done, and the cells that fail.

    Args:
        sweep: whose cells they are.
    """

    def __init__(self, sweep: Sweep) -> None:
        self.found = 0  # chunks that were there, or that another process has written meanwhile
        self.computed = 0  # chunks
        self.lost = 0  # chunks that could not be computed
        self.damaged: set[str] = set()  # names of chunks that must be computed again
        self.cells = 0  # in the chunks that are there now
        self.failed = 0  # of them: cells that failed or diverged
        self.failures = 0  # of them: in chunks that this process has computed
        self.line = Line()
        self._sweep = sweep
        self.begin(0, 0)

    def begin(self, chunks: int, cost: int) -> None:
        """Take note that so many chunks are to be computed, of so many cells x steps."""
        self._chunks, self._cost, self._steps, self._before = chunks, cost, 0, self.found
        self._under_way = 0
        self._began = time.monotonic()
        self.line.close()
        if self.damaged:
            self.line.warn(f"damaged chunks, which are computed again: {len(self.damaged)}")

    @property
    def done(self) -> int:
        """Chunks since the beginning."""
        return self.computed + self.found - self._before

    @property
    def rate(self) -> float:
        """Cells x steps per second since the beginning."""
        return (self._steps + self._under_way) / max(time.monotonic() - self._began, 1e-9)

    def show_steps(self, steps: int) -> None:
        """Show how many cells x steps are done of the chunks that are computed together now."""
        self._under_way = steps
        if steps:
            self.line.show(self._text)

    def count_found(self, chunk: Chunk) -> None:
        """Count a chunk that another process or an earlier one has written."""
        self.found += 1
        self._count(chunk)

    def count_computed(self, chunk: Chunk, steps: int) -> None:
        """Count a chunk, and report its cells that failed or diverged."""
        self.computed += 1
        self._steps += steps
        self._count(chunk)
        index = dict(zip(chunk.cells.tolist(), chunk.status.tolist(), strict=True))
        for cell, why in chunk.errors.items():
            self.failures += 1
            if self.failures <= MOST_SHOWN:
                status = Status(index[cell]).name
                self.line.warn(f"cell {cell} ({self._sweep.at(cell)}) {status}: {why}")
            elif self.failures == MOST_SHOWN + 1:
                self.line.warn(f"more cells fail; `{invocation('sweep status')}` counts them")
        self.line.show(self._text)

    def count_lost(self, error: Exception) -> None:
        """Count and report a chunk that could not be computed."""
        self.lost += 1
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        if self.lost <= MOST_SHOWN:
            self.line.warn(f"a chunk is not computed: {reason}")

    def looked(self, missing: int, chunks: int) -> str:
        """Return how far the search for chunks that are there has come."""
        return f"{missing + self.found:,} of {chunks:,} chunks are looked for in the folder"

    def _count(self, chunk: Chunk) -> None:
        self.cells += chunk.cells.size
        self.failed += int(np.count_nonzero(chunk.status != Status.finished))

    def _text(self) -> str:
        left = (self._cost - self._steps - self._under_way) / max(self.rate, 1e-9)
        found = f" ({self._before:,} more were found)" if self._before else ""
        under_way = f" and {self._under_way:.2g} cells x steps" if self._under_way else ""
        return (
            f"{self.done:,} of {self._chunks:,} chunks{found}{under_way},"
            f" {self.rate:.2g} cells x steps/s,"
            f" {left:,.0f} s left, {self.failures:,} failures"
        )
