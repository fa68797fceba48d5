"""Requests of the page for runs, answered with automatic names where nobody has given one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from experiments.dashboard.labml_parts import handlers, project, run
from experiments.dashboard.naming import automatic_names
from experiments.dashboard.own_project import own_token


async def list_runs(request: Request, labml_token: str, folder_name: str = "default") -> Any:
    """Return the runs in a folder of the page."""
    reply = await handlers.get_runs(request, labml_token=labml_token, folder_name=folder_name)
    return _with_names(reply, lambda content: content["runs"])


async def show_run(request: Request, run_uuid: str) -> Any:
    """Return what the page shows of a run."""
    return _with_names(await handlers.get_run(request, run_uuid), lambda content: [content])


async def edit_run(request: Request, run_uuid: str) -> Any:
    """Take what a person has written; the page sends the name also where only the note is new."""
    written = await request.json()
    if written.get("name") == _automatic_names().get(run_uuid, ""):
        written.pop("name")
    return await handlers.edit_run(request, run_uuid=run_uuid)


def _automatic_names() -> dict[str, str]:
    runs = [run.get(uuid) for uuid in project.get_project(own_token()).runs]
    return automatic_names(filter(None, runs))


def _with_names(reply: Response, shown: Callable[[Any], list[dict[str, Any]]]) -> Response:
    """Put the automatic names into the part of the reply that `shown` returns."""
    content, names = json.loads(bytes(reply.body)), _automatic_names()
    for entry in shown(content):
        entry["name"] = names.get(entry["run_uuid"], entry["name"])
    known = {name: value for name, value in reply.headers.items() if name == "authorization"}
    return JSONResponse(content, reply.status_code, known)
