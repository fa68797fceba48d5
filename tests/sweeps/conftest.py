"""One sweep that every test of the session may read."""

from pathlib import Path

import pytest

from tests.sweeps.small import merged, sweep, write


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an undisturbed sweep, merged."""
    folder = tmp_path_factory.mktemp("done")
    assert sweep(write(folder), folder / "out", "--threads", "1") == 0
    merged(folder / "out")
    return folder / "out"
