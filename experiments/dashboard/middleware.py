"""Access control: who may ask the dashboard, how much a request may bring, what a page may load."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 8 * 2**20  # labml sends at most 1024 points of a curve at once: some 100 kB

# The page takes nothing from afar: the dashboard itself has what labml's page names.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline';"
        " object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class Refusal(Exception):
    """A request that is refused; the message is a sentence for its sender."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class AccessControl:
    """Middleware around the dashboard, which never sees a request that is refused here.

    A web page reaches a server on its reader's own machine with a foreign Host, if it gives its
    own name that machine's address, or else with a foreign Origin.

    Args:
        app: the dashboard.
        names: its host names.
        any_address: whether every address is accepted as its Host, as for a server that listens
            beyond the loopback interface; else only loopback addresses are.
    """

    def __init__(self, app: ASGIApp, names: Collection[str], *, any_address: bool) -> None:
        self._app = app
        self._names = {name.lower() for name in names}
        self._any_address = any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            self._check(headers)
            body = await _read(headers, receive)
        except Refusal as refusal:
            content = {"error": str(refusal)}
            response = JSONResponse(content, refusal.status, {"Connection": "close"})
            await response(scope, receive, send_with_headers)
            return
        waiting = [{"type": "http.request", "body": body}]

        async def receive_again() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, receive_again, send_with_headers)

    def _check(self, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(_split(f"//{hosts[0]}").hostname):
            raise Refusal(403, "This is not a Host of this dashboard.")
        foreign = Refusal(403, "This dashboard takes no requests from pages of others.")
        for origin in headers.getlist("origin"):
            if _split(origin).netloc.lower() != hosts[0].lower():
                raise foreign
        # A link on another page may lead here; its scripts and pictures may not ask.
        sites, modes = headers.getlist("sec-fetch-site"), headers.getlist("sec-fetch-mode")
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


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # of a malformed IPv6 address
        return urlsplit("")


async def _read(headers: Headers, receive: Receive) -> bytes:
    """Return the complete body, so that the dashboard never waits for a part of it."""
    too_much = Refusal(413, f"A request may have {MOST_BYTES} bytes at most.")
    for length in headers.getlist("content-length"):
        if not (length.isascii() and length.isdigit()) or int(length[:20]) > MOST_BYTES:
            raise too_much
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "The request ended too early.")
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise too_much
        if not message.get("more_body", False):
            return bytes(body)
