"""Compiled code on disk: what is damaged is compiled again, and what cannot be kept is said."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numba
import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
RUN = """
from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.problems.online import Online
from amsgrad.rules import RULES

engine = Compiled(Setup(Online(), 0.1), RULES["sgd"]())
print(run_to(engine, 1000)[0].x, sum(engine._kernel.stats.cache_hits.values()))
"""
LIMITED = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
{RUN}
"""


def run(folder: Path, code: str = RUN) -> tuple[str, int, str]:
    """x, hits of the cache, and standard error."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    x, hits = done.stdout.split()
    return x, int(hits), done.stderr


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "random": lambda content: os.urandom(len(content)),
    "flipped": flipped,
}
QUICK = (("empty", "nbi"), ("flipped", "nbc"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A warm cache, and the x that its code computes."""
    folder = tmp_path_factory.mktemp("cache")
    x, hits, _ = run(folder)
    assert hits == 0
    assert run(folder) == (x, 1, "")
    return folder, x


SLOW = pytest.mark.slow
CASES = [
    pytest.param(damage, ending, marks=[] if (damage, ending) in QUICK else [SLOW])
    for damage in DAMAGES
    for ending in ("nbi", "nbc")
]


@pytest.mark.parametrize(("damage", "ending"), CASES)
def test_a_damaged_file_is_a_miss(damage: str, ending: str, cache: tuple[Path, str]) -> None:
    folder, x = cache
    (file,) = folder.rglob(f"*.{ending}")
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    assert run(folder) == (x, 0, "")
    assert run(folder) == (x, 1, "")  # it was written again


def test_a_full_cache_costs_a_warning_that_names_it(
    tmp_path: Path, cache: tuple[Path, str]
) -> None:
    x, hits, said = run(tmp_path, LIMITED)
    assert (x, hits) == (cache[1], 0)
    assert f"Compiled code cannot be kept in {tmp_path}" in said
    assert "File too large" in said
    assert "Traceback" not in said
