import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments.dashboard import __main__ as command
from tests.dashboard.conftest import Serve
from tests.dashboard.served import Served, run_command


def one_sentence(printed: str) -> str:
    assert printed.count("\n") == 1, printed
    assert printed.startswith("dashboard: error: ")
    return printed.removeprefix("dashboard: error: ")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--port", "65536"], "--port must be a whole number from 0 to 65535, but 65536"),
        (["--port", "http"], "--port must be"),
        (["--host", "a b"], "--host must be"),
        (["--data", " "], "--data must be"),
        (["--mongo", "mongo:port"], "--mongo must be host[:port]"),
        (["--prot", "5005"], "unrecognized arguments: --prot"),
        (["import"], "import RUN... can be"),
        (["export", "run"], "'export run' was given, but only import RUN... can be"),
        (["import", "no-such-run"], "no-such-run is no run in results/runs"),
    ],
)
def test_bad_input_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], part: str
) -> None:
    assert command.main(arguments) == 2
    printed = capsys.readouterr()
    assert part in one_sentence(printed.err)
    assert printed.out == ""


def test_without_the_extra_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert command.main([]) == 2
    assert "make dashboard" in one_sentence(capsys.readouterr().err)


@pytest.fixture
def listener() -> Iterator[Any]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_port_in_use(listener: socket.socket, tmp_path: Path) -> None:
    port = listener.getsockname()[1]
    ended = run_command("--port", port, "--data", tmp_path / "data")
    assert ended.returncode == 2
    assert f"port {port} (address already in use" in one_sentence(ended.stderr)
    assert not (tmp_path / "data").exists()


def test_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = run_command("--port", 0, "--data", tmp_path / "file" / "data")
    assert ended.returncode == 2
    assert f"{tmp_path}/file/data cannot be made" in one_sentence(ended.stderr)
    ended = run_command("--port", 0, "--data", "/proc")  # where even root makes no file
    assert ended.returncode == 2
    assert "The data folder /proc cannot be used" in one_sentence(ended.stderr)


def test_data_folder_in_use(served: Served) -> None:
    ended = run_command("--port", 0, "--data", served.data)
    assert ended.returncode == 2
    assert "in use by another dashboard" in one_sentence(ended.stderr)


@pytest.mark.parametrize("accepts", [True, False], ids=["hangs", "refuses"])
def test_mongo_that_does_not_answer(listener: socket.socket, tmp_path: Path, accepts: bool) -> None:
    host, port = listener.getsockname()
    if not accepts:
        listener.close()
    begin = time.monotonic()
    ended = run_command("--port", 0, "--data", tmp_path / "data", "--mongo", f"{host}:{port}")
    assert time.monotonic() - begin < 10
    assert ended.returncode == 2
    assert f"MongoDB does not answer at {host}:{port}" in one_sentence(ended.stderr)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_it_and_frees_the_folder(serve: Serve, number: int) -> None:
    served = serve()
    served.runs()
    served.process.send_signal(number)
    out, err = served.process.communicate(timeout=10)
    assert (served.process.returncode, out, err) == (0, "", "")
    assert serve().runs() == []


def test_loopback_is_the_default_and_anything_else_is_warned_of(serve: Serve) -> None:
    served = serve()
    assert served.address.startswith("http://127.0.0.1:")
    assert served.stop() == ""

    served = serve("--host", "0.0.0.0")
    assert served.ask("GET", "/", headers={"Host": "192.0.2.1"})[0] == 200
    assert served.ask("GET", "/", headers={"Host": "rebound.example"})[0] == 403
    assert served.stop() == (
        "dashboard: warning: 0.0.0.0 can be reached from other machines, and labml's app has no"
        " log-in: whoever reaches it can read, change and delete every run.\n"
    )
