from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.dashboard.served import Served, packet

Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start dashboards, by default on one data folder; each is ended with the test."""
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(Served(tmp_path / "data", *options))


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One dashboard for the tests of a module, with one run in it."""
    with Served(tmp_path_factory.mktemp("shared") / "data") as dashboard:
        entry = {"name": "lr", "value": 0.01, "computed": 0.01, "type": "float", "options": []}
        status = {"status": "completed", "details": "finished", "time": 1.0}
        dashboard.track("0123456789abcdef", packet(100, configs={"lr": entry}), {"status": status})
        yield dashboard
