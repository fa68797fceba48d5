"""The door: nobody holds a connection who does not use it, and none holds the server."""

import asyncio
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from experiments.dashboard import __main__ as command
from experiments.dashboard import connection
from tests.dashboard.served import Served, packet

pytestmark = pytest.mark.slow

SECONDS = 0.4
HALF = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
REQUEST = b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"

Connect = Callable[[], socket.socket]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Serve as many bytes as the path says, and let clients connect."""
    monkeypatch.setattr(connection, "REQUEST_SECONDS", SECONDS)
    monkeypatch.setattr(connection, "ANSWER_SECONDS", SECONDS)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        message: Mapping[str, Any] = {"more_body": True}
        while message.get("more_body"):
            message = await receive()
        await asyncio.sleep(float(dict(scope["headers"]).get(b"x-work", 0)))
        start: Message = {"type": "http.response.start", "status": 200, "headers": []}
        await send(start)
        for _ in range(int(scope["path"][1:] or 0) // 2**16):
            await send({"type": "http.response.body", "body": b"." * 2**16, "more_body": True})
        await send({"type": "http.response.body", "body": b"end"})

    config = uvicorn.Config(
        app, http=connection.Connection, lifespan="off", ws="none", log_level="error"
    )
    server = uvicorn.Server(config)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        stack.callback(thread.join)
        stack.callback(lambda: setattr(server, "should_exit", True))

        def connected() -> socket.socket:
            client = socket.socket()
            client.settimeout(5)
            client.connect(listener.getsockname())
            return stack.enter_context(client)

        yield connected


def seconds_to_end(client: socket.socket, drip: bytes = b"") -> float:
    """Return when the server closes the connection, while it is sent `drip` over and over."""
    began = time.monotonic()
    client.settimeout(0.05)
    while time.monotonic() < began + 5:
        try:
            client.sendall(drip)
            if client.recv(1) == b"":
                break
        except TimeoutError:
            pass
        except OSError:
            break
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("first", "drip"),
    [
        (b"", b""),
        (HALF, b""),
        (HALF, b"X: y\r\n"),
        (POST, b""),
        (POST, b"."),
    ],
    ids=["nothing", "half of the headers", "slow headers", "no body", "slow body"],
)
def test_request_must_come_in_time(connect: Connect, first: bytes, drip: bytes) -> None:
    client = connect()
    client.sendall(first)
    assert SECONDS / 2 < seconds_to_end(client, drip) < 3 * SECONDS


def answer(client: socket.socket) -> bytes:
    """Read one answer to its end."""
    content = b""
    while not content.endswith(b"0\r\n\r\n"):
        piece = client.recv(2**20)
        assert piece, content[:1000]
        content += piece
    return content


def test_each_request_has_its_own_time(connect: Connect) -> None:
    client = connect()
    client.sendall(REQUEST % 0)
    assert answer(client).startswith(b"HTTP/1.1 200 ")
    for _ in range(3):
        for part in HALF, b"\r\n":
            time.sleep(0.6 * SECONDS)
            client.sendall(part)
        assert answer(client).startswith(b"HTTP/1.1 200 ")
    client.sendall(HALF)
    assert SECONDS / 2 < seconds_to_end(client, b"X: y\r\n") < 3 * SECONDS


def test_second_of_two_requests_at_once_is_timed(connect: Connect) -> None:
    client = connect()
    client.sendall(REQUEST % 0 + HALF)
    assert answer(client).startswith(b"HTTP/1.1 200 ")
    assert SECONDS / 2 < seconds_to_end(client) < 3 * SECONDS


@pytest.mark.parametrize("end", [b"", b"Connection: close\r\n"], ids=["kept", "closed"])
@pytest.mark.parametrize("more", [b"", REQUEST % 0], ids=["one", "two"])
def test_answer_must_be_taken_in_time(connect: Connect, end: bytes, more: bytes) -> None:
    client = connect()
    client.sendall(REQUEST[:-2] % 20_000_000 + end + b"\r\n")
    time.sleep(SECONDS / 4)
    with suppress(OSError):
        client.sendall(more)
    time.sleep(2 * SECONDS)
    taken = 0
    with suppress(OSError):
        while piece := client.recv(2**20):
            taken += len(piece)
    assert taken < 20_000_000


def test_work_and_large_answers_have_their_time(connect: Connect) -> None:
    client = connect()
    client.sendall(REQUEST[:-2] % 20_000_000 + b"X-Work: %.1f\r\n\r\n" % (3 * SECONDS))
    content = answer(client)
    assert content.startswith(b"HTTP/1.1 200 ")
    assert content.count(b".") > 19_900_000


def test_one_that_waits_makes_room(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 60)
    monkeypatch.setattr(connection, "most_connections", lambda: 3)
    working = connect()
    working.sendall(REQUEST[:-2] % 0 + b"X-Work: 0.5\r\n\r\n")
    time.sleep(0.1)
    first, second = connect(), connect()
    first.sendall(HALF)
    second.sendall(HALF)
    time.sleep(0.1)
    last = connect()
    assert seconds_to_end(first) < 1
    for client, rest in ((second, b"\r\n"), (last, REQUEST % 0)):
        client.sendall(rest)
        assert answer(client).startswith(b"HTTP/1.1 200 ")
    assert answer(working).startswith(b"HTTP/1.1 200 ")


def test_new_one_waits_outside_where_all_work(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "most_connections", lambda: 2)
    working = [connect(), connect()]
    for client in working:
        client.sendall(REQUEST[:-2] % 0 + b"X-Work: 0.5\r\n\r\n")
    time.sleep(0.1)
    assert seconds_to_end(connect()) < SECONDS / 2
    for client in working:
        assert answer(client).startswith(b"HTTP/1.1 200 ")


def test_connections_stay_below_the_limit_of_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        for limit in (60, 100, 256):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            most = connection.most_connections()
            assert 1 <= most <= connection.MOST_CONNECTIONS
            assert 2 * most < limit
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_too_few_descriptors_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (connection.RESERVE, hard))
        assert command.main(["--port", "0", "--data", str(tmp_path / "data")]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "ulimit -n" in printed.err
    assert not (tmp_path / "data").exists()


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="the system cannot set it from here")
@pytest.mark.parametrize("first", [b"", HALF, POST])
def test_half_sent_requests_hold_no_server(served: Served, first: bytes) -> None:
    resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, (100, 100))
    place = served.address.removeprefix("http://").split(":")
    with ExitStack() as stack:
        for _ in range(150):
            client = stack.enter_context(socket.create_connection((place[0], int(place[1]))))
            with suppress(OSError):  # closed for a later one
                client.sendall(first)
        began = time.monotonic()
        served.track("0123456789abcdef", packet(10))
        assert served.ask("GET", "/js/bundle.min.js")[0] == 200
        assert len(served.runs()) == 1
        assert time.monotonic() - began < 3
        assert served.stop() == ""


def test_malformed_requests_write_no_lines(served: Served) -> None:
    place = served.address.removeprefix("http://").split(":")
    for content in (b"\0\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\n", b"\x16\x03"):
        with socket.create_connection((place[0], int(place[1])), timeout=5) as client:
            client.sendall(content)
            client.shutdown(socket.SHUT_WR)
            with suppress(OSError):
                client.recv(1000)
    upgrade = {"Connection": "upgrade", "Upgrade": "websocket"}
    served.ask("GET", "/", headers=upgrade)
    assert served.stop() == ""


def test_dashboard_closes_a_half_sent_request_after_ten_seconds(served: Served) -> None:
    place = served.address.removeprefix("http://").split(":")
    with socket.create_connection((place[0], int(place[1]))) as client:
        client.sendall(POST)
        began = time.monotonic()
        client.settimeout(15)
        with suppress(OSError):
            client.recv(1)
        assert 9 < time.monotonic() - began < 12
