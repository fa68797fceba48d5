"""Workers of a cluster share no cache of kernels."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sweeps.small import ROOT

CODE = """
import os
from experiments.sweeps.numba_cache import use_own_cache
use_own_cache()
print(os.environ["NUMBA_CACHE_DIR"], flush=True)
input()
"""


def worker(folder: Path) -> tuple[subprocess.Popen[str], str]:
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    process = subprocess.Popen(
        [sys.executable, "-c", CODE],
        cwd=ROOT,
        env={**environment, "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_each_process_has_its_own_and_the_next_one_finds_it(tmp_path: Path) -> None:
    first, one = worker(tmp_path)
    second, two = worker(tmp_path)
    assert one != two
    first.kill()
    first.communicate()
    third, three = worker(tmp_path)
    assert three == one
    for process in (second, third):
        process.communicate("\n")
    shared = tmp_path / f"amsgrad-numba-{os.getuid()}"
    assert shared.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_may_write_is_not_used(tmp_path: Path) -> None:
    shared = tmp_path / f"amsgrad-numba-{os.getuid()}"
    shared.mkdir()
    shared.chmod(0o777)
    process, own = worker(tmp_path)
    process.communicate("\n")
    assert not Path(own).is_relative_to(shared)
    assert Path(own).stat().st_mode & 0o777 == 0o700


def test_a_folder_that_was_chosen_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    from experiments.sweeps.numba_cache import use_own_cache

    monkeypatch.setenv("NUMBA_CACHE_DIR", "/chosen")
    use_own_cache()
    assert os.environ["NUMBA_CACHE_DIR"] == "/chosen"
