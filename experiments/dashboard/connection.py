"""A connection to the dashboard, which is closed when the other side is too slow."""

from __future__ import annotations

import asyncio
import sys

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 10.0
ANSWER_SECONDS = 60.0
MOST_CONNECTIONS = 100  # each may bring a request of 8 MiB
ACCEPTED_AT_ONCE = 8
# Of descriptors: 24 of the process itself, the rest for connections that are accepted in the few
# turns of the event loop before they are counted here.
RESERVE = 24 + 4 * ACCEPTED_AT_ONCE


def most_connections() -> int:
    """Return how many connections the process can serve, by its limit of descriptors."""
    if sys.platform == "win32":  # it has no such limit
        return MOST_CONNECTIONS
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return min(MOST_CONNECTIONS, (limit - RESERVE) // 2)  # a connection and the file that it sends


class Connection(H11Protocol):
    """A connection with a clock, which runs while the other side has something to do.

    A whole request, its headers included, must come within REQUEST_SECONDS, and an answer must be
    taken within ANSWER_SECONDS. Where there are too many connections, the one whose clock ends
    first makes room.
    """

    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_clock(REQUEST_SECONDS)
        if len(self.connections) > most_connections():
            clocks = {c._clock: c for c in self.connections if isinstance(c, Connection)}
            first = min((clock for clock in clocks if clock), key=asyncio.TimerHandle.when)
            clocks[first]._close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.timeout_keep_alive_task is not None:  # the first bytes after an answer
            self._start_clock(REQUEST_SECONDS)
        super().data_received(data)
        self._stop_clock_at_work()

    def on_response_complete(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._start_clock(ANSWER_SECONDS if left else REQUEST_SECONDS)
        super().on_response_complete()
        self._stop_clock_at_work()  # the next request has come already

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_clock(ANSWER_SECONDS)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_clock_at_work()

    def shutdown(self) -> None:
        super().shutdown()
        if self._clock is not None:
            self._close()

    def _start_clock(self, seconds: float) -> None:
        self._stop_clock()
        self._clock = self.loop.call_later(seconds, self._close)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _stop_clock_at_work(self) -> None:
        """Stop the clock where a whole request is being answered, and the other side takes it."""
        cycle = self.cycle
        waiting = cycle is None or cycle.more_body or cycle.response_complete
        if not waiting and not self.flow.write_paused:
            self._stop_clock()

    def _close(self) -> None:
        self._stop_clock()
        self.transport.abort()  # `close` would wait until everything written is taken
