"""The time of a whole command, as its user waits for it: a process, caches warm.

All bounds are in seconds of processes that start, import and write, which depend on the processor,
on the disk and on what else runs: they are reported.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

COMMAND = [sys.executable, "-m", "experiments.synthetic"]


@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
def test_the_seed_program(
    benchmark: BenchmarkFixture, report_bound: Callable[..., None], opt: str, tmp_path: Path
) -> None:
    def run() -> dict[str, dict[str, float]]:
        argv = [*COMMAND, "--opt", opt, "--out", str(tmp_path), "--json"]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    summary = benchmark.pedantic(run, rounds=5, warmup_rounds=1)
    report_bound(f"the whole command, {opt} (seconds)", benchmark.stats.stats.min, 5)
    seconds = summary["seconds"]
    report_bound(
        f"tracking and storing, {opt} (seconds)", seconds["tracking"] + seconds["storing"], 1
    )


def test_help(benchmark: BenchmarkFixture, report_bound: Callable[..., None]) -> None:
    benchmark.pedantic(
        subprocess.run,
        args=([*COMMAND, "--help"],),
        kwargs={"check": True, "stdout": subprocess.DEVNULL},
        rounds=7,
        warmup_rounds=1,
    )
    report_bound("--help (seconds)", benchmark.stats.stats.min, 0.5)


def test_figure_1(
    benchmark: BenchmarkFixture, report_bound: Callable[..., None], tmp_path: Path
) -> None:
    """Compute and draw with numba's cache warm: each round has its own folder, so its own cache."""
    rounds = count()

    def run() -> None:
        argv = [sys.executable, "-m", "experiments.figures", "fig1"]
        out = ["--out", str(tmp_path / str(next(rounds)))]
        subprocess.run([*argv, *out], check=True, stdout=subprocess.DEVNULL)

    benchmark.pedantic(run, rounds=2, warmup_rounds=1)
    report_bound("figure 1, computed and drawn (seconds)", benchmark.stats.stats.min, 15)


RULES = "adam,rmsprop,adagrad,adopt,adashift,acprop,yogi,adabound,sgd,amsgrad"
CLASSES = "torch.optim:NAdam,torch.optim:RAdam,torch.optim:Adamax"


def test_a_card_of_13(
    benchmark: BenchmarkFixture, report_bound: Callable[..., None], tmp_path: Path
) -> None:
    """Compute all columns with numba's cache warm, and none of the cells."""
    line = [sys.executable, "-m", "experiments.card", "--opt", f"{RULES},{CLASSES}"]

    def run(*more: str) -> None:
        subprocess.run([*line, "--out", str(tmp_path), *more], check=True, capture_output=True)

    run("--steps", "1000")
    benchmark.pedantic(run, rounds=1)
    report_bound("card of 13 optimizers (seconds)", benchmark.stats.stats.min, 300)
