"""Many runs at once: ours beside torch tensors and the vmap of JAX; whole sweeps by command.

Ratios to a peer are checked, and the memory of two sweeps. Bounds in seconds depend on the
processor and on what else runs, and two cores help only where both are idle: these are reported.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from amsgrad.engines.base import Setup
from amsgrad.engines.batch import Batch
from amsgrad.problems.online import Online
from amsgrad.rules import RULES
from amsgrad.schedules import record_steps
from benchmarks.contenders import Run, best_times

RUNS = 1024
BETA2 = np.linspace(0.9, 0.999, RUNS)
LR, BETA1, EPS, EVERY = 1e-2, 0.9, 1e-8, 1000
TABLE = "one step of one run of many at once"


def ours(dtype: Any) -> Run:
    """Make AMSGrad at a constant step in the batch engine, recording every 1000 steps."""
    setups = [Setup(Online(), LR, first_t=1, dtype=dtype)] * RUNS
    rules = [RULES["amsgrad"](beta1=BETA1, beta2=float(b), eps=EPS) for b in BETA2]
    engines = [Batch(setups[i : i + 256], rules[i : i + 256]) for i in range(0, RUNS, 256)]
    # from where the bias corrections are 1, as they are for nearly all steps of a long sweep
    begun = [engine.advance(engine.init(), 40_000, record_steps(1, 1))[0] for engine in engines]

    def run(steps: int) -> None:
        at = record_steps(steps, EVERY) + 40_000
        for engine, state in zip(engines, begun, strict=True):
            engine.advance(state, steps, at)

    return run


def torch_tensors() -> Run:
    """Make the same runs of float32 tensors, one operation after another."""
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
    """Make the same runs by vmap of optax in a jitted lax.fori_loop."""
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


def best_of_one_run(contest: dict[str, tuple[Run, int]]) -> dict[str, float]:
    return {name: seconds / RUNS for name, seconds in best_times(contest).items()}


@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize(("dtype", "ns"), [("float32", 0.40), ("float64", 0.90)])
def test_a_step_of_a_run(
    report_time: Callable[..., None], report_bound: Callable[..., None], dtype: str, ns: float
) -> None:
    name = f"ours, {dtype}"
    seconds = best_of_one_run({name: (ours(np.dtype(dtype).type), 50_000)})[name]
    report_time(TABLE, name, seconds)
    report_bound(f"a step of a run of many at once, {dtype} (ns)", 1e9 * seconds, ns)


@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize(
    ("name", "peer", "steps", "factor"),
    [
        ("torch tensors, float32", torch_tensors, 2_000, 50),
        ("vmap of optax in a jitted fori_loop, float32", jax_vmap, 20_000, 1),
    ],
)
def test_ratio(
    report_time: Callable[..., None],
    check_ratio: Callable[..., None],
    name: str,
    peer: Callable[[], Run],
    steps: int,
    factor: float,
) -> None:
    contest = {"ours, float32": (ours(np.float32), 50_000), name: (peer(), steps)}
    seconds = best_of_one_run(contest)
    report_time(TABLE, name, seconds[name])
    check_ratio(seconds, "ours, float32", name, factor)


@pytest.mark.skipif("len(os.sched_getaffinity(0)) < 2", reason="there is one core only")
def test_two_cores(report_bound: Callable[..., None]) -> None:
    """Compare two cores with one; what else runs takes from two cores, and not from one of two."""
    runs = [ours(np.float32), ours(np.float32)]
    steps, one, two = 200_000, float("inf"), float("inf")
    with ThreadPoolExecutor(2) as pool:
        for _ in range(8):
            began = time.perf_counter()
            for run in runs:
                run(steps)
            one = min(one, time.perf_counter() - began)
            began = time.perf_counter()
            list(pool.map(lambda run: run(steps), runs))
            two = min(two, time.perf_counter() - began)
    report_bound("time on two cores / time on one", two / one, 1 / 1.8)


def sweep(folder: Path, axes: dict[str, Any], **base: Any) -> tuple[float, int]:
    """Run a sweep by its command; return its seconds, and the most memory it held in kB."""
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
def test_a_map_of_160_000_runs(report_bound: Callable[..., None], tmp_path: Path, opt: str) -> None:
    """Run 400 x 400 betas, 100,000 steps with a decaying step size, on two cores."""
    betas = {"linear": [0.0, 0.999, 400]}
    axes = {"beta1": betas, "beta2": betas}
    seconds, _ = sweep(tmp_path, axes, opt=opt, schedule="inverse_sqrt", lr=0.5, steps=100_000)
    report_bound(f"map of 160,000 runs, {opt} (seconds)", seconds, 30)


def test_a_sweep_of_one_chunk(report_bound: Callable[..., None], tmp_path: Path) -> None:
    axes = {"beta2": [0.9, 0.99]}
    best = min(sweep(_made(tmp_path / str(i)), axes, steps=1000)[0] for i in range(3))
    report_bound("sweep of one chunk, the whole command (seconds)", best, 3)


def test_memory_does_not_grow_with_the_steps(tmp_path: Path) -> None:
    """Compare two sweeps of this machine; their memory does not depend on its speed or load."""
    axes = {"beta2": {"linear": [0.0, 0.99, 64]}}
    base = {"schedule": "inverse_sqrt", "lr": 0.5}
    _, few = sweep(_made(tmp_path / "few"), axes, steps=1000, **base)
    _, many = sweep(_made(tmp_path / "many"), axes, steps=1_000_000, **base)
    assert many <= 1.05 * few


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
