"""Streams of gradients, the steps of an optimizer on them, and how far two may be apart."""

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch.nn import Parameter
from torch.optim import Optimizer

STATE = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
LR, BETAS, EPS = 1e-2, (0.9, 0.99), 1e-8
PERIOD, BIG, SMALL = 101, 1010.0, -10.0
STEPS = 110  # more than a period of the seed problem: its big slope comes twice
WAYS: dict[str, dict[str, Any]] = {
    "foreach": {"foreach": True},
    "fused": {"fused": True},
    "capturable": {"capturable": True},
}

# Against torch, in units of the dtype's spacing at 1. torch writes m as a lerp, rounds v in another
# way in its fused path, and adds coupled decay in another order. The roundings of a step, about one
# unit, decay with the moment, so 1 / (1 - beta) units bound their sum: for m, which cancels, of the
# largest |g| so far; for v and vmax, sums of squares, of themselves.
# Measured: at most 0.37 of the bound for m, 0.31 for v, 0.18 for vmax.
ROUNDINGS_PER_STEP = 1
# x stays in [-1, 1]; its own rounding, half a unit per step, is mostly the same in both, and the
# steps, of about lr, differ by the errors above. Measured: at most 1.5.
X_UNITS = 16
# One parameter for each stream of gradients, so that each run is of all of them.
SHAPES: dict[str, tuple[int, ...]] = {
    "big first": (),
    "big second": (1,),
    "magnitudes": (3, 5),
    "rare": (40,),
    "other group": (7,),
    "without flag": (2, 2),
}


def slope(t: int) -> float:
    """Return the slope of the seed problem at paper time t: the big one at t = 1."""
    return BIG if t % PERIOD == 1 else SMALL


@functools.cache
def gradients(steps: int = STEPS, dtype: torch.dtype = torch.float64) -> list[list[torch.Tensor]]:
    """Return one gradient per step and entry of SHAPES; shorter runs begin like longer ones."""
    every = []
    generator = torch.Generator().manual_seed(20180430)
    for step in range(steps):
        drawn = {
            name: torch.randn(shape, generator=generator, dtype=torch.float64)
            for name, shape in SHAPES.items()
        }
        scale = torch.rand(SHAPES["magnitudes"], generator=generator, dtype=torch.float64)
        drawn["magnitudes"] *= 10 ** (8 * scale - 4)
        drawn["rare"] *= torch.rand(SHAPES["rare"], generator=generator) < 0.05
        drawn["big first"].fill_(slope(step + 1))
        drawn["big second"].fill_(slope(step))
        every.append([gradient.to(dtype) for gradient in drawn.values()])
    return every


def parameters(dtype: torch.dtype = torch.float64) -> list[Parameter]:
    """Return one parameter per entry of SHAPES, at the same places in [-1, 1] in each call."""
    generator = torch.Generator().manual_seed(1)
    drawn = [
        torch.rand(shape, generator=generator, dtype=torch.float64) for shape in SHAPES.values()
    ]
    return [Parameter((2 * x - 1).to(dtype)) for x in drawn]


def groups(params: list[Parameter]) -> list[dict[str, Any]]:
    """Return three groups: by the defaults, by its own settings, and without AMSGrad."""
    other = {"lr": 5e-2, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.3}
    return [
        {"params": params[:4]},
        {"params": params[4:5], **other},
        {"params": params[5:], "amsgrad": False},
    ]


def members(optimizer: Optimizer) -> list[Parameter]:
    return [param for group in optimizer.param_groups for param in group["params"]]


def advance(optimizer: Optimizer, grads: list[torch.Tensor]) -> None:
    """Step on the given gradients and project onto [-1, 1]."""
    params = members(optimizer)
    for param, grad in zip(params, grads, strict=True):
        param.grad = grad.clone()
    optimizer.step()
    for param in params:
        param.data.clamp_(-1, 1)


def run(optimizer: Optimizer, grads: list[list[torch.Tensor]]) -> None:
    for each in grads:
        advance(optimizer, each)


def flat(optimizer: Optimizer, key: str) -> torch.Tensor:
    """Return x, or an entry of the state (0 where there is none), of all parameters in a row."""
    entries = [x if key == "x" else optimizer.state[x].get(key) for x in members(optimizer)]
    parts = zip(members(optimizer), entries, strict=True)
    return torch.cat(
        [(torch.zeros_like(x) if y is None else y.detach()).flatten() for x, y in parts]
    )


def assert_same_names_and_steps(ours: Optimizer, theirs: Optimizer) -> None:
    for x, y in zip(members(ours), members(theirs), strict=True):
        assert set(ours.state[x]) == set(theirs.state[y])
        assert ours.state[x]["step"] == theirs.state[y]["step"]


def assert_same_bits(ours: Optimizer, theirs: Optimizer) -> None:
    """Check x and all of the state for equality, to the last bit."""
    assert_same_names_and_steps(ours, theirs)
    for key in ("x", *STATE):
        assert torch.equal(flat(ours, key), flat(theirs, key)), key


def rounding_errors(
    ours: Optimizer, theirs: Optimizer, every: Iterable[list[torch.Tensor]]
) -> Iterator[tuple[str, float]]:
    """Step both; yield what was compared, with its largest error as a share of what is allowed."""
    streams, constants = [], []
    members_of_groups = [(group, x) for group in ours.param_groups for x in group["params"]]
    for name, (group, x) in zip(SHAPES, members_of_groups, strict=True):
        streams += [name] * x.numel()
        constants += [(*group["betas"], group["weight_decay"])] * x.numel()
    b1, b2, decay = torch.tensor(constants, dtype=torch.float64).T
    unit = torch.finfo(members(ours)[0].dtype).eps
    largest = flat(theirs, "exp_avg").abs() if theirs.state else torch.zeros(len(streams))
    for step, grads in enumerate(every, 1):
        advance(ours, grads)
        advance(theirs, grads)
        assert_same_names_and_steps(ours, theirs)
        # Coupled decay adds weight_decay * x to g, and |x| <= 1.
        largest = torch.maximum(largest, torch.cat([g.flatten() for g in grads]).abs() + decay)
        allowed = {
            "exp_avg": ROUNDINGS_PER_STEP / (1 - b1) * unit * largest,
            "exp_avg_sq": ROUNDINGS_PER_STEP / (1 - b2) * unit * flat(theirs, "exp_avg_sq"),
            "max_exp_avg_sq": ROUNDINGS_PER_STEP / (1 - b2) * unit * flat(theirs, "max_exp_avg_sq"),
            "x": torch.full_like(b1, X_UNITS * unit),
        }
        for key, most in allowed.items():
            error = (flat(ours, key) - flat(theirs, key)).abs()
            share = torch.where(error == 0, 0, error / most)
            yield f"{key} of '{streams[share.argmax()]}' at step {step}", share.max().item()


def assert_agree(ours: Optimizer, theirs: Optimizer, every: Iterable[list[torch.Tensor]]) -> None:
    """Check x and the state after every step, within the bounds named above."""
    for what, share in rounding_errors(ours, theirs, every):
        assert share <= 1, f"{what}: {share:.3g} of what is allowed"
