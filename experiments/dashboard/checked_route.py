"""A route of labml_app with a check before it and a transaction around it."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from experiments.dashboard import presets
from experiments.dashboard.database import Database
from experiments.dashboard.labml_parts import run, session, utils
from experiments.dashboard.schemas import schema_of

API = "/api/v1/"
# labml_app raises these on unexpected requests, as it checks nothing that it is sent.
UNFORESEEN = (LookupError, AttributeError, TypeError, ValueError, ArithmeticError, RecursionError)

Handle = Callable[[Request], Coroutine[Any, Any, Response]]


def checked_route(database: Database) -> type[APIRoute]:
    """Return the class of the routes that change `database`."""
    one_at_a_time = asyncio.Lock()

    class Checked(APIRoute):
        """A route that checks a request, and keeps its changes, before it answers, on success."""

        def get_route_handler(self) -> Handle:
            handle: Handle = super().get_route_handler()
            method = min(self.methods or {"GET"})
            schema = schema_of(method, self.path.removeprefix(API))

            async def checked(request: Request) -> Response:
                if schema is not None:
                    try:
                        body = schema.model_validate_json(await request.body())
                    except ValidationError as error:
                        return _refusal(422, _first(error))
                    given = body.model_dump(exclude_unset=True)
                async with one_at_a_time:
                    database.begin()
                    keep = False
                    try:
                        _require_existing(request)
                        if schema is not None:
                            if self.path.endswith("compare/preferences/{run_uuid}"):
                                presets.complete(given, request.path_params["run_uuid"])
                            request = _with_body(request, given)
                        with warnings.catch_warnings():
                            # labml_app begins each curve with the mean of no values
                            warnings.simplefilter("ignore", RuntimeWarning)
                            response = await handle(request)
                        keep = response.status_code < 400
                    except UNFORESEEN:
                        return _refusal(400, "Neither labml nor its page sends such a request.")
                    finally:
                        database.end(keep=keep)
                return response

            return checked

    return Checked


def _with_body(request: Request, body: Any) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode()}

    return Request(request.scope, receive)


def _require_existing(request: Request) -> None:
    """Refuse a run or a computer that does not exist; labml_app would create it."""
    named = {**request.query_params, **request.path_params}
    if request.path_params.get("labml_token") is not None:
        return
    for uuid in filter(None, (named.get("run_uuid"), named.get("current"))):
        if run.get(utils.get_true_run_uuid(uuid)) is None:
            raise HTTPException(404, "This run does not exist.")
    if "session_uuid" in named and session.get(named["session_uuid"]) is None:
        raise HTTPException(404, "This computer does not exist.")


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, problem["loc"]))
    sentence = problem["msg"].removeprefix("Value error, ")
    return f"{place}: {sentence}" if place else sentence


def _refusal(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status)
