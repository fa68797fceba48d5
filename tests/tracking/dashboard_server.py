"""A server that answers like labml-app, and can hang, drip, refuse or close."""

import json
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Dashboard(ThreadingHTTPServer):
    """A dashboard that hangs, drips or refuses where its attributes say so."""

    block_on_close = False
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.targets: list[str] = []
        self.packets: list[dict[str, Any]] = []
        self.received = threading.Event()
        self.hangs_after = sys.maxsize
        self.drips = False
        self.released = threading.Event()
        self.reply: tuple[int, object] = (200, {"errors": [], "url": "http://run", "dynamic": {}})
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def series(self, name: str) -> list[tuple[float, float]]:
        parts = [p["track"][name] for p in self.packets if name in p.get("track", {})]
        return [pair for part in parts for pair in zip(part["step"], part["value"], strict=True)]

    def field(self, name: str) -> Any:
        return next(packet[name] for packet in self.packets if name in packet)

    def close(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()


class Answer(BaseHTTPRequestHandler):
    server: Dashboard

    def do_GET(self) -> None:
        if self.server.hangs_after == 0:
            self.hang()
        self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if len(self.server.targets) >= self.server.hangs_after:
            self.hang()
            return
        self.server.targets.append(self.path)
        self.server.packets += json.loads(body)
        status, reply = self.server.reply
        content = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.server.received.set()

    def hang(self) -> None:
        with suppress(OSError):
            while not self.server.released.wait(0.1):
                if self.server.drips:
                    self.wfile.write(b"H")

    def log_message(self, format: str, *args: object) -> None:
        pass
