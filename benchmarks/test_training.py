"""A step of AMSGrad on the parameters of networks, beside torch's and labml_nn's: time and memory.

The shapes are written down: a step sees nothing else of a network. All have one thread on one core,
and what is measured is the time that this thread had it.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from labml_nn.optimizers.amsgrad import AMSGrad as LabmlAMSGrad
from torch.nn import Parameter
from torch.optim import Optimizer

from amsgrad.optimizers import AMSGrad

Shapes = list[tuple[int, ...]]


def resnet18() -> Shapes:
    """Return the shapes of ResNet-18 (He et al., 2016), 11.7 million numbers in 62 tensors."""
    shapes: Shapes = [(64, 3, 7, 7), (64,), (64,)]
    width = 64
    for wide in (64, 128, 256, 512):
        for block in range(2):
            ins = width if block == 0 else wide
            shapes += [(wide, ins, 3, 3), (wide,), (wide,), (wide, wide, 3, 3), (wide,), (wide,)]
            if ins != wide:
                shapes += [(wide, ins, 1, 1), (wide,), (wide,)]
        width = wide
    return [*shapes, (1000, 512), (1000,)]


def transformer() -> Shapes:
    """Return the shapes of GPT-2 (Radford et al., 2019), 124 million numbers in 148 tensors."""
    d = 768
    block: Shapes = [
        *[(d,), (d,), (3 * d, d), (3 * d,), (d, d), (d,)],
        *[(d,), (d,), (4 * d, d), (4 * d,), (d, 4 * d), (d,)],
    ]
    return [(50257, d), (1024, d), *block * 12, (d,), (d,)]


# name -> (shapes, steps per turn, turns)
NETWORKS: dict[str, tuple[Shapes, int, int]] = {
    "MNIST net": ([(100, 784), (100,), (10, 100), (10,)], 200, 40),
    "1,000 tensors of 64": ([(64,)] * 1000, 5, 40),
    "ResNet-18": (resnet18(), 1, 20),
    "transformer": (transformer(), 1, 5),
}
CONTENDERS: dict[str, Callable[[list[Parameter]], Optimizer]] = {
    "ours, fused": lambda params: AMSGrad(params, fused=True),
    "ours, fused, torch": lambda params: AMSGrad(params, fused=True, semantics="torch"),
    "ours, fused, paper": lambda params: AMSGrad(params, fused=True, semantics="paper", eps=1e-8),
    "ours, foreach": lambda params: AMSGrad(params, foreach=True),
    "ours, foreach, optax": lambda params: AMSGrad(params, foreach=True, semantics="optax"),
    "ours": AMSGrad,
    "labml": LabmlAMSGrad,
    "torch, fused": lambda params: torch.optim.Adam(params, amsgrad=True, fused=True),
    "torch, foreach": lambda params: torch.optim.Adam(params, amsgrad=True, foreach=True),
    "torch": lambda params: torch.optim.Adam(params, amsgrad=True, foreach=False),
}
# ours must take at most 1 / factor of theirs; torch's fastest form on the CPU is the fused one
TARGETS = [
    *((network, "ours, fused", "torch, fused", 1 / 1.05) for network in NETWORKS),
    *((network, "ours, fused, paper", "torch, fused", 1 / 1.05) for network in NETWORKS),
    ("1,000 tensors of 64", "ours, fused", "labml", 2),
    ("1,000 tensors of 64", "ours, foreach", "torch, foreach", 1 / 1.05),
]


def parameters(shapes: Shapes) -> list[Parameter]:
    torch.manual_seed(0)
    params = [Parameter(torch.randn(shape)) for shape in shapes]
    for param in params:
        param.grad = torch.randn_like(param)
    return params


def best_times(network: str, names: tuple[str, ...]) -> dict[str, float]:
    """Return the least seconds of a step; they take turns on the same parameters."""
    shapes, steps, turns = NETWORKS[network]
    params = parameters(shapes)
    contest = {name: CONTENDERS[name](params) for name in names}
    best = dict.fromkeys(names, float("inf"))
    for _ in range(1 + turns):
        for name, optimizer in contest.items():
            began = time.thread_time()
            for _ in range(steps):
                optimizer.step()
            best[name] = min(best[name], (time.thread_time() - began) / steps)
    return best


@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize("network", ["MNIST net", "1,000 tensors of 64", "ResNet-18"])
def test_time_of_a_step(report_time: Callable[..., None], network: str) -> None:
    for name, seconds in best_times(network, tuple(CONTENDERS)).items():
        report_time(f"one step on {network}", name, seconds)


@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize(("network", "ours", "theirs", "factor"), TARGETS)
def test_ratio_on_a_network(
    check_ratio: Callable[..., None], network: str, ours: str, theirs: str, factor: float
) -> None:
    best = best_times(network, (ours, theirs))
    best = {f"{network}: {name}": seconds for name, seconds in best.items()}
    check_ratio(best, f"{network}: {ours}", f"{network}: {theirs}", factor)


PEAK = """
import resource, sys, torch
from benchmarks.test_training import CONTENDERS, parameters, resnet18
torch.set_num_threads(1)
params = parameters(resnet18())
optimizer = CONTENDERS[sys.argv[1]](params)
for _ in range(3):
    optimizer.step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("ours, fused", "torch, fused"),
        ("ours, foreach", "torch, foreach"),
        ("ours, foreach, optax", "torch, foreach"),
        ("ours", "torch"),
    ],
)
def test_peak_memory_is_at_most_that_of_torch(
    report_bound: Callable[..., None], ours: str, theirs: str
) -> None:
    def peak(name: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-c", PEAK, name], capture_output=True, text=True, check=True
        )
        return int(done.stdout)

    found = {name: min(peak(name) for _ in range(2)) for name in (ours, theirs)}
    ratio = found[ours] / found[theirs]
    report_bound(f"peak memory on ResNet-18, {ours} / {theirs}", ratio, 1.01)
    assert ratio <= 1.01  # 4 bytes per number and array; pages of Python differ by less
