"""A small internet on this machine: a proxy that answers for the hosts of labml's page."""

import http.server
import shutil
import ssl
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from experiments.dashboard.outside_file import FILES

PACKAGES = Path(__file__).parent / "node_modules"
_AWESOME = "@fortawesome/fontawesome-free/"
# The same files in packages of npm.
IN_NPM = {
    "d3.v6.min.js": "d3/dist/d3.min.js",
    "bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
    "all.css": _AWESOME + "css/all.css",
    "fa-solid-900.woff2": _AWESOME + "webfonts/fa-solid-900.woff2",
    "fa-regular-400.woff2": _AWESOME + "webfonts/fa-regular-400.woff2",
}
HOSTS = sorted({file.address.split("/")[2] for file in FILES})


def genuine() -> dict[str, bytes]:
    """Return the genuine files by their addresses."""
    return {file.address: (PACKAGES / IN_NPM[file.name]).read_bytes() for file in FILES}


class Internet(http.server.ThreadingHTTPServer):
    """A proxy that is itself the host which a client names, with a certificate of that name.

    Args:
        files: what it has, by address.
        folder: for the certificate.
    """

    daemon_threads = True

    def __init__(self, files: Mapping[str, bytes], folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.files = files
        self.asked: list[str] = []
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        openssl = shutil.which("openssl")
        assert openssl is not None, "openssl is not installed"
        names = ",".join(f"DNS:{host}" for host in HOSTS)
        subprocess.run(
            [
                *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=internet", "-addext", f"subjectAltName={names}"),
                *("-keyout", str(key), "-out", str(certificate)),
            ],
            check=True,
            capture_output=True,
        )
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)
        proxy = f"http://127.0.0.1:{self.server_port}"
        self.environment = {"https_proxy": proxy, "SSL_CERT_FILE": str(certificate)}
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Tunnel(http.server.BaseHTTPRequestHandler):
    server: Internet

    def do_CONNECT(self) -> None:
        host = self.path.partition(":")[0]
        self.send_response(200)
        self.end_headers()
        with self.server.tls.wrap_socket(self.connection, server_side=True) as secured:
            with secured.makefile("rb") as asking:
                path = asking.readline().split()[1].decode()
                while asking.readline().strip():
                    pass
            address = f"https://{host}{path}"
            self.server.asked.append(address)
            content = self.server.files.get(address)
            status = b"404 Not Found" if content is None else b"200 OK"
            content = content or b""
            head = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(content))
            secured.sendall(head + content)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass
