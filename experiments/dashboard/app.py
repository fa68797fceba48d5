"""labml_app's handlers, over a database of ours."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request

from experiments.dashboard import presets
from experiments.dashboard.checked_route import API, checked_route
from experiments.dashboard.database import Database
from experiments.dashboard.drivers import IndexDriver, ModelDriver
from experiments.dashboard.labml_parts import (
    Index,
    Model,
    computer_analyses,
    db,
    handlers,
    metrics,
    project,
    run,
    session,
    user,
)
from experiments.dashboard.last_record import keep_last_records
from experiments.dashboard.named_runs import edit_run, list_runs, show_run
from experiments.dashboard.own_project import forget, own_token
from experiments.dashboard.packet_schemas import MOST_CURVES, MOST_NAMES

Rank = Annotated[int, Query(ge=0, le=1024)]
Uuid = Annotated[str, Query(pattern=r"^[0-9A-Za-z-]{10,64}$")]
Version = Annotated[str, Query(pattern=r"^\d{1,4}(\.\d{1,4}){0,3}$")]


def build(database: Database) -> FastAPI:
    """Return labml_app's handlers over `database`."""
    logging.getLogger("LabML logger").setLevel(logging.CRITICAL)
    presets.show_even_curves()
    keep_last_records()
    # labml_app would keep a token of each visit for good, and never use one.
    user.User.generate_session_token = lambda self, auth_token: auth_token
    connection = database.connection
    Model.set_db_drivers([ModelDriver(connection, model.__name__) for model in db.models])
    Index.set_db_drivers([IndexDriver(connection, index.__name__) for index in db.indexes])
    app = FastAPI(openapi_url=None)
    router = APIRouter(route_class=checked_route(database))
    # Before labml_app's own: its first two sleep for 3 s in each request.
    router.add_api_route(f"{API}{{labml_token}}/track", _track, methods=["POST"])
    router.add_api_route(f"{API}{{labml_token}}/computer", _track_computer, methods=["POST"])
    router.add_api_route(f"{API}runs/{{labml_token}}", list_runs, methods=["GET"])
    router.add_api_route(f"{API}run/{{run_uuid}}", show_run, methods=["GET"])
    router.add_api_route(f"{API}run/{{run_uuid}}", edit_run, methods=["POST"])
    handlers.add_handlers(router)
    app.include_router(router)
    return app


async def _track(
    request: Request,
    run_uuid: Uuid,
    labml_version: Version,
    rank: Rank = 0,
    world_size: Rank = 0,
    main_rank: Rank = 0,
) -> Any:
    """Take packets of a run."""
    packets = await request.json()
    token = own_token()
    written = forget({uuid for packet in packets for uuid in packet.get("replaces", [])})
    first = not presets.has_curves(run_uuid)
    reply = await handlers._update_run(
        request, token, labml_version, run_uuid, rank, world_size, main_rank
    )
    if first and presets.has_curves(run_uuid):
        presets.arrange(run_uuid, project.get_project(token))
    started = [packet["started"] for packet in packets if packet.get("started")]
    if started:
        tracked = run.get(run_uuid)
        tracked.start_time = started[-1]
        tracked.update(written)
        tracked.save()
    uuid = f"{run_uuid}_{rank}" if world_size > 1 and rank > 0 else run_uuid  # as labml_app has it
    _require_few(run.get(uuid), [metrics.MetricsAnalysis.get_or_create(uuid)])
    return reply


async def _track_computer(
    request: Request, session_uuid: Uuid, computer_uuid: Uuid, labml_version: Version
) -> Any:
    """Take packets of a computer, from `labml monitor`."""
    reply = await handlers._update_session(
        request, own_token(), session_uuid, computer_uuid, labml_version
    )
    analyses = [analysis.get_or_create(session_uuid) for analysis in computer_analyses]
    _require_few(session.get(session_uuid), analyses)
    return reply


def _require_few(tracked: Any, analyses: Sequence[Any]) -> None:
    """Refuse a request, which then changes nothing, after which there would be too much."""
    models = [model for analysis in analyses for model in vars(analysis).values()]
    for most, count, what in (
        (MOST_CURVES, sum(len(model.tracking) for model in models), "curves"),
        (MOST_NAMES, len(tracked.configs), "hyper-parameters"),
    ):
        if count > most:
            raise HTTPException(422, f"A run or a computer may have {most} {what} at most.")
