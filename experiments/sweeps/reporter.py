"""What a sweep tells while it runs, on standard error."""

import sys
import time
from typing import Any

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_UPDATES = 0.2
FAILURES_TOLD = 10


class Telling:
    """Chunks done, configurations x steps per second, the time left; and failures at once."""

    def __init__(self, chunks: int, cost: int, skipped: int) -> None:
        self.chunks, self.cost = chunks, cost  # to do in this process
        self.skipped = skipped
        self.done = self.steps = self.failures = 0
        self._live = sys.stderr.isatty()
        self._began = self._said = time.monotonic()

    @property
    def rate(self) -> float:
        """Configurations x steps per second so far."""
        return self.steps / max(time.monotonic() - self._began, 1e-9)

    def chunk(self, steps: int) -> None:
        """Another chunk is done."""
        self.done += 1
        self.steps += steps
        pause = SECONDS_BETWEEN_UPDATES if self._live else SECONDS_BETWEEN_LINES
        if time.monotonic() - self._said >= pause:
            self._said = time.monotonic()
            self._say(self._line(), end="" if self._live else "\n")

    def failure(self, cell: int, where: dict[str, Any], status: str, why: str) -> None:
        """A cell has failed or diverged."""
        self.failures += 1
        if self.failures <= FAILURES_TOLD:
            at = ", ".join(f"{name} = {value}" for name, value in where.items())
            self.warn(f"cell {cell} ({at}) {status}: {why}")
        elif self.failures == FAILURES_TOLD + 1:
            self.warn("there are more of these; `python -m experiments.sweep status` counts them")

    def warn(self, sentence: str) -> None:
        """Tell of something at once."""
        self._say(f"sweep: {sentence}")

    def close(self) -> None:
        """Clear the line."""
        if self._live:
            self._say("", end="")

    def _line(self) -> str:
        left = (self.cost - self.steps) / max(self.rate, 1e-9)
        already = f" ({self.skipped:,} were there)" if self.skipped else ""
        return (
            f"{self.done:,} of {self.chunks:,} chunks{already}, {self.rate:.2g} configurations x"
            f" steps/s, {left:,.0f} s left, {self.failures:,} failures"
        )

    def _say(self, text: str, end: str = "\n") -> None:
        clear = "\r\x1b[K" if self._live else ""
        print(f"{clear}{text}", end=end, file=sys.stderr, flush=True)
