"""The dashboard as a server: its socket, its address, its end."""

from __future__ import annotations

import ipaddress
import re
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import uvicorn

from experiments.files.atomic import write_text
from experiments.dashboard.app import build
from experiments.dashboard.middleware import Guard
from experiments.dashboard.mongo import use_mongo
from experiments.dashboard.options import Options
from experiments.dashboard.errors import DashboardError
from experiments.dashboard.store import InUse, Store
from experiments.run.loop import raising_at_sigterm

ADDRESS_FILE = "address"  # in the data folder: where the server that holds it answers
SECONDS_TO_END = 2


def serve(options: Options) -> None:
    """Serve until SIGINT or SIGTERM; DashboardError where that cannot begin."""
    listener = _listen(options.host, options.port)
    with listener, raising_at_sigterm():
        port = listener.getsockname()[1]
        address = f"http://{_in_url(options.host)}:{port}"
        loopback = _is_loopback(listener.getsockname()[0])
        try:
            app = guarded(open_store(options), options.host, loopback=loopback)
            if options.mongo is None:
                _note(options.data, address)
            config = uvicorn.Config(
                app,
                http="h11",
                loop="asyncio",
                ws="none",
                lifespan="off",
                proxy_headers=False,
                server_header=False,
                access_log=False,
                log_level="warning",
                timeout_graceful_shutdown=SECONDS_TO_END,
            )
            tell = partial(_tell, options, address, loopback=loopback)
            _Server(config, tell).run([listener])
        except KeyboardInterrupt:
            pass
        finally:
            if options.mongo is None:
                _forget(options.data, address)


class _Server(uvicorn.Server):
    """Tells where it is once it answers, and is ready for signals by then."""

    def __init__(self, config: uvicorn.Config, tell: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = tell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell()


def open_store(options: Options) -> Store | None:
    """The store in the data folder; None where MongoDB is in its place, connected by then."""
    if options.mongo is None:
        return Store(options.data)
    use_mongo(*options.mongo)
    return None


def guarded(store: Store | None, host: str, *, loopback: bool) -> Guard:
    """The dashboard over `store`, with its door."""
    names = {"localhost", host}
    if not loopback:
        names.add(socket.gethostname())
    return Guard(build(store), names, any_address=not loopback)


def _note(data: Path, address: str) -> None:
    try:
        write_text(data / ADDRESS_FILE, address + "\n")
    except OSError as error:
        raise DashboardError(
            f"The data folder {data} cannot be written ({error.strerror});"
            " choose another place with --data."
        ) from None


def _forget(data: Path, address: str) -> None:
    """Take the address back; not that of another server, which has the folder now."""
    with suppress(OSError, ValueError):
        if (data / ADDRESS_FILE).read_text(encoding="utf-8").strip() == address:
            (data / ADDRESS_FILE).unlink()


def running_at(data: Path, error: InUse) -> str:
    """The address of the server that holds the data folder, or the error again."""
    try:
        address = (data / ADDRESS_FILE).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        raise error from None
    if not re.fullmatch(r"http://[^/\s]+:\d+", address):
        raise error
    return address


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(place[:2], family=family, backlog=128)
    except (OSError, UnicodeError) as error:  # a host of 70 letters is no name at all
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise DashboardError(
            f"The dashboard cannot listen on {host}, port {port} ({reason});"
            " choose another --port or --host."
        ) from None


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _in_url(host: str) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
    return everywhere.get(host, f"[{host}]" if ":" in host else host)


def _tell(options: Options, address: str, *, loopback: bool) -> None:
    if not loopback:
        print(
            f"dashboard: warning: {options.host} can be reached from other machines, and labml's"
            " app has no log-in: whoever reaches it can read, change and delete every run.",
            file=sys.stderr,
        )
    if options.mongo is not None:
        print(
            "dashboard: warning: labml's app unpickles what that MongoDB holds: whoever can write"
            " to it can run code here.",
            file=sys.stderr,
        )
    place = options.data if options.mongo is None else "MongoDB at {}:{}".format(*options.mongo)
    print(f"labml's dashboard: {address} (runs are kept in {place}; Ctrl-C ends it)", flush=True)
    if options.open:
        # A browser in this terminal may take its time.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
