"""What a sweep reports: progress and failures while it runs, and results at the end."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from experiments.terminal import say

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_UPDATES = 0.2
FAILURES_SHOWN = 10


class Report(NamedTuple):
    """The result of a command."""

    lines: Sequence[str]  # for a person
    summary: Mapping[str, object]  # for a program
    status: int = 0  # of the process
    error: str = ""  # a sentence, where the command could not do all of it


class Reporter:
    """Reports chunks, cells x steps per second and the time left; and failures at once."""

    def __init__(self, chunks: int, cost: int, found: int) -> None:
        self.chunks, self.cost = chunks, cost  # to do in this process
        self.found = found  # chunks that were there
        self.done = self.steps = self.failures = 0
        self._live = sys.stderr.isatty()
        self._began = self._said = time.monotonic()

    @property
    def rate(self) -> float:
        """Cells x steps per second so far."""
        return self.steps / max(time.monotonic() - self._began, 1e-9)

    def chunk(self, steps: int) -> None:
        """Count another chunk."""
        self.done += 1
        self.steps += steps
        pause = SECONDS_BETWEEN_UPDATES if self._live else SECONDS_BETWEEN_LINES
        if time.monotonic() - self._said >= pause:
            self._said = time.monotonic()
            self._say(self._line(), end="" if self._live else "\n")

    def failure(self, cell: int, where: Mapping[str, Any], status: str, why: str) -> None:
        """Report a cell that failed or diverged."""
        self.failures += 1
        if self.failures <= FAILURES_SHOWN:
            at = ", ".join(f"{name} = {value}" for name, value in where.items())
            self.warn(f"cell {cell} ({at}) {status}: {why}")
        elif self.failures == FAILURES_SHOWN + 1:
            self.warn("there are more of these; `python -m experiments.sweep status` counts them")

    def warn(self, sentence: str) -> None:
        """Print a sentence at once."""
        self._say(f"sweep: {sentence}")

    def close(self) -> None:
        """Clear the live line."""
        if self._live:
            self._say("", end="")

    def _line(self) -> str:
        left = (self.cost - self.steps) / max(self.rate, 1e-9)
        found = f" ({self.found:,} more were found)" if self.found else ""
        return (
            f"{self.done:,} of {self.chunks:,} chunks{found}, {self.rate:.2g} cells x steps/s,"
            f" {left:,.0f} s left, {self.failures:,} failures"
        )

    def _say(self, text: str, end: str = "\n") -> None:
        say(("\r\x1b[K" if self._live else "") + text, end=end)
