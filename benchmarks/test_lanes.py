"""Many runs of a torch optimizer as lanes of one tensor, beside the loop of one run."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from amsgrad.engines.base import Engine, Setup, State
from amsgrad.engines.torch_lanes import TorchLanes
from amsgrad.engines.torch_loop import TorchLoop
from amsgrad.optimizers.catalog import foreign_optimizer
from amsgrad.problems.problem import Problem
from amsgrad.problems.stochastic import Stochastic
from amsgrad.problems.zhang import Zhang
from amsgrad.schedules import record_steps
from benchmarks.contenders import EVERY, LR, ONLINE, Run, best_times

TABLE = "one step of one run of torch.optim.Adam"
LOOP = "the torch loop, one run"
MAKE = foreign_optimizer(torch.optim.Adam, lr=LR)
LANES: dict[str, list[Problem]] = {
    "100 lanes, online": [ONLINE] * 100,
    "1,000 lanes, online": [ONLINE] * 1000,
    "10,000 lanes, online": [ONLINE] * 10_000,
    "10,000 lanes, stochastic": [Stochastic(seed=seed) for seed in range(10_000)],
    "10,000 lanes, zhang": [Zhang()] * 10_000,
    "100,000 lanes, online": [ONLINE] * 100_000,
}


def runner(engine: Engine[State]) -> Run:
    """Make a run that goes on from where the last one ended, recording every 1000 steps."""
    state = engine.init()

    def run(steps: int) -> None:
        nonlocal state
        at = record_steps(steps, EVERY) + state.steps
        state, _ = engine.advance(state, steps, at)

    return run


@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize("name", LANES)
def test_a_lane_beside_the_loop(
    report_time: Callable[..., None], check_ratio: Callable[..., None], name: str
) -> None:
    lanes = LANES[name]
    contest = {
        name: (runner(TorchLanes([Setup(p, LR, dtype=np.float32) for p in lanes], MAKE)), 300),
        LOOP: (runner(TorchLoop(Setup(ONLINE, LR), MAKE)), 1000),
    }
    seconds = best_times(contest)
    seconds[name] /= len(lanes)
    for contender in contest:
        report_time(TABLE, contender, seconds[contender])
    if len(lanes) == 10_000:
        check_ratio(seconds, name, LOOP, 2000)
