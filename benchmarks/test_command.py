"""The whole command, as its user waits for it: a process, caches warm."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

COMMAND = [sys.executable, "-m", "experiments.synthetic"]


@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
def test_the_seed_program_takes_five_seconds(
    benchmark: BenchmarkFixture, opt: str, tmp_path: Path
) -> None:
    def run() -> dict[str, dict[str, float]]:
        argv = [*COMMAND, "--opt", opt, "--out", str(tmp_path), "--json"]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    summary = benchmark.pedantic(run, rounds=5, warmup_rounds=1)
    assert benchmark.stats.stats.min <= 5
    assert summary["seconds"]["tracking"] + summary["seconds"]["storing"] <= 1


def test_help_takes_half_a_second(benchmark: BenchmarkFixture) -> None:
    benchmark.pedantic(
        subprocess.run,
        args=([*COMMAND, "--help"],),
        kwargs={"check": True, "stdout": subprocess.DEVNULL},
        rounds=7,
        warmup_rounds=1,
    )
    assert benchmark.stats.stats.min <= 0.5
