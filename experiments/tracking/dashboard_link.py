"""The link to a labml dashboard: a thread of ours, as labml's may never end."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlencode

LOCAL_API = "/api/v1/default"  # labml-app expects a token behind v1, and ignores it
PROBE_SECONDS = 1.0
# labml-app sleeps 3 s in each request, and the end of a run may have to wait for two of them.
PATIENCE_SECONDS = 8.0


class DashboardLink(threading.Thread):
    """A thread that sends labml's packets to a dashboard until it fails once.

    labml's own thread retries without limit and is not a daemon, so that a dashboard that dies
    keeps the finished process alive (more than 45 s measured).
    """

    def __init__(self, address: str, run: str, labml_version: str) -> None:
        super().__init__(name="labml dashboard", daemon=True)
        self.address = address
        self.failure = ""
        base = address.rstrip("/")
        base += "" if "/api/" in base else LOCAL_API
        self._url = base + track_path(run, labml_version)
        self._sources: SimpleQueue[Any] = SimpleQueue()
        self._probed = threading.Event()

    def answers(self) -> bool:
        """Start; return whether the address answers a first request in time."""
        self.start()
        if not self._probed.wait(PROBE_SECONDS):
            self.failure = f"no answer in {PROBE_SECONDS:g} s"
            self.stop()
        return not self.failure

    def has_data(self, source: Any) -> None:
        """Take note of a source of packets (called by labml)."""
        self._sources.put(source)

    def add_handler(self, handler: Any) -> None:
        """Leave labml's handlers out: they print, open a browser, and change parameters."""

    def stop(self) -> None:
        """End once the packets of all noted sources are sent (called by labml)."""
        self._sources.put(None)

    def run(self) -> None:
        """Probe the address, then send until stopped."""
        from urllib.error import HTTPError

        try:
            with suppress(HTTPError):  # any status is an answer
                ask(self.address, None, PATIENCE_SECONDS)
            self._probed.set()
            more = True
            while more:
                sources = [self._sources.get()]
                while not self._sources.empty():
                    sources.append(self._sources.get())
                more = None not in sources
                packets = [s.get_data_packet().data for s in dict.fromkeys(sources) if s]
                if packets:
                    self._send(packets)
        except Exception as error:  # the run's own thread reports it
            self.failure = str(getattr(error, "reason", error)) or repr(error)
        finally:
            self._probed.set()

    def _send(self, packets: list[dict[str, Any]]) -> None:
        reply = json.loads(ask(self._url, json.dumps(packets).encode(), PATIENCE_SECONDS))
        for problem in reply.get("errors", []):
            if "error" in problem:
                raise RuntimeError(problem["error"])


def with_last_records(
    records: Mapping[str, Sequence[tuple[int, float]]], means: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Return labml's means of neighbouring records, the last of each curve replaced by its end.

    Args:
        records: the steps and values of each curve that have not been sent yet.
        means: takes them and returns their means: lists of "step" and "value" of each curve.
    """
    ends = {name: points[-1] for name, points in records.items()}
    curves = means()
    for name, (step, value) in ends.items():
        curves[name]["step"][-1], curves[name]["value"][-1] = float(step), value
    return curves


def track_path(run: str, labml_version: str) -> str:
    """Return the path of the requests with packets of a run, by its uuid, below the API's."""
    query = {"run_uuid": run, "rank": 0, "main_rank": 0, "world_size": 0}
    return f"/track?{urlencode(query)}&labml_version={labml_version}"


def page_of(address: str, run: str) -> str:
    """Return the address of a run's page on the dashboard at `address`, by the run's uuid."""
    return f"{address.partition('/api/')[0].rstrip('/')}/run/{run}"


def ask(url: str, body: bytes | None, seconds: float) -> bytes:
    """Get `url`, or post the JSON `body` to it; OSError where no good answer comes in time."""
    from urllib.request import ProxyHandler, Request, build_opener

    request = Request(url, body, {"Content-Type": "application/json; charset=utf-8"})
    # A proxy would answer for a dashboard that does not exist.
    with build_opener(ProxyHandler({})).open(request, timeout=seconds) as reply:
        content: bytes = reply.read()
    return content
