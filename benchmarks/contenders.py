"""Ways to run the seed program: ours, and those of others. Each takes steps and returns x.

No peer computes with subnormal numbers, which make a step many times slower: the powers of
`plain.c` stop, XLA counts subnormal numbers as 0, and the powers of the eager loops, in double
precision, are not that small after so few steps.
"""

import ctypes
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numba
import numpy as np
import torch

from amsgrad.engines.base import Setup
from amsgrad.engines.batch import Batch
from amsgrad.engines.compiled import Compiled
from amsgrad.optimizers.catalog import real_optimizer
from amsgrad.problems.online import Online
from amsgrad.problems.problem import Problem
from amsgrad.rules import RULES
from amsgrad.schedules import SCHEDULES, record_steps

LR, BETAS, EPS = 1e-2, (0.9, 0.99), 1e-16
EVERY = 1000
ONLINE = Online()

Run = Callable[[int], Any]


def best_times(contest: Mapping[str, tuple[Run, int]], turns: int = 10) -> dict[str, float]:
    """Return the least seconds per step of each contender, given with the steps of its turn.

    They take turns, so that a slow moment of the machine falls on all. The turn before the first
    compiles.
    """
    best = dict.fromkeys(contest, float("inf"))
    for _ in range(1 + turns):
        for name, (run, steps) in contest.items():
            began = time.perf_counter()
            run(steps)
            best[name] = min(best[name], (time.perf_counter() - began) / steps)
    return best


def compiled(opt: str, dtype: Any, schedule: str = "constant", problem: Problem = ONLINE) -> Run:
    """Make our compiled engine, recording every 1000 steps."""
    setup = Setup(problem, LR, SCHEDULES[schedule], first_t=0, dtype=dtype)
    rule = RULES[opt](beta1=BETAS[0], beta2=BETAS[1], eps=EPS)
    engine = Compiled(setup, rule)

    def run(steps: int) -> float:
        state, _ = engine.advance(engine.init(), steps, record_steps(steps, EVERY))
        return float(state.x)

    return run


def batch(opt: str, problems: Sequence[Problem]) -> Run:
    """Make our batch engine, recording likewise; `steps` is the sum over its runs."""
    setups = [Setup(problem, LR, first_t=0) for problem in problems]
    rule = RULES[opt](beta1=BETAS[0], beta2=BETAS[1], eps=EPS)
    engine = Batch(setups, [rule] * len(problems))

    def run(steps: int) -> float:
        each = steps // len(problems)
        state, _ = engine.advance(engine.init(), each, record_steps(each, EVERY))
        return float(state.x[0])

    return run


def floor() -> Run:
    """Make a loop of only x = clip(x + d), a part of every way to run the problem."""

    @numba.njit
    def loop(x: Any, d: Any, lower: Any, upper: Any, steps: int) -> Any:
        for _ in range(steps):
            x = min(max(x + d, lower), upper)
        return x

    one = np.float32(1)
    return lambda steps: float(loop(np.float32(0), np.float32(LR), -one, one, steps))


def plain_c(opt: str, *flags: str) -> Run:
    """Build `plain.c` with gcc -O3 -march=native and these flags."""
    with TemporaryDirectory() as folder:
        source, library = Path(__file__).with_name("plain.c"), Path(folder, "plain.so")
        options = ["-O3", "-march=native", "-shared", "-fPIC", *flags]
        subprocess.run(["gcc", *options, str(source), "-o", str(library), "-lm"], check=True)
        function = ctypes.CDLL(str(library)).run
    function.restype = ctypes.c_double
    function.argtypes = [ctypes.c_long, ctypes.c_int, *[ctypes.c_float] * 4, ctypes.c_void_p]
    x = ctypes.c_float()

    def run(steps: int) -> float:
        function(steps, opt == "amsgrad", LR, *BETAS, EPS, ctypes.byref(x))
        return x.value

    return run


def optax_loop(opt: str) -> Run:
    """Make a loop of optax in one jitted lax.fori_loop, keeping the sum of regrets."""
    import jax
    import optax

    make = {"adam": optax.adam, "amsgrad": optax.amsgrad}[opt]
    optimizer = make(LR, b1=BETAS[0], b2=BETAS[1], eps=EPS)

    def body(t: Any, carry: Any) -> Any:
        x, state, total = carry
        g = jax.numpy.where(t % 101 == 1, 1010.0, -10.0)
        total += g * x + g
        updates, state = optimizer.update(g, state, x)
        return jax.numpy.clip(optax.apply_updates(x, updates), -1, 1), state, total

    @partial(jax.jit, static_argnums=0)
    def loop(steps: int) -> Any:
        x = jax.numpy.float32(0)
        return jax.lax.fori_loop(0, steps, body, (x, optimizer.init(x), jax.numpy.float32(0)))

    return lambda steps: float(loop(steps)[0].block_until_ready())


def eager(make: Callable[[list[torch.nn.Parameter]], torch.optim.Optimizer]) -> Run:
    """Make the loop of the seed program in eager torch: autograd, regret, optimizer, clamp."""

    def run(steps: int) -> float:
        x = torch.nn.Parameter(torch.zeros(1))
        x_star = torch.tensor([-1.0])
        optimizer = make([x])
        total = 0.0
        for step in range(steps):
            slope = 1010 if step % 101 == 1 else -10
            regret = (slope * x).sum() - (slope * x_star).sum()
            total += regret.item()
            regret.backward()
            optimizer.step()
            optimizer.zero_grad()
            x.data.clamp_(-1, 1)
        return x.item()

    return run


def seed_program(opt: str) -> Run:
    """Put the optimizer of labml_nn into the eager loop."""
    return eager(
        real_optimizer(opt, semantics="labml", lr=LR, beta1=BETAS[0], beta2=BETAS[1], eps=EPS)
    )


def torch_adam(**options: Any) -> Run:
    """Put torch.optim.Adam(amsgrad=True) into the eager loop."""
    return eager(
        lambda params: torch.optim.Adam(
            params, lr=LR, betas=BETAS, eps=EPS, amsgrad=True, **options
        )
    )
