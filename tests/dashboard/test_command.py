import signal
import socket
from pathlib import Path

import pytest

from experiments.dashboard import __main__ as command
from tests.dashboard.conftest import Serve
from tests.dashboard.served import Served, heard


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
        (["--prot", "5005"], "unknown option --prot; did you mean --port?"),
        (["import"], "the ids or the folders of runs must be given"),
        (["export", "run"], "export is not a subcommand"),
        (["imprt", "run"], "imprt is not a subcommand; did you mean import?"),
        (["import", "run", "--dta", "x"], "unknown option --dta; did you mean --data?"),
        (["import", "no-such-run"], "no-such-run is not the id of a run in results/runs"),
    ],
)
def test_bad_input_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], part: str
) -> None:
    assert command.main(arguments) == 2
    printed = capsys.readouterr()
    assert part in one_sentence(printed.err)
    assert printed.out == ""


def test_port_in_use(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert command.main(["--port", str(port), "--data", str(tmp_path / "data")]) == 2
    printed = capsys.readouterr()
    assert f"port {port} (address already in use" in one_sentence(printed.err)
    assert printed.out == ""
    assert not (tmp_path / "data").exists()


def test_data_folder_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    assert command.main(["--port", "0", "--data", str(tmp_path / "file" / "data")]) == 2
    assert f"{tmp_path}/file/data cannot be made" in one_sentence(capsys.readouterr().err)
    assert command.main(["--port", "0", "--data", "/proc"]) == 2  # where even root makes no file
    assert "The data folder /proc cannot be used" in one_sentence(capsys.readouterr().err)


def test_data_folder_in_use(capsys: pytest.CaptureFixture[str], shared: Served) -> None:
    assert command.main(["--port", "0", "--data", str(shared.data)]) == 2
    assert "in use by another dashboard" in one_sentence(capsys.readouterr().err)


def test_signals_end_it_and_free_the_folder(serve: Serve) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        served = serve()
        assert served.address.startswith("http://127.0.0.1:")
        assert served.runs() == []
        served.process.send_signal(number)
        out, err = served.process.communicate(timeout=10)
        assert (served.process.returncode, out, heard(err)) == (0, "", "")
        assert not (served.data / "address").exists()
    assert serve().runs() == []


def test_anything_but_loopback_is_warned_of(serve: Serve) -> None:
    served = serve("--host", "0.0.0.0")
    assert served.ask("GET", "/", headers={"Host": "192.0.2.1"})[0] == 200
    assert served.ask("GET", "/", headers={"Host": "rebound.example"})[0] == 403
    assert served.stop() == (
        "dashboard: warning: 0.0.0.0 can be reached from other machines, and labml's app has no"
        " log-in: whoever reaches it can read, change and delete every run.\n"
    )
