"""Bring runs into the dashboard, whether it is running or not."""

from __future__ import annotations

import asyncio
import http.client
import json
import pickle
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp, Message

from experiments.dashboard.options import Options
from experiments.dashboard.errors import DashboardError
from experiments.dashboard.run_packets import find_run, read_run
from experiments.dashboard.server import guarded, open_store, running_at
from experiments.dashboard.store import InUse
from experiments.tracking.dashboard_link import ask

HERE = "127.0.0.1"
SECONDS_AN_ANSWER = 30.0
BYTES_A_REQUEST = 6 * 2**20  # the server takes 8 MiB

Post = Callable[[str, bytes], bytes]  # a target and a body to the answer


def import_runs(options: Options) -> None:
    """Show all of `options.runs`; DashboardError, and none is shown, where one cannot be read.

    A run that the dashboard has, whole or in part, is replaced, name and notes there included. A
    server that holds the data folder is sent the runs; without one they are written here, through
    the same handlers.
    """
    folders = [find_run(run, options.out) for run in options.runs]
    for folder in folders:
        read_run(folder)  # and let go of it: a trace may be large
    post = _poster(options)
    for folder in folders:
        uuid, packets = read_run(folder)
        query = {"run_uuid": uuid, "rank": 0, "main_rank": 0, "world_size": 0}
        target = f"/api/v1/default/track?{urlencode(query)}&labml_version={version('labml')}"
        try:
            for body in _bodies(packets):
                post(target, body)
        except (sqlite3.Error, pickle.UnpicklingError, OSError, http.client.HTTPException) as error:
            raise DashboardError(
                f"{folder} cannot be imported ({error}); make room or mend {options.data}, then"
                " import it again."
            ) from None
        print(f"imported {folder}")


def _bodies(packets: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Requests for these packets, one where it fits: what a request brings is kept at once."""
    waiting: list[str] = []
    for packet in map(json.dumps, packets):
        if waiting and sum(map(len, waiting)) + len(packet) > BYTES_A_REQUEST:
            yield f"[{','.join(waiting)}]".encode()
            waiting = []
        waiting.append(packet)
    yield f"[{','.join(waiting)}]".encode()


def _poster(options: Options) -> Post:
    try:
        app = guarded(open_store(options), options.host, loopback=True)
    except InUse as error:
        address = running_at(options.data, error)
        return lambda target, body: _post(address, target, body)
    return lambda target, body: asyncio.run(_call(app, target, body))


def _post(address: str, target: str, body: bytes) -> bytes:
    try:
        return ask(address + target, body, SECONDS_AN_ANSWER)
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise DashboardError(
            f"The dashboard at {address} does not take the run ({reason})."
        ) from None


async def _call(app: ASGIApp, target: str, body: bytes) -> bytes:
    """One request to the app in this process, without a socket."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", HERE.encode()), (b"content-type", b"application/json")],
        "client": (HERE, 0),
        "server": (HERE, 80),
    }
    answer: list[dict[str, Any]] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        answer.append(dict(message))

    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in answer)
    if answer[0]["status"] != 200:
        raise DashboardError(f"The dashboard does not take the run ({content.decode()}).")
    return content
