"""The time of a search, as its user waits for it: a process, caches warm.

All bounds are in seconds, which depend on the processor and on what else runs: they are reported.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

COMMAND = [sys.executable, "-m", "experiments.search"]
ADAM = ["--opt=adam", "--beta2=0.999", "--eps=1e-8"]
FAILING = (["--opt=adam"], ADAM, *([f"--opt={opt}"] for opt in ("rmsprop", "adopt", "adashift")))
FAILING += (["--opt=acprop"], ["--opt=yogi"])


def search(argv: list[str], out: Path) -> dict[str, Any]:
    line = [*COMMAND, *argv, "--out", str(out), "--json"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("argv", FAILING, ids=" ".join)
def test_a_find_by_default(
    benchmark: BenchmarkFixture,
    report_bound: Callable[..., None],
    argv: list[str],
    tmp_path: Path,
) -> None:
    """With its proof, and with the run that shows it."""
    found = benchmark.pedantic(search, (argv, tmp_path), rounds=2, warmup_rounds=1)
    assert found["proved"]
    assert found["shown"]
    name = f"search {' '.join(argv)} (seconds)"
    report_bound(name, benchmark.stats.stats.min, 20)


@pytest.mark.parametrize("period", [3, 4])
def test_the_smallest(
    benchmark: BenchmarkFixture, report_bound: Callable[..., None], period: int, tmp_path: Path
) -> None:
    argv = [*ADAM, f"--period={period}", "--smallest", "--no-run"]
    found = benchmark.pedantic(search, (argv, tmp_path), rounds=2, warmup_rounds=1)
    assert found["minimal"]["claim"] == "smallest"
    name = f"the smallest of Adam at period {period}, from max|g| = 1 (seconds)"
    report_bound(name, benchmark.stats.stats.min, 60)
