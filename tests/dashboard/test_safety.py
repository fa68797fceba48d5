import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from experiments.dashboard.database import Database
from experiments.dashboard.middleware import MOST_BYTES
from tests.dashboard.served import Served, packet, tracking

RUN = "0123456789abcdef"


@pytest.fixture(autouse=True)
def unharmed(shared: Served) -> Iterator[None]:
    """Check that the run in the dashboard stays as it was, whatever a test sends."""
    before = state(shared)
    yield
    assert state(shared) == before
    assert shared.process.poll() is None


def state(shared: Served) -> Any:
    return shared.runs(), shared.get(f"run/{RUN}"), shared.curves(RUN)


def refused(reply: tuple[int, bytes], *statuses: int) -> None:
    status, content = reply
    assert status in (statuses or range(400, 500)), content
    assert b"Traceback" not in content
    assert b'File "' not in content
    assert b"site-packages" not in content


@pytest.mark.parametrize("path", ["/", "/runs", f"/run/{RUN}/compare", "/settings"])
def test_views_are_the_page(shared: Served, path: str) -> None:
    status, content = shared.ask("GET", path)
    assert status == 200
    assert b"bundle.min.js" in content


def test_files_of_the_page_are_served(shared: Served) -> None:
    for path in ("/js/bundle.min.js", "/css/style.css", "/images/favicon.png"):
        status, content = shared.ask("GET", path)
        assert status == 200
        assert len(content) > 500


@pytest.mark.parametrize(
    "path",
    [
        "/..%2fsettings.py",
        "/..%2F..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/js/..%2f..%2fsettings.py",
        "/../settings.py",
        "/%2e%2e/settings.py",
        "/%2e%2e%2fsettings.py",
        "/..%252fsettings.py",
        "/..%5csettings.py",
        "/js/%2fetc/passwd",
        "/%2fetc%2fhostname",
        "/js/bundle.min.js%00",
        "/js",
        "/settings.py",
        "/api/v1/no/such/thing",
        "/docs.html",
        "/openapi.json",
    ],
)
def test_no_path_leaves_the_folder(shared: Served, path: str) -> None:
    status, content = shared.ask("GET", path)
    if status == 200:  # labml's page shows its own 404
        assert b"bundle.min.js" in content
        assert "." not in path
    else:
        refused((status, content), 404)
    assert b"root:" not in content
    assert b"FLOAT_PROJECT_TOKEN" not in content


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "10.0.0.1"},
        {"Host": ""},
        {"Host": "[::1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},  # another port is another page
        {"Origin": "http://[::1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_others_are_refused(shared: Served, headers: dict[str, str]) -> None:
    for method, path in (("GET", "/"), ("GET", f"/api/v1/run/{RUN}"), ("PUT", "/api/v1/runs")):
        refused(shared.ask(method, path, {"run_uuids": [RUN]}, headers), 400, 403)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_own_names_are_taken(shared: Served, name: str) -> None:
    host = f"{name}:{urlsplit(shared.address).port}"
    headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert shared.ask("GET", f"/api/v1/run/{RUN}", headers=headers)[0] == 200
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert shared.ask("GET", f"/run/{RUN}", headers=link)[0] == 200


def test_two_hosts_are_refused(shared: Served) -> None:
    place = urlsplit(shared.address).netloc
    connection = http.client.HTTPConnection(place, timeout=10)
    connection.putrequest("GET", "/", skip_host=True)
    connection.putheader("Host", place)
    connection.putheader("Host", "evil.example")
    connection.endheaders()
    refused((connection.getresponse().status, b""), 400, 403)
    connection.close()


def test_size_is_bound(shared: Served) -> None:
    target = f"/api/v1/{tracking(RUN)}"
    refused(shared.ask("POST", target, b"[", {"Content-Length": str(MOST_BYTES + 1)}), 413)
    refused(shared.ask("POST", target, b"[", {"Content-Length": "9" * 40}), 400, 413)

    connection = http.client.HTTPConnection(urlsplit(shared.address).netloc, timeout=10)
    connection.putrequest("POST", target)
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    try:
        for _ in range(2 * MOST_BYTES // 2**16):
            connection.send(b"10000\r\n" + b" " * 2**16 + b"\r\n")
    except OSError:
        pass  # it hangs up
    else:
        refused((connection.getresponse().status, b""), 413)
    finally:
        connection.close()


SERIES = {"step": [1], "value": [1.0]}
ENTRY = {"name": "lr", "value": 1, "computed": 1}
MALFORMED: list[object] = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"comment": "\\ud800"}',
    b'{"configs": {"a": {"name": "a", "value": NaN, "computed": 1}}}',
    b'{"track": {"x": {"step": [1e999], "value": [1]}}}',
    b'{"track": {"x": {"step": [' + b"9" * 5000 + b'], "value": [1]}}}',
    None,
    "text",
    7,
    [[]],
    {"comment": 5},
    {"name": ["a"]},
    {"tags": "adam"},
    {"tags": [1]},
    {"configs": []},
    {"configs": {"lr": 1}},
    {"configs": {"lr": {**ENTRY, "value": {"deep": {"er": 1}}}}},
    {"status": "completed"},
    {"status": {"status": "flying"}},
    {"status": {"status": "completed", "time": "noon"}},
    {"track": [1]},
    {"track": {"x": 1}},
    {"track": {"x": {"step": [], "value": []}}},
    {"track": {"x": {"step": [1, 2], "value": [1]}}},
    {"track": {"x": {"step": ["1a"], "value": [1]}}},
    {"track": {"x": {"step": [1], "value": [None]}}},
    {"track": {"x": SERIES, "y": {"step": [1]}}},
    {"stdout": 5},
    # other requests would wait
    {"track": {f"curve {i}": SERIES for i in range(201)}},
    [{"track": {f"curve {i}": SERIES for i in range(11)}}] * 19,
    [{}] * 21,
    {"track": {n: {"step": [*range(50_001)], "value": [0.5] * 50_001} for n in "ab"}},
    {"track": {"x": {"step": [1, 1e19], "value": [1, 1]}}},
    {"configs": {f"c{i}": ENTRY for i in range(1001)}},
    {"indicators": {f"i{i}": {} for i in range(1001)}},
    {"replaces": [f"{i:016}" for i in range(1001)]},
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_packets_harm_nothing(shared: Served, body: object) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    for uuid in (RUN, "fedcba9876543210"):
        refused(shared.ask("POST", f"/api/v1/{tracking(uuid)}", content), 400, 422)
    good = [packet(100), body] if not isinstance(body, bytes | list) else None
    if good is not None:
        refused(shared.ask("POST", f"/api/v1/{tracking(RUN)}", good), 400, 422)


def test_run_has_few_curves_and_settings(served: Served) -> None:
    def body(kind: str, first: int, last: int) -> object:
        if kind == "track":
            return {"track": {f"curve {i}": SERIES for i in range(first, last)}}
        return {"configs": {f"c{i}": ENTRY for i in range(first, last)}}

    for kind, step, what in (("track", 100, "200 curves"), ("configs", 500, "1000 hyper-")):
        for first in (0, step, 0):
            served.track(RUN, body(kind, first, first + step))
        before = state(served)
        status, content = served.ask(
            "POST", f"/api/v1/{tracking(RUN)}", body(kind, 2 * step, 2 * step + 1)
        )
        assert status == 422
        assert f"may have {what}" in content.decode()
        assert state(served) == before
    assert len(served.curves(RUN)) == 200


def test_computer_has_few_curves(served: Served) -> None:
    target = "default/computer?session_uuid=0123456789&computer_uuid=9876543210"
    target = f"/api/v1/{target}&labml_version=0.5.3"
    for kind, status in (("cpu", 200), ("memory", 200), ("disk", 422)):
        curves = {f"{kind}.{i}": SERIES for i in range(100)}
        assert served.ask("POST", target, {"track": curves})[0] == status


def test_lines_of_logs_are_bound(served: Served) -> None:
    served.track(RUN, {"stdout": "." * 25_000 + "\nshort\r\nend"})
    (log,) = served.post(f"logs/stdout/{RUN}", {"page": -1})["pages"].values()
    lines = log.splitlines()
    assert [len(line) for line in lines] == [10_000, 10_000, 5_000, 5, 3]


def test_remotes_of_others_are_shown_without_users(served: Served) -> None:
    served.track(RUN, {**packet(3), "repo_remotes": ["https://me:SECRET@example.org/git/lab.git"]})
    assert b"SECRET" not in served.ask("GET", f"/api/v1/run/{RUN}")[1]
    assert "example.org" in served.get(f"run/{RUN}")["repo_remotes"]
    served.stop()
    assert not any(b"SECRET" in path.read_bytes() for path in served.data.iterdir())


@pytest.mark.parametrize(
    "query",
    [
        "",
        "run_uuid=short&labml_version=0.5.3",
        "run_uuid=a_b_c_d_e_f_g&labml_version=0.5.3",
        f"run_uuid={RUN}%00&labml_version=0.5.3",
        f"run_uuid={RUN}&labml_version=latest",
        f"run_uuid={RUN}&labml_version=0.5.3&rank=-1",
        f"run_uuid={RUN}&labml_version=0.5.3&world_size=1000000000",
        f"run_uuid={'a' * 5000}&labml_version=0.5.3",
    ],
)
def test_malformed_queries_harm_nothing(shared: Served, query: str) -> None:
    refused(shared.ask("POST", f"/api/v1/default/track?{query}", [packet(3)]), 400, 422)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"run/{RUN}", {"comment": None, "name": 5}),
        ("POST", f"run/{RUN}", []),
        ("POST", f"run/{RUN}", {"selected_configs": {"a": 1}}),
        ("POST", "run/no-such-run", {"comment": ""}),
        ("GET", "run/no-such-run", None),
        ("GET", "run/a_b", None),
        ("PUT", "run/no-such-run/claim", {}),
        ("PUT", "run/no-such-run/add", {}),
        ("GET", "run/status/no-such-run", None),
        ("POST", "metrics/no-such-run", {"get_all": True}),
        ("POST", f"metrics/{RUN}", {"get_all": "perhaps"}),
        ("POST", f"metrics/{RUN}", {}),
        ("POST", f"metrics/preferences/{RUN}", {"series_preferences": "all"}),
        ("POST", f"metrics/preferences/{RUN}", {"series_preferences": [1]}),
        ("POST", f"metrics/preferences/{RUN}", {"series_preferences": [1, 1, 1], "step_range": 1}),
        ("POST", f"compare/metrics/{RUN}", {"get_all": True}),
        ("POST", f"compare/metrics/{RUN}?current=no-such-run", {"get_all": True}),
        ("GET", "compare/preferences/no-such-run", None),
        ("POST", f"custom_metrics/{RUN}/create", {"name": 5}),
        ("POST", f"logs/stdout/{RUN}", {"page": "first"}),
        ("PUT", "runs", {"run_uuids": RUN}),
        ("PUT", "runs", {}),
        ("POST", "runs/archive", {"run_uuids": [5]}),
        ("POST", "user", {"user": {"theme": 5}}),
        ("POST", "auth/user", [1]),
        ("GET", "session/no-such-session", None),
        ("GET", "cpu/no-such-session", None),
        ("GET", "computer/made-up", None),
        ("POST", "default/computer", [{}]),
        ("DELETE", "runs", None),
        ("PATCH", f"run/{RUN}", {}),
    ],
)
def test_malformed_requests_harm_nothing(
    shared: Served, method: str, path: str, body: object
) -> None:
    refused(shared.ask(method, f"/api/v1/{path}", body))


def test_numbers_that_json_cannot_express_do_no_harm(served: Served) -> None:
    body = (
        b'{"track": {"x": {"step": [1, 2, 3, 4], "value": [NaN, 1e308, -Infinity, 1]}},'
        b' "name": null, "comment": null}'
    )
    assert served.ask("POST", f"/api/v1/{tracking(RUN)}", body)[0] == 200
    (run,) = served.runs()
    assert (run["name"], run["comment"]) == ("", "")
    assert served.curves(RUN)["x"]["is_summary"] is False


def test_own_failures_are_reported_in_the_terminal_alone(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        served.track(RUN, packet(3))
    database = Database(tmp_path)
    database.connection.execute("UPDATE model SET data = 'spoilt' WHERE key GLOB 'Run:*'")
    database.close()

    with Served(tmp_path) as served:
        reply = served.ask("GET", f"/api/v1/run/{RUN}")
        assert served.ask("GET", "/")[0] == 200
        assert "Traceback" in served.stop()
    refused(reply, 500)


def test_pages_may_load_nothing_else(shared: Served) -> None:
    connection = http.client.HTTPConnection(urlsplit(shared.address).netloc, timeout=10)
    for path in ("/", "/js/bundle.min.js", f"/api/v1/run/{RUN}", "/..%2f"):
        connection.request("GET", path)
        reply = connection.getresponse()
        reply.read()
        policy = reply.getheader("Content-Security-Policy", "")
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert reply.getheader("X-Content-Type-Options") == "nosniff"
        assert reply.getheader("Server") is None
        assert reply.getheader("Access-Control-Allow-Origin") is None
    connection.close()
