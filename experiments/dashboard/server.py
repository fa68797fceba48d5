"""The dashboard as a server: its socket, its address, its end."""

from __future__ import annotations

import ipaddress
import re
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn

from experiments.command import CommandError
from experiments.dashboard.app import build
from experiments.dashboard.connection import ACCEPTED_AT_ONCE, Connection, most_connections
from experiments.dashboard.database import Database, InUse
from experiments.dashboard.labml_parts import labml_app
from experiments.dashboard.middleware import AccessControl
from experiments.dashboard.outside import Outside
from experiments.dashboard.page import Page
from experiments.files.atomic import remove_leftovers, write_text
from experiments.files.regular import read_regular
from experiments.files.unwritten import status_of
from experiments.signals import ENDING
from experiments.terminal import say, show

WAITING = 128  # connections that the kernel keeps for the server
ADDRESS_FILE = "address"  # in the data folder: the address of the server that holds it
SECONDS_TO_END = 2


def serve(host: str, port: int, data: Path, *, open_browser: bool) -> None:
    """Serve the runs in the folder `data` until SIGINT, SIGTERM or SIGHUP.

    Raises:
        CommandError: the port or the folder cannot be used, or too few files may be opened.
    """
    if most_connections() < 1:
        raise CommandError(
            "The dashboard may open too few files; allow it more, as by ulimit -n 1024."
        )
    with _listen(host, port) as listener:
        place, port = listener.getsockname()[:2]
        address = f"http://{_in_url(host)}:{port}"
        private = ipaddress.ip_address(place.partition("%")[0]).is_loopback
        names = ["localhost", host] if private else ["localhost", host, socket.gethostname()]

        def announce() -> None:
            if not private:
                say(
                    f"dashboard: warning: {host} can be reached from other machines, and labml's"
                    " app has no log-in: whoever reaches it can read, change and delete every run."
                )
            line = f"labml's dashboard: {address} (runs are kept in {data}; Ctrl-C ends it)"
            show([line])
            if open_browser:
                # A browser in this terminal may take its time.
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

        try:
            handlers = build(Database(data))
            _note(data, address)
            outside = Outside(data / "page")
            outside.start_fetching()
            handlers.mount("/", Page(Path(labml_app.__file__).parent / "static", outside))
            app = AccessControl(handlers, names, any_address=not private)
            config = uvicorn.Config(
                app,
                http=Connection,
                loop="asyncio",
                ws="none",
                lifespan="off",
                proxy_headers=False,
                server_header=False,
                access_log=False,
                log_level="error",  # a warning is a line for each malformed request
                backlog=ACCEPTED_AT_ONCE,
                timeout_graceful_shutdown=SECONDS_TO_END,
            )
            _Server(config, announce).run([listener])
        except KeyboardInterrupt:
            pass
        finally:
            _forget(data, address)


class _Server(uvicorn.Server):
    """A server that announces itself once it answers, and is ready for signals by then."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(WAITING)  # asyncio has set ACCEPTED_AT_ONCE for this, too
        for number in ENDING:  # uvicorn ends at SIGINT and SIGTERM, but not at SIGHUP
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self.handle_exit)
        self._announce()


def running_at(data: Path, error: InUse) -> str:
    """Return the address of the server that holds the data folder; raise `error` without one."""
    try:
        address = read_regular(data / ADDRESS_FILE).decode().strip()
    except (OSError, ValueError):
        raise error from None
    if not re.fullmatch(r"http://[^/\s]+:\d+", address):
        raise error
    return address


def _note(data: Path, address: str) -> None:
    remove_leftovers(data)
    try:
        write_text(data / ADDRESS_FILE, address + "\n")
    except OSError as error:
        raise CommandError(
            f"The data folder {data} cannot be written ({error.strerror});"
            " choose another place with --data.",
            status_of(error),
        ) from None


def _forget(data: Path, address: str) -> None:
    """Remove the note of this address, but not that of another server, which has the folder now."""
    with suppress(OSError, ValueError):
        if read_regular(data / ADDRESS_FILE).decode().strip() == address:
            (data / ADDRESS_FILE).unlink()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(place[:2], family=family)
    except (OSError, UnicodeError) as error:  # UnicodeError: a host of 70 letters
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise CommandError(
            f"The dashboard cannot listen on {host}, port {port} ({reason});"
            " choose another --port or --host."
        ) from None


def _in_url(host: str) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
    return everywhere.get(host, f"[{host}]" if ":" in host else host)
