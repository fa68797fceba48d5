"""Progress of a run on standard error: a bar on a terminal, a line every few seconds in a pipe."""

import time
from contextlib import suppress

from experiments.terminal import is_live, say

SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Shows steps done of `total`, the rate, and the time left; `start` steps were done before.

    Args:
        total: the steps that are taken one by one; more may follow at once.
    """

    def __init__(self, total: int, start: int = 0):
        self._bar = None
        if is_live():
            from tqdm import tqdm

            self._bar = tqdm(
                total=total, initial=start, unit=" steps", unit_scale=True, leave=False
            )
        self._total, self._start, self._done = total, start, start
        self._began = self._said = time.monotonic()

    def update(self, done: int) -> None:
        done = min(done, self._total)
        if self._bar is not None:
            with suppress(OSError):  # the terminal has gone
                self._bar.update(done - self._done)
        self._done = done
        now = time.monotonic()
        if self._bar is None and now - self._said >= SECONDS_BETWEEN_LINES:
            self._said = now
            rate = (done - self._start) / (now - self._began)
            left = (self._total - done) / rate
            say(
                f"{done:,} of {self._total:,} steps ({done / self._total:.0%}), "
                f"{rate:,.0f} steps/s, {left:,.0f} s left"
            )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            with suppress(OSError):
                self._bar.close()
