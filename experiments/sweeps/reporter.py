"""The reports of one process on a sweep: progress and failures at once, the result at the end."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from experiments.sweeps.chunk_file import STATUS, Chunk
from experiments.terminal import say

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_UPDATES = 0.2
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
        values: from the number of a cell to its values on the axes.
    """

    def __init__(self, values: Callable[[int], Mapping[str, Any]]) -> None:
        self.found = 0  # chunks that were there, or that another process has written meanwhile
        self.computed = 0  # chunks
        self.lost = 0  # chunks that could not be computed
        self.damaged: set[str] = set()  # names of chunks that must be computed again
        self.cells = 0  # in the chunks that are there now
        self.failed = 0  # of them: cells that failed or diverged
        self.failures = 0  # of them: in chunks that this process has computed
        self._values = values
        self._live = sys.stderr.isatty()
        self.begin(0, 0)

    def begin(self, chunks: int, cost: int) -> None:
        """Take note that so many chunks are to be computed, of so many cells x steps."""
        self._chunks, self._cost, self._steps, self._before = chunks, cost, 0, self.found
        self._began = self._said = time.monotonic()
        if self.damaged:
            self.warn(f"damaged chunks, which are computed again: {len(self.damaged)}")

    @property
    def done(self) -> int:
        """Chunks since the beginning."""
        return self.computed + self.found - self._before

    @property
    def rate(self) -> float:
        """Cells x steps per second since the beginning."""
        return self._steps / max(time.monotonic() - self._began, 1e-9)

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
                at = ", ".join(f"{name} = {value}" for name, value in self._values(cell).items())
                self.warn(f"cell {cell} ({at}) {STATUS[index[cell]]}: {why}")
            elif self.failures == MOST_SHOWN + 1:
                self.warn("more cells fail; `python -m experiments.sweep status` counts them")
        pause = SECONDS_BETWEEN_UPDATES if self._live else SECONDS_BETWEEN_LINES
        if time.monotonic() - self._said >= pause:
            self._said = time.monotonic()
            self._say(self._line(), end="" if self._live else "\n")

    def count_lost(self, error: Exception) -> None:
        """Count and report a chunk that could not be computed."""
        self.lost += 1
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        if self.lost <= MOST_SHOWN:
            self.warn(f"a chunk is not computed: {reason}")

    def warn(self, sentence: str) -> None:
        """Print a sentence at once."""
        self._say(f"sweep: {sentence}")

    def close(self) -> None:
        """Clear the live line."""
        if self._live:
            self._say("", end="")

    def _count(self, chunk: Chunk) -> None:
        self.cells += chunk.cells.size
        self.failed += int(np.count_nonzero(chunk.status != STATUS.index("finished")))

    def _line(self) -> str:
        left = (self._cost - self._steps) / max(self.rate, 1e-9)
        found = f" ({self._before:,} more were found)" if self._before else ""
        return (
            f"{self.done:,} of {self._chunks:,} chunks{found}, {self.rate:.2g} cells x steps/s,"
            f" {left:,.0f} s left, {self.failures:,} failures"
        )

    def _say(self, text: str, end: str = "\n") -> None:
        say(("\r\x1b[K" if self._live else "") + text, end=end)
