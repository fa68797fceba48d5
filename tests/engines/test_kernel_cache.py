"""Compiled code on disk: shared by processes, not by processors; compiled again where damaged."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numba
import pytest
from filelock import FileLock

from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
RUN = """
import os
from amsgrad.engines import kernel_cache
from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.problems.online import Online
from amsgrad.rules import RULES

kernel_cache.SECONDS_TO_WAIT = float(os.environ.get("WAIT", 60))
engine = Compiled(Setup(Online(), 0.1), RULES["sgd"]())
print(run_to(engine, 1000)[0].x, sum(engine._kernel.stats.cache_hits.values()))
"""
LIMITED = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
{RUN}
"""
OTHER_PROCESSOR = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}


def start(folder: Path, code: str = RUN, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end_of(process: subprocess.Popen[str]) -> tuple[str, int, str]:
    """x, hits of the cache, and standard error."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    x, hits = out.split()
    return x, int(hits), err


def run(folder: Path, *code: str, **more: str) -> tuple[str, int, str]:
    return end_of(start(folder, *code, **more))


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) // 2],
    "flipped": flipped,
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A warm cache, and the x that its code computes."""
    folder = tmp_path_factory.mktemp("cache")
    x, hits, _ = run(folder)
    assert hits == 0
    assert run(folder) == (x, 1, "")
    return folder, x


SLOW = pytest.mark.slow
CASES = [pytest.param(name, marks=[] if name == "flipped" else [SLOW]) for name in DAMAGES]


@pytest.mark.parametrize("damage", CASES)
def test_a_damaged_file_is_a_miss(damage: str, cache: tuple[Path, str]) -> None:
    folder, x = cache
    (file,) = folder.rglob("*.nbc")
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    assert run(folder) == (x, 0, "")
    assert run(folder) == (x, 1, "")  # it was written again


@pytest.mark.slow
def test_a_full_cache_costs_a_warning_that_names_it(
    tmp_path: Path, cache: tuple[Path, str]
) -> None:
    x, hits, said = run(tmp_path, LIMITED)
    assert (x, hits) == (cache[1], 0)
    assert f"Compiled code cannot be kept in {tmp_path}" in said
    assert "File too large" in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_of_many_processes_one_compiles(tmp_path: Path, cache: tuple[Path, str]) -> None:
    processes = [start(tmp_path) for _ in range(4)]
    ends = [end_of(process) for process in processes]
    assert {(x, said) for x, _, said in ends} == {(cache[1], "")}
    assert sorted(hits for _, hits, _ in ends) == [0, 1, 1, 1]


@pytest.mark.slow
def test_a_process_that_waits_in_vain_compiles(tmp_path: Path, cache: tuple[Path, str]) -> None:
    """Another one holds the lock, and writes nothing."""
    folder = Path(shutil.copytree(cache[0], tmp_path / "cache"))
    (file,) = folder.rglob("*.nbc")
    file.unlink()
    with FileLock(f"{file}.lock"):
        assert run(folder, WAIT="0.5") == (cache[1], 0, "")
    assert file.exists()


@pytest.mark.slow
def test_code_for_another_processor_is_not_run(tmp_path: Path, cache: tuple[Path, str]) -> None:
    folder = Path(shutil.copytree(cache[0], tmp_path / "cache"))
    (ours,) = folder.rglob("*.nbc")
    assert run(folder, **OTHER_PROCESSOR) == (cache[1], 0, "")
    (theirs,) = set(folder.rglob("*.nbc")) - {ours}
    assert run(folder) == run(folder, **OTHER_PROCESSOR) == (cache[1], 1, "")
    shutil.copy(theirs, ours)  # whole, but under our name
    assert run(folder) == (cache[1], 0, "")
