"""The whole command, as its user waits for it: a process, caches warm."""

import json
import subprocess
import sys
from itertools import count
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


def test_figure_1_takes_fifteen_seconds(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Computed and drawn, numba's cache warm: each round has a folder, so a cache, of its own."""
    rounds = count()

    def run() -> None:
        argv = [sys.executable, "-m", "experiments.figures", "fig1"]
        out = ["--out", str(tmp_path / str(next(rounds)))]
        subprocess.run([*argv, *out], check=True, stdout=subprocess.DEVNULL)

    benchmark.pedantic(run, rounds=2, warmup_rounds=1)
    assert benchmark.stats.stats.min <= 15
