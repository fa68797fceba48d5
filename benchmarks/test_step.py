"""The time of one step of the seed program on one core: ours, those of others, and the ratios."""

from collections.abc import Callable

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from amsgrad.problems.sequence import ORDERS, Sequence
from amsgrad.problems.stochastic import Stochastic
from benchmarks import contenders
from benchmarks.contenders import best_times

pytestmark = pytest.mark.usefixtures("one_core")

MANY, FEW = 10_000_000, 3_000
SLOPES = "-400,1x401"

# name -> (contender, steps per round)
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
    **{
        f"compiled adam, 402 slopes, {order}": (
            lambda order=order: contenders.compiled(
                "adam", np.float32, problem=Sequence(SLOPES, order)
            ),
            MANY,
        )
        for order in ORDERS
    },
    "batch of 32 seeds, adam, 402 slopes, shuffled": (
        lambda: contenders.batch("adam", [Sequence(SLOPES, "shuffled", i) for i in range(32)]),
        MANY,
    ),
    "plain C, adam": (lambda: contenders.plain_c("adam"), MANY),
    "plain C, amsgrad": (lambda: contenders.plain_c("amsgrad"), MANY),
    "plain C, step size kept, adam": (lambda: contenders.plain_c("adam", "-DKEEP_STEP"), MANY),
    "plain C, step size kept, amsgrad": (
        lambda: contenders.plain_c("amsgrad", "-DKEEP_STEP"),
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

# ours must take at most 1 / factor of theirs; all are ratios in one run, so all are checked
TARGETS = [
    ("compiled adam", "seed program, adam", 20_000),
    ("compiled amsgrad", "seed program, amsgrad", 20_000),
    ("compiled adam", "optax adam, jitted fori_loop", 3),
    ("compiled amsgrad", "optax amsgrad, jitted fori_loop", 3),
    ("compiled adam", "plain C, adam", 1 / 1.15),
    ("compiled amsgrad", "plain C, amsgrad", 1 / 1.15),
    ("compiled adam", "plain C, step size kept, adam", 1 / 2),
    ("compiled amsgrad", "plain C, step size kept, amsgrad", 1 / 2),
    ("compiled adam", "floor", 1 / 3.5),
    ("compiled amsgrad", "floor", 1 / 3.5),
    ("compiled adam, stochastic", "compiled adam", 1 / 2),
    ("compiled amsgrad, stochastic", "compiled amsgrad", 1 / 2),
    ("batch of 32 seeds, amsgrad, stochastic", "compiled amsgrad, stochastic", 2),
    ("compiled adam, 402 slopes, cyclic", "compiled adam", 1 / 1.5),
    ("compiled adam, 402 slopes, drawn", "compiled adam, stochastic", 1 / 2),
]


@pytest.mark.parametrize("name", CONTENDERS)
def test_time_of(benchmark: BenchmarkFixture, report_time: Callable[..., None], name: str) -> None:
    make, steps = CONTENDERS[name]
    run = make()
    run(steps)  # compiles
    benchmark.pedantic(run, args=(steps,), rounds=15 if steps == MANY else 5)
    report_time("one step of the seed program", name, benchmark.stats.stats.min / steps)


@pytest.mark.parametrize(("ours", "theirs", "factor"), TARGETS)
def test_ratio(check_ratio: Callable[..., None], ours: str, theirs: str, factor: float) -> None:
    contest = {
        name: (make(), steps)
        for name, (make, steps) in CONTENDERS.items()
        if name in (ours, theirs)
    }
    check_ratio(best_times(contest), ours, theirs, factor)


def test_shuffling_402_slopes(report_bound: Callable[..., None]) -> None:
    contest = {
        order: (contenders.compiled("adam", np.float32, problem=Sequence(SLOPES, order)), MANY)
        for order in ("cyclic", "shuffled")
    }
    best = best_times(contest)
    shuffle = 1e9 * (best["shuffled"] - best["cyclic"])
    report_bound("what shuffling 402 slopes adds to a step (ns)", shuffle, 60)
