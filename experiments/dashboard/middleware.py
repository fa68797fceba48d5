"""The door of the dashboard: whom it lets in, how much they may bring, what a page may load."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 8 * 2**20  # labml sends at most 1024 points of a curve at once: some 100 kB
SECONDS_FOR_BODY = 30.0

# labml's page takes its style sheets, fonts and d3 from these three, and nothing else from afar.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' https://d3js.org; img-src 'self' data:;"
        " style-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net https://cdnjs.cloudflare.com;"
        " font-src https://cdnjs.cloudflare.com; object-src 'none'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class Refusal(Exception):
    """A request that goes no further; the message is a sentence for whoever sent it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Guard:
    """Wraps the dashboard: what it refuses, the dashboard never sees.

    A foreign Host is how a web page reaches a server on its reader's own machine after giving its
    name that machine's address; a foreign Origin is how it does so without.

    Args:
        app: the dashboard.
        names: the host names under which it is known; addresses are always taken on top if
            `any_address`.
        any_address: whether it listens beyond the loopback interface, where addresses are many.
    """

    def __init__(self, app: ASGIApp, names: Collection[str], *, any_address: bool) -> None:
        self._app = app
        self._names = {name.lower() for name in names}
        self._any_address = any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            self._admit(scope["headers"])
            body = await _read(scope["headers"], receive)
        except Refusal as refusal:
            await _answer(send, refusal)
            return
        delivered = False

        async def replay() -> Message:
            nonlocal delivered
            if delivered:
                return await receive()
            delivered = True
            return {"type": "http.request", "body": body}

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_encoded(HEADERS)]
            await send(message)

        await self._app(scope, replay, sealed)

    def _admit(self, headers: list[tuple[bytes, bytes]]) -> None:
        hosts = _values(headers, b"host")
        if len(hosts) != 1 or not self._is_ours(_host(f"//{hosts[0]}")):
            raise Refusal(403, "This dashboard does not go by that Host.")
        foreign = Refusal(403, "This dashboard takes no requests from pages of others.")
        for origin in _values(headers, b"origin"):
            if _netloc(origin) != hosts[0].lower():
                raise foreign
        # A link on another page may lead here; its scripts and pictures may not ask.
        sites, modes = (_values(headers, b"sec-fetch-" + what) for what in (b"site", b"mode"))
        if {"cross-site", "same-site"} & set(sites) and "navigate" not in modes:
            raise foreign

    def _is_ours(self, name: str | None) -> bool:
        if name is None:
            return False
        if name in self._names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._any_address or address.is_loopback


def _values(headers: list[tuple[bytes, bytes]], wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in headers if name == wanted]


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # of a malformed IPv6 address
        return None


def _netloc(url: str) -> str | None:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return None


async def _read(headers: list[tuple[bytes, bytes]], receive: Receive) -> bytes:
    """The whole body, so that what comes after has no reason to wait."""
    too_much = Refusal(413, f"A request may have {MOST_BYTES} bytes at most.")
    for length in _values(headers, b"content-length"):
        if not (length.isascii() and length.isdigit()) or int(length[:20]) > MOST_BYTES:
            raise too_much
    body = bytearray()
    try:
        async with asyncio.timeout(SECONDS_FOR_BODY):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refusal(400, "The request ended before its time.")
                body += message.get("body", b"")
                if len(body) > MOST_BYTES:
                    raise too_much
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise Refusal(408, f"The request did not come in {SECONDS_FOR_BODY:g} s.") from None


async def _answer(send: Send, refusal: Refusal) -> None:
    content = json.dumps({"error": str(refusal)}).encode()
    headers: dict[str, Any] = {
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        "Connection": "close",
        **HEADERS,
    }
    start = {"type": "http.response.start", "status": refusal.status}
    await send({**start, "headers": _encoded(headers)})
    await send({"type": "http.response.body", "body": content})


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
