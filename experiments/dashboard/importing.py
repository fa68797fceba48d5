"""Bring runs into the dashboard, also while it is running."""

from __future__ import annotations

import asyncio
import http.client
import json
import pickle
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message

from experiments.command import CommandError
from experiments.dashboard.app import build
from experiments.dashboard.database import FILE, Database, InUse
from experiments.dashboard.run_packets import read_run
from experiments.dashboard.server import running_at
from experiments.files.unwritten import gone
from experiments.run.files import find_run
from experiments.terminal import show
from experiments.tracking.dashboard_link import LOCAL_API, ask, track_path

HERE = "127.0.0.1"
SECONDS_PER_ANSWER = 30.0
# The three packets of a short run are one request, of which the dashboard keeps all or nothing.
# Three of a long run stay below MOST_BYTES and MOST_POINTS.
PACKETS_PER_REQUEST = 3

Post = Callable[[str, bytes], object]  # takes a target and a body


def import_runs(runs: Sequence[str], *, out: Path, data: Path) -> None:
    """Show all of these runs.

    A run that the dashboard has already, or has a part of, is replaced, with its name and its notes
    there. A server that holds the data folder is sent the runs; without one they are written here,
    through the same handlers.

    Args:
        runs: ids of runs in `out`, or paths of their folders.
        out: the folder that keeps the runs.
        data: the folder that keeps the dashboard's runs.

    Raises:
        CommandError: one cannot be read, and none is shown; or the dashboard cannot take one.
    """
    folders = [find_run(run, out) for run in runs]
    for folder in folders:
        read_run(folder)  # and let go of it: a trace may be large
    post = _poster(data)
    for folder in folders:
        uuid, packets = read_run(folder)
        target = LOCAL_API + track_path(uuid, version("labml"))
        try:
            for body in _bodies(packets):
                post(target, body)
        except (sqlite3.Error, pickle.UnpicklingError, OSError, http.client.HTTPException) as error:
            raise CommandError(
                f"{folder.path} cannot be imported ({error}); make room or mend {data}, then"
                " import it again.",
                status=1,
            ) from None
        if not (data / FILE).exists():  # SQLite goes on in a file that was removed
            raise CommandError(gone(data), status=1)
        unseen = show([f"imported {folder.path}"])
        if unseen is not None:
            sentence = f"{folder.path} is imported, but it cannot be reported ({unseen})"
            raise CommandError(sentence, status=1)


def _bodies(packets: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Yield the bodies of the requests."""
    while some := list(islice(packets, PACKETS_PER_REQUEST)):
        yield json.dumps(some).encode()


def _poster(data: Path) -> Post:
    try:
        app = build(Database(data))
    except InUse as error:
        address = running_at(data, error)
        return lambda target, body: _post(address, target, body)
    return lambda target, body: asyncio.run(_call(app, target, body))


def _post(address: str, target: str, body: bytes) -> None:
    try:
        ask(address + target, body, SECONDS_PER_ANSWER)
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise CommandError(
            f"The dashboard at {address} does not take the run ({reason})."
        ) from None


async def _call(app: ASGIApp, target: str, body: bytes) -> None:
    """Send one request to the app in this process, without a socket."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"content-type", b"application/json")],
        "client": (HERE, 0),
        "server": (HERE, 80),
    }
    answer: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        answer.append(message)

    await app(scope, receive, send)
    if answer[0]["status"] != 200:
        content = b"".join(message.get("body", b"") for message in answer)
        raise CommandError(f"The dashboard does not take the run ({content.decode()}).")
