"""Many runs on a GPU: beside all cores here, torch's tensors there, and what it can issue.

Without a device only the last is computed, as an estimate for an H100.
"""

import ctypes
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Any

import numpy as np
import pytest
import torch

from amsgrad.cuda.driver import LIBRARY, NoDevice, devices
from amsgrad.cuda.engine import Cuda
from amsgrad.engines.base import NOTHING, Engine, Setup, State
from amsgrad.engines.batch import Batch
from amsgrad.problems.online import Online
from amsgrad.problems.problem import Problem
from amsgrad.problems.stochastic import Stochastic
from amsgrad.rules import RULES
from amsgrad.rules.rule import Rule
from amsgrad.schedules import constant, inverse_sqrt
from benchmarks.issue import H100, SETTLED, Limit, instructions_per_step

LR, BETA1, EPS = 1e-2, 0.9, 1e-8
BETA2 = np.linspace(0.9, 0.999, 8).tolist()
SECONDS = 1.0  # of a measurement
GOAL = 4e11  # run-steps a second on an H100: AMSGrad, float32, constant step, the general path
MULTIPROCESSORS, KILOHERTZ = 16, 13  # CU_DEVICE_ATTRIBUTE_...

try:
    GPU, WHY = devices()[0], ""
except NoDevice as error:
    GPU, WHY = None, str(error)
needs_device = pytest.mark.skipif(GPU is None, reason=WHY)
needs_torch = pytest.mark.skipif(
    GPU is None or not torch.cuda.is_available(), reason=WHY or "torch finds no CUDA device here"
)
TABLE = f"run-steps a second, AMSGrad, {datetime.now(UTC):%Y-%m-%d}"


class General(Online):
    """The online problem; with a gradient of its own it has no table of steps."""

    @staticmethod
    def gradient(slope: Any, x: Any, p: Any) -> Any:
        return slope


PATHS: dict[str, tuple[Callable[[int], Problem], Any]] = {
    "table": (lambda seed: Online(), constant),
    "general": (lambda seed: General(), constant),
    "decaying": (lambda seed: Online(), inverse_sqrt),
    "stochastic": (lambda seed: Stochastic(seed=seed), constant),
}
SIZES = [1000, 10_000, 100_000, 1_000_000]
DTYPES = {"float32": np.float32, "float64": np.float64}


def runs(path: str, dtype: str, size: int) -> tuple[list[Setup], list[Rule]]:
    """Return runs that differ in beta2, and in their seed; the few values need few powers."""
    make, schedule = PATHS[path]
    seeds = size if path == "stochastic" else 1
    setups = [Setup(make(i), LR, schedule, first_t=1, dtype=DTYPES[dtype]) for i in range(seeds)]
    rules = [RULES["amsgrad"](beta1=BETA1, beta2=b, eps=EPS) for b in BETA2]
    return setups * (size // seeds), list(islice(cycle(rules), size))


def speed(advance: Callable[[int], None], size: int) -> float:
    """Return run-steps a second; the number of steps grows until they take SECONDS."""
    steps = 1000
    while True:
        began = time.perf_counter()
        advance(steps)
        took = time.perf_counter() - began
        if took >= SECONDS:
            return size * steps / took
        steps = max(2 * steps, min(10 * steps, int(1.2 * steps * SECONDS / max(took, 1e-6))))


def going_on(engine: Engine[State]) -> Callable[[int], None]:
    state, _ = engine.advance(engine.init(), SETTLED, NOTHING)

    def advance(steps: int) -> None:
        nonlocal state
        state, _ = engine.advance(state, steps, NOTHING)

    return advance


def on_all_cores(path: str, dtype: str, size: int) -> float:
    cores = len(os.sched_getaffinity(0))
    each = min(4096, -(-size // cores))
    setups, rules = runs(path, dtype, cores * each)
    parts = [
        going_on(Batch(setups[i : i + each], rules[i : i + each]))
        for i in range(0, len(rules), each)
    ]
    with ThreadPoolExecutor(cores) as pool:

        def advance(steps: int) -> None:
            list(pool.map(lambda part: part(steps), parts))

        return speed(advance, len(rules))


@needs_device
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("path", PATHS)
def test_run_steps_a_second(
    report_rate: Callable[..., None], report_bound: Callable[..., None], path: str, dtype: str
) -> None:
    assert GPU is not None
    found = {}
    for size in SIZES:
        setups, rules = runs(path, dtype, size)
        found[size] = speed(going_on(Cuda(setups, rules)), size)
        report_rate(TABLE, f"{GPU.name}: {path}, {dtype}, {size:,} runs", found[size])
    cores = len(os.sched_getaffinity(0))
    report_rate(TABLE, f"{cores} cores: {path}, {dtype}", on_all_cores(path, dtype, 4096 * cores))
    if (path, dtype) == ("general", "float32") and "H100" in GPU.name:
        best = max(found.values())
        report_bound("goal / run-steps a second, general path, float32, H100", GOAL / best, 1)


def torch_tensors(size: int, compiled: bool) -> float:
    """Return the speed of the same runs as float32 tensors, one operation after another."""
    beta2 = torch.tensor(list(islice(cycle(BETA2), size)), device="cuda")
    x, m, v, vmax, total = torch.zeros(5, size, device="cuda")

    def one(g: Any) -> None:
        total.add_(g * x + g)
        m.mul_(BETA1).add_(g, alpha=1 - BETA1)
        v.mul_(beta2).add_((1 - beta2) * (g * g))
        torch.maximum(vmax, v, out=vmax)
        x.addcdiv_(m, vmax.sqrt().add_(EPS), value=-LR).clamp_(-1, 1)

    slopes = {True: torch.tensor(1010.0, device="cuda"), False: torch.tensor(-10.0, device="cuda")}
    step = torch.compile(one) if compiled else one

    @torch.no_grad()
    def advance(steps: int) -> None:
        for t in range(1, steps + 1):
            step(slopes[t % 101 == 1])
        torch.cuda.synchronize()

    advance(10)
    return speed(advance, size)


@needs_torch
@pytest.mark.parametrize("way", ["eager", "compiled"])
def test_beside_torch_tensors(
    report_rate: Callable[..., None], check_ratio: Callable[..., None], way: str
) -> None:
    size = 100_000
    setups, rules = runs("general", "float32", size)
    ours = speed(going_on(Cuda(setups, rules)), size)
    theirs = torch_tensors(size, way == "compiled")
    name = f"torch tensors, {way}, float32, {size:,} runs"
    report_rate(TABLE, name, theirs)
    seconds = {"engine cuda": 1 / ours, name: 1 / theirs}
    check_ratio(seconds, "engine cuda", name, 100 if way == "eager" else 1)


def limit() -> Limit:
    if GPU is None:
        return H100
    cuda, value, facts = ctypes.CDLL(LIBRARY), ctypes.c_int(), []
    for attribute in (MULTIPROCESSORS, KILOHERTZ):
        assert cuda.cuDeviceGetAttribute(ctypes.byref(value), attribute, GPU.number) == 0
        facts.append(value.value)
    return Limit(GPU.name, facts[0], 1000.0 * facts[1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("path", PATHS)
def test_what_can_be_issued(report_rate: Callable[..., None], path: str, dtype: str) -> None:
    """An estimate from the instructions that a settled step executes; see `issue.py`."""
    setups, rules = runs(path, dtype, 1)
    count = instructions_per_step(setups[0], rules[0])
    device = limit()
    report_rate(
        f"estimate: run-steps a second that a {device.name} can issue",
        f"{path}, {dtype}, {count:.0f} instructions per step",
        device.steps_per_second(count),
    )
