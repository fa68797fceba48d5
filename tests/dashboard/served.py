"""The dashboard as a process of its own, and the requests to it."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.conftest import ROOT

VERSION = "0.5.3"
NOBODY = "http://127.0.0.1:9"  # no dashboard of a test asks the internet


class Served:
    """A dashboard on a free port of the loopback interface; a `with` statement ends it."""

    def __init__(self, data: Path, *options: str, **environment: str) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [*command("dashboard"), "--port", "0", "--data", str(data), *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "https_proxy": NOBODY, **environment},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        self.address = next(word for word in line.split() if word.startswith("http://"))

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *exception: object) -> None:
        assert "Traceback" not in self.stop()

    def kill(self) -> None:
        """End it as kill -9 does."""
        self.process.kill()
        self.process.communicate()

    def stop(self) -> str:
        """End it as a person does; return its standard error, or nothing if it has ended before.

        Left out is what the page lacks, since it cannot be fetched here.
        """
        if self.process.returncode is not None:
            return ""
        self.process.terminate()
        try:
            printed = self.process.communicate(timeout=10)[1]
        finally:
            self.kill()
        assert self.process.returncode == 0, printed
        return heard(printed)

    def ask(
        self,
        method: str,
        target: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Send one request, its target and bytes unchanged, all else as JSON."""
        place = urlsplit(self.address).netloc
        connection = http.client.HTTPConnection(place, timeout=10)
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        given = {"Host": place, **(headers or {})}
        if content is not None:
            given.setdefault("Content-Length", str(len(content)))
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(content)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """Return the JSON at `path` below /api/v1/."""
        status, content = self.ask("GET", f"/api/v1/{path}")
        assert status == 200, content
        return json.loads(content)

    def post(self, path: str, body: object) -> Any:
        status, content = self.ask("POST", f"/api/v1/{path}", body)
        assert status == 200, content
        return json.loads(content)

    def track(self, uuid: str, *packets: object) -> Any:
        """Send packets of the run `uuid` as labml does."""
        return self.post(tracking(uuid), list(packets))

    def runs(self, before: Collection[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
        """Return the list of runs, the latest first, without those in the list `before`."""
        listed: list[dict[str, Any]] = self.get("runs/null?folder_name=default")["runs"]
        known = {run["run_uuid"] for run in before}
        return [run for run in listed if run["run_uuid"] not in known]

    def curves(self, uuid: str) -> dict[str, dict[str, Any]]:
        """Return the curves of a run as its page gets them, by name, hidden ones too."""
        reply = self.post(f"metrics/{uuid}?current=", {"get_all": True})
        return {series["name"]: series for series in reply["series"]}

    def wait_for_run(self, deadline: float = 20) -> dict[str, Any]:
        """Return the first run that is listed."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            for run in self.runs():
                return run
            time.sleep(0.02)
        raise AssertionError("no run came")


def heard(printed: str) -> str:
    """Return what a dashboard has said, but not what its page lacks."""
    lines = printed.splitlines(keepends=True)
    return "".join(line for line in lines if "warning: the page lacks" not in line)


def tracking(uuid: str) -> str:
    """Return the path of packets of a run, below /api/v1/."""
    query = f"run_uuid={uuid}&rank=0&main_rank=0&world_size=0&labml_version={VERSION}"
    return f"default/track?{query}"


def packet(last: int, first: int = 1, **more: object) -> dict[str, Any]:
    """Return a packet of records `first` to `last`, each curve a straight line."""
    steps = list(range(first, last + 1))
    slopes = {"x": 0.5, "regret": -2.0, "average_regret": 1e-3}
    return {
        "name": "online",
        "comment": "by hand",
        "track": {
            name: {"step": steps, "value": [slope * step for step in steps]}
            for name, slope in slopes.items()
        },
        **more,
    }


def command(module: str) -> list[str]:
    return [sys.executable, "-B", "-W", "error", "-m", f"experiments.{module}"]


def run_command(module: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command(module), *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def synthetic(app: str, out: Path, *options: object, opt: str = "adam") -> dict[str, Any]:
    """Run an optimizer for real, tracked by the dashboard at `app`; return the summary."""
    given = ("--opt", opt, "--app", app, "--out", out, "--verify", 0, "--json", *options)
    ended = run_command("synthetic", *given)
    assert ended.returncode == 0, ended.stderr
    assert "warning" not in ended.stderr
    assert f"this run on the dashboard: {app}/run/" in ended.stderr
    summary: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return summary
