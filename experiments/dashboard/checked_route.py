"""A route of labml_app's, checked before and kept or undone after."""

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
from experiments.dashboard.schemas import form_of
from experiments.dashboard.labml_parts import run, session, utils
from experiments.dashboard.store import Transactions

API = "/api/v1/"
# What labml_app raises on what it did not expect, as it checks nothing that it is sent.
UNFORESEEN = (LookupError, AttributeError, TypeError, ValueError, ArithmeticError, RecursionError)

Handle = Callable[[Request], Coroutine[Any, Any, Response]]


def checked_route(transactions: Transactions) -> type[APIRoute]:
    one_at_a_time = asyncio.Lock()

    class Checked(APIRoute):
        """Checks a request, and keeps what it changes only where it succeeds, before it answers."""

        def get_route_handler(self) -> Handle:
            handle: Handle = super().get_route_handler()
            method = min(self.methods or {"GET"})
            form = form_of(method, self.path.removeprefix(API))

            async def checked(request: Request) -> Response:
                if form is not None:
                    try:
                        body = form.model_validate_json(await request.body())
                    except ValidationError as error:
                        return _refusal(422, _first(error))
                    given = body.model_dump(exclude_unset=True)
                async with one_at_a_time:
                    transactions.begin()
                    keep = False
                    try:
                        _find(request)
                        if form is not None:
                            if self.path.endswith("compare/preferences/{run_uuid}"):
                                presets.complete(given, request.path_params["run_uuid"])
                            request = _with_body(request, given)
                        with warnings.catch_warnings():
                            # labml_app begins each curve with the mean of no values
                            warnings.simplefilter("ignore", RuntimeWarning)
                            response = await handle(request)
                        keep = response.status_code < 400
                    except UNFORESEEN:
                        return _refusal(400, "This is nothing that labml or its page would send.")
                    finally:
                        transactions.end(keep=keep)
                return response

            return checked

    return Checked


def _with_body(request: Request, body: Any) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode()}

    return Request(request.scope, receive)


def _find(request: Request) -> None:
    """Refuse to make up what is asked for and not there, as labml_app would."""
    named = {**request.query_params, **request.path_params}
    if request.path_params.get("labml_token") is not None:
        return
    for uuid in filter(None, (named.get("run_uuid"), named.get("current"))):
        if run.get(utils.get_true_run_uuid(uuid)) is None:
            raise HTTPException(404, "There is no such run.")
    if "session_uuid" in named and session.get(named["session_uuid"]) is None:
        raise HTTPException(404, "There is no such computer.")


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, problem["loc"]))
    return f"{place}: {problem['msg']}" if place else problem["msg"]


def _refusal(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status)
