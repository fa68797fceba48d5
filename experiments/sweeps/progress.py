"""One line of progress on standard error: written over on a terminal, every 10 s elsewhere."""

import time
from collections.abc import Callable

from experiments.terminal import is_live, say

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_UPDATES = 0.2


class Line:
    """The line, and the sentences of a sweep above it."""

    def __init__(self) -> None:
        self._live = is_live()
        self._pause = SECONDS_BETWEEN_UPDATES if self._live else SECONDS_BETWEEN_LINES
        self._shown = time.monotonic()

    def show(self, text: Callable[[], str]) -> None:
        """Show a new text, unless the last one is too young."""
        if time.monotonic() - self._shown >= self._pause:
            self._shown = time.monotonic()
            self._say(text(), end="" if self._live else "\n")

    def warn(self, sentence: str) -> None:
        """Print a sentence at once."""
        self._say(f"sweep: {sentence}")

    def close(self) -> None:
        """Clear the line."""
        if self._live:
            self._say("", end="")

    def _say(self, text: str, end: str = "\n") -> None:
        say(("\r\x1b[K" if self._live else "") + text, end=end)
