"""The files of the internet: fetched once, refused with other bytes, and done without."""

import asyncio
import hashlib
import http.server
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from experiments.dashboard import outside, outside_file
from experiments.dashboard.labml_parts import labml_app
from experiments.dashboard.outside import Outside
from experiments.dashboard.outside_file import FILES, OutsideFile, fetch
from experiments.dashboard.page import Page
from tests.dashboard.served import Served

STATIC = Path(labml_app.__file__).parent / "static"
CONTENT = b"body { color: blue }\n" * 999
Serve = Callable[..., OutsideFile]


@pytest.fixture
def host() -> Iterator[Serve]:
    """Serve a file as `answer` does; return it with the digest of CONTENT."""
    servers = []

    def serve(answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> OutsideFile:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with suppress(OSError):
                    answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        digest = b64encode(hashlib.sha384(CONTENT).digest()).decode()
        address = f"http://127.0.0.1:{server.server_port}/css/style.css"
        return OutsideFile(address, digest, "all is grey")

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def answering(content: bytes, status: int = 200) -> Callable[..., None]:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b".")
        time.sleep(0.05)


def hang(handler: http.server.BaseHTTPRequestHandler) -> None:
    time.sleep(2)


def fetched(files: Outside) -> None:
    """Let the files be fetched to the end."""
    files.start_fetching()
    files._fetching.join(20)
    assert not files._fetching.is_alive()


def test_right_bytes_are_kept_and_asked_for_once(
    host: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        answering(CONTENT)(handler)

    file = host(answer)
    for _ in range(2):
        files = Outside(tmp_path / "page", [file])
        fetched(files)
        assert files.lacking() == {}
        assert files.read(file) == CONTENT
    assert asked == ["/css/style.css"]
    assert [path.name for path in (tmp_path / "page").iterdir()] == ["style.css"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answering(CONTENT.replace(b"blue", b"BLUE")), "its SHA-384 is not that of"),
        (answering(CONTENT[:-1]), "its SHA-384 is not that of"),
        (answering(b""), "its SHA-384 is not that of"),
        (answering(b"." * (outside_file.MOST_BYTES + 1)), "it has more than 2097152 bytes"),
        (answering(CONTENT, status=404), "HTTP status 404"),
        (answering(CONTENT, status=500), "HTTP status 500"),
        (drip, "it takes longer than 0.3 s"),
        (hang, "timed out"),
    ],
)
def test_anything_else_is_refused_and_said(
    host: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: Callable[..., None],
    reason: str,
) -> None:
    monkeypatch.setattr(outside_file, "SECONDS_TO_FETCH", 0.3)
    monkeypatch.setattr(outside_file, "SECONDS_WITHOUT_A_BYTE", 0.3)
    file = host(answer)
    files = Outside(tmp_path / "page", [file])
    fetched(files)
    assert not (tmp_path / "page").exists()
    with pytest.raises(FileNotFoundError):
        files.read(file)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"dashboard: warning: the page lacks {files.lacking()[file]}"
    assert re.fullmatch(
        rf".*lacks style\.css from {file.address} \(.*({reason}).*\); without it all is grey\.",
        said[0],
    )
    assert said[1] == f"dashboard: warning: the page lacks files. {files.cure()}"
    assert str(tmp_path / "page") in said[1]


def test_wrong_bytes_in_the_folder_are_refused_until_the_right_ones_come(
    host: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "style.css").write_bytes(b"body { color: red }\n")
    refusing = host(answering(b"", status=404))
    files = Outside(tmp_path, [refusing])
    fetched(files)
    with pytest.raises(ValueError, match="SHA-384"):
        files.read(refusing)
    assert f"the one in {tmp_path} is refused: its SHA-384" in capsys.readouterr().err
    assert (tmp_path / "style.css").read_bytes() == b"body { color: red }\n"

    (tmp_path / "style.css").write_bytes(CONTENT)  # by hand, while the dashboard runs
    assert files.lacking() == {}

    (tmp_path / "style.css").write_bytes(b"body { color: red }\n")
    good = host(answering(CONTENT))
    files = Outside(tmp_path, [good])
    fetched(files)
    assert files.read(good) == CONTENT


def test_folder_that_cannot_be_written_is_said(host: Serve, tmp_path: Path) -> None:
    (tmp_path / "page").touch()
    files = Outside(tmp_path / "page", [host(answering(CONTENT))])
    fetched(files)
    (sentence,) = files.lacking().values()
    assert "ot a directory" in sentence


def test_browser_waits_for_files_but_not_for_long_and_others_do_not(
    host: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Outside(tmp_path, [host(hang)])
    files.start_fetching()
    page = Page(STATIC, files)
    for patience, accept in ((60.0, b"*/*"), (0.3, b"text/html,*/*")):
        monkeypatch.setattr(outside, "PATIENCE_SECONDS", patience)
        began = time.monotonic()
        headers = [(b"accept", accept)]
        scope = {"type": "http", "method": "GET", "path": "/runs", "headers": headers}
        response = asyncio.run(page.get_response("runs", scope))
        assert b"(it is not here yet); without it all is grey." in response.body
    assert time.monotonic() - began > 0.25
    files._fetching.join(20)


def test_labml_names_these_files() -> None:
    page = (STATIC / "index.html").read_text()
    named = set(re.findall(r'"(https://[^"]*)"', page))
    files = {file.address: file for file in FILES}
    assert named == {address for address in files if not address.endswith(".woff2")}
    for tag in re.findall(r"<[^>]*integrity=[^>]*>", page):
        (address,), (digest,) = (
            re.findall(p, tag) for p in (r"(https:[^\"]*)", r"sha384-([^\"]*)")
        )
        assert files[address].sha384 == digest


def test_dashboard_without_internet_says_so_and_works(served: Served) -> None:
    status, content = served.ask("GET", "/")
    while b"it is not here yet" in content:  # only a browser waits
        status, content = served.ask("GET", "/")
    page = content.decode()
    assert status == 200
    assert re.findall(r'(?:src|href)="(?!/)[^"]*', page) == []
    for file in FILES:
        assert f"{file.name} from {file.address} (connection refused); without it" in page
        assert f'"{file.path}"' in page or file.name.endswith(".woff2")
        assert served.ask("GET", file.path)[0] == 404
    assert f"{served.data / 'page'} by hand" in page
    status, script = served.ask("GET", "/outside/page.js")
    assert status == 200
    assert b"XMLHttpRequest" in script
    assert served.ask("GET", "/index.html")[1] == content
    for path in ("/outside/no.css", "/outside/css/..%2fpage.js", "/outside/..%2faddress"):
        assert served.ask("GET", path)[0] == 404
    served.process.terminate()
    said = served.process.communicate(timeout=10)[1].splitlines()
    assert len(said) == len(FILES) + 1
    assert all(line.startswith("dashboard: warning: the page lacks ") for line in said)


def test_file_of_the_wrong_bytes_is_not_served(served: Served) -> None:
    (served.data / "page").mkdir()
    (served.data / "page" / "d3.v6.min.js").write_bytes(b"alert('d3')")
    assert served.ask("GET", "/outside/d3js.org/d3.v6.min.js")[0] == 404
    assert b"is refused: its SHA-384 is not that of the file" in served.ask("GET", "/")[1]


def test_fetch_writes_nothing_into_a_folder_of_others(host: Serve, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        fetch(host(answering(CONTENT)), tmp_path / "gone" / "page")
    assert not (tmp_path / "gone").exists()
