"""The time of one step of the seed program, ours beside others', on one core, as ratios."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from amsgrad.problems.stochastic import Stochastic
from benchmarks import contenders
from benchmarks.contenders import Run

MANY, FEW = 10_000_000, 3_000

# name -> (contender, steps a round)
CONTENDERS = {
    "floor": (contenders.floor, MANY),
    "compiled adam": (lambda: contenders.compiled("adam", np.float32), MANY),
    "compiled amsgrad": (lambda: contenders.compiled("amsgrad", np.float32), MANY),
    "compiled amsgrad float64": (lambda: contenders.compiled("amsgrad", np.float64), MANY),
    "compiled amsgrad alpha/sqrt(t)": (
        lambda: contenders.compiled("amsgrad", np.float32, "inverse_sqrt"),
        MANY,
    ),
    "compiled adam, stochastic": (
        lambda: contenders.compiled("adam", np.float32, problem=Stochastic()),
        MANY,
    ),
    "compiled amsgrad, stochastic": (
        lambda: contenders.compiled("amsgrad", np.float32, problem=Stochastic()),
        MANY,
    ),
    "batch of 32 seeds, amsgrad, stochastic": (
        lambda: contenders.batch("amsgrad", [Stochastic(seed=seed) for seed in range(32)]),
        MANY,
    ),
    "optax adam, jitted fori_loop": (lambda: contenders.optax_loop("adam"), MANY),
    "optax amsgrad, jitted fori_loop": (lambda: contenders.optax_loop("amsgrad"), MANY),
    "seed program, adam": (lambda: contenders.seed_program("adam"), FEW),
    "seed program, amsgrad": (lambda: contenders.seed_program("amsgrad"), FEW),
    "torch.optim.Adam(amsgrad=True)": (lambda: contenders.torch_adam(foreach=False), FEW),
    "torch.optim.Adam, foreach": (lambda: contenders.torch_adam(foreach=True), FEW),
    "torch.optim.Adam, fused": (lambda: contenders.torch_adam(fused=True), FEW),
}

# ours must take at most 1 / factor of theirs
TARGETS = [
    ("compiled adam", "seed program, adam", 20_000),
    ("compiled amsgrad", "seed program, amsgrad", 20_000),
    ("compiled adam", "optax adam, jitted fori_loop", 3),
    ("compiled amsgrad", "optax amsgrad, jitted fori_loop", 3),
    ("compiled adam", "plain C, adam", 2),
    ("compiled amsgrad", "plain C, amsgrad", 2),
    ("compiled adam", "floor", 1 / 3.5),
    ("compiled amsgrad", "floor", 1 / 3.5),
    ("compiled adam, stochastic", "compiled adam", 1 / 2),
    ("compiled amsgrad, stochastic", "compiled amsgrad", 1 / 2),
    ("batch of 32 seeds, amsgrad, stochastic", "compiled amsgrad, stochastic", 2),
]

seconds_a_step: dict[str, float] = {}
ratios: dict[tuple[str, str], tuple[float, float]] = {}


@pytest.fixture(autouse=True, scope="module")
def _one_core() -> Iterator[None]:
    allowed = os.sched_getaffinity(0)
    threads = torch.get_num_threads()
    os.sched_setaffinity(0, {max(allowed)})
    torch.set_num_threads(1)
    yield
    os.sched_setaffinity(0, allowed)
    torch.set_num_threads(threads)


def make(name: str, folder: Path) -> tuple[Run, int]:
    if name.startswith("plain C, "):
        return contenders.plain_c(name.removeprefix("plain C, "), folder), MANY
    contender, steps = CONTENDERS[name]
    return contender(), steps


@pytest.mark.parametrize("name", [*CONTENDERS, "plain C, adam", "plain C, amsgrad"])
def test_time_of(benchmark: BenchmarkFixture, name: str, tmp_path: Path) -> None:
    run, steps = make(name, tmp_path)
    run(steps)  # compiles
    benchmark.pedantic(run, args=(steps,), rounds=15 if steps == MANY else 5)
    seconds_a_step[name] = benchmark.stats.stats.min / steps


@pytest.mark.parametrize(("ours", "theirs", "factor"), TARGETS)
def test_ratio(ours: str, theirs: str, factor: float, tmp_path: Path) -> None:
    """The two take turns, so that a slow moment of the machine falls on both."""
    contest = {name: make(name, tmp_path) for name in (ours, theirs)}
    best = dict.fromkeys(contest, float("inf"))
    for _ in range(10):
        for name, (run, steps) in contest.items():
            began = time.perf_counter()
            run(steps)
            best[name] = min(best[name], (time.perf_counter() - began) / steps)
    ratio = best[theirs] / best[ours]
    ratios[ours, theirs] = (ratio, factor)
    assert ratio >= factor
