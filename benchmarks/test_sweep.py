"""Many configurations at once: ours beside torch tensors and JAX's vmap; a whole map by command."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from pytest_benchmark.fixture import BenchmarkFixture

from amsgrad.engines.batch import Batch
from amsgrad.engines.contract import Setup
from amsgrad.problems.online import Online
from amsgrad.rules import RULES
from amsgrad.schedules import record_steps

RUNS = 1024
BETA2 = np.linspace(0.9, 0.999, RUNS)
LR, BETA1, EPS, EVERY = 1e-2, 0.9, 1e-8, 1000
NS = {np.float32: 0.40, np.float64: 0.90}  # a run and step, at most

Run = Callable[[int], Any]
measured: dict[str, float] = {}  # ns a run and step, for the tables


@pytest.fixture
def one_core() -> Iterator[None]:
    allowed, threads = os.sched_getaffinity(0), torch.get_num_threads()
    os.sched_setaffinity(0, {max(allowed)})
    torch.set_num_threads(1)
    yield
    os.sched_setaffinity(0, allowed)
    torch.set_num_threads(threads)


def ours(dtype: Any) -> Run:
    """AMSGrad at a constant step through the batch engine, recording every 1000 steps."""
    setups = [Setup(Online(), LR, first_t=1, dtype=dtype)] * RUNS
    rules = [RULES["amsgrad"](beta1=BETA1, beta2=float(b), eps=EPS) for b in BETA2]
    engines = [Batch(setups[i : i + 256], rules[i : i + 256]) for i in range(0, RUNS, 256)]
    # from where the bias corrections are 1: what a long sweep does nearly all of the time
    begun = [engine.advance(engine.init(), 40_000, record_steps(1, 1))[0] for engine in engines]

    def run(steps: int) -> None:
        at = record_steps(steps, EVERY) + 40_000
        for engine, state in zip(engines, begun, strict=True):
            engine.advance(state, steps, at)

    return run


def torch_tensors() -> Run:
    """The same runs as float32 tensors, an operation at a time."""
    beta2 = torch.tensor(BETA2, dtype=torch.float32)

    @torch.no_grad()
    def run(steps: int) -> None:
        x, m, v, vmax, total = torch.zeros(5, RUNS)
        for t in range(1, steps + 1):
            g = 1010.0 if t % 101 == 1 else -10.0
            total += g * x + g
            m.mul_(BETA1).add_(g, alpha=1 - BETA1)
            v.mul_(beta2).add_((1 - beta2) * (g * g))
            torch.maximum(vmax, v, out=vmax)
            x.addcdiv_(m, vmax.sqrt().add_(EPS), value=-LR).clamp_(-1, 1)

    return run


def jax_vmap() -> Run:
    """The same runs by vmap of optax in a jitted lax.fori_loop."""
    import jax
    import optax

    def loop(beta2: Any, steps: Any) -> Any:
        optimizer = optax.amsgrad(LR, b1=BETA1, b2=beta2, eps=EPS)

        def body(t: Any, carry: Any) -> Any:
            x, state, total = carry
            g = jax.numpy.where(t % 101 == 1, 1010.0, -10.0)
            updates, state = optimizer.update(g, state, x)
            return jax.numpy.clip(optax.apply_updates(x, updates), -1, 1), state, total + g * x + g

        x = jax.numpy.float32(0)
        return jax.lax.fori_loop(1, steps + 1, body, (x, optimizer.init(x), x))[0]

    compiled = jax.jit(jax.vmap(loop, in_axes=(0, None)))
    betas = jax.numpy.asarray(BETA2, dtype="float32")
    return lambda steps: compiled(betas, steps).block_until_ready()


def nanoseconds(run: Run, steps: int, rounds: int = 5) -> float:
    run(steps)  # compiles
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        run(steps)
        best = min(best, time.perf_counter() - began)
    return 1e9 * best / steps / RUNS


@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_run_and_step_of_a_batch(benchmark: BenchmarkFixture, dtype: Any) -> None:
    run = ours(dtype)
    ns = benchmark.pedantic(nanoseconds, args=(run, 50_000), rounds=1)
    measured[f"ours, {np.dtype(dtype).name}"] = ns
    assert ns <= NS[dtype]


@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize(
    ("peer", "steps", "factor"), [(torch_tensors, 2_000, 50), (jax_vmap, 20_000, 1)]
)
def test_peers_are_slower(peer: Callable[[], Run], steps: int, factor: float) -> None:
    theirs = nanoseconds(peer(), steps, rounds=3)
    mine = nanoseconds(ours(np.float32), 50_000)
    measured[peer.__name__] = theirs
    assert theirs / mine >= factor


@pytest.mark.skipif("len(os.sched_getaffinity(0)) < 2", reason="there is one core only")
def test_two_cores_are_nearly_twice_as_fast() -> None:
    runs = [ours(np.float32), ours(np.float32)]
    steps, best = 200_000, 0.0
    with ThreadPoolExecutor(2) as pool:
        for _ in range(8):
            began = time.perf_counter()
            for run in runs:
                run(steps)
            one = time.perf_counter() - began
            began = time.perf_counter()
            list(pool.map(lambda run: run(steps), runs))
            best = max(best, one / (time.perf_counter() - began))
    measured["times faster on two cores"] = best
    assert best >= 1.8


def sweep(folder: Path, axes: dict[str, Any], **base: Any) -> tuple[float, int]:
    """Run a sweep by its command; its seconds, and the most memory it held in kB."""
    file = folder / "sweep.yaml"
    settings = {"opt": "amsgrad", "semantics": "paper", "first_t": 1, **base}
    file.write_text(yaml.safe_dump({"base": settings, "axes": axes, "keep": ["x"]}))
    command = [sys.executable, "-m", "experiments.sweep", "--config", str(file), "--json"]
    began = time.perf_counter()
    with (folder / "said").open("w") as said:
        command += ["--out", str(folder / "out")]
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)  # of this child alone
    process.returncode = os.waitstatus_to_exitcode(status)  # else Popen takes it for running
    assert process.returncode == 0
    json.loads((folder / "said").read_text().splitlines()[-1])
    return time.perf_counter() - began, used.ru_maxrss


@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
def test_a_map_of_160_000_runs_takes_half_a_minute(tmp_path: Path, opt: str) -> None:
    """400 x 400 betas, 100,000 steps with a decaying step size, on two cores."""
    betas = {"linear": [0.0, 0.999, 400]}
    axes = {"beta1": betas, "beta2": betas}
    seconds, _ = sweep(tmp_path, axes, opt=opt, schedule="inverse_sqrt", lr=0.5, steps=100_000)
    measured[f"map of 160,000 runs, {opt} (seconds)"] = seconds
    assert seconds <= 30


def test_a_sweep_of_one_chunk_starts_within_three_seconds(tmp_path: Path) -> None:
    axes = {"beta2": [0.9, 0.99]}
    best = min(sweep(_made(tmp_path / str(i)), axes, steps=1000)[0] for i in range(3))
    measured["sweep of one chunk (seconds)"] = best
    assert best <= 3


def test_memory_does_not_grow_with_the_steps(tmp_path: Path) -> None:
    axes = {"beta2": {"linear": [0.0, 0.99, 64]}}
    base = {"schedule": "inverse_sqrt", "lr": 0.5}
    _, few = sweep(_made(tmp_path / "few"), axes, steps=1000, **base)
    _, many = sweep(_made(tmp_path / "many"), axes, steps=1_000_000, **base)
    assert many <= 1.05 * few


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
