from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.dashboard.served import Served

Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts dashboards, on one data folder unless told otherwise; stops what it started."""
    started: list[Served] = []

    def start(*options: str, data: Path = tmp_path / "data") -> Served:
        started.append(Served(data, *options))
        return started[-1]

    yield start
    for served in started:
        assert "Traceback" not in served.stop()


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One dashboard for tests that leave it as it was, with one run in it."""
    dashboard = Served(tmp_path_factory.mktemp("shared") / "data")
    status = {"status": "completed", "details": "finished", "time": 1.0}
    dashboard.track("0123456789abcdef", packet_with_configs(), {"status": status})
    yield dashboard
    assert "Traceback" not in dashboard.stop()


def packet_with_configs() -> dict[str, object]:
    from tests.dashboard.served import packet

    entry = {"name": "lr", "value": 0.01, "computed": 0.01, "type": "float", "options": []}
    return packet(100, configs={"lr": entry})
