"""The rules against well-kept packages, with the published defaults, every step and the state.

Each deviation of a package from the rule has a sentence here, and a test where possible.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import jax
import numpy as np
import optax
import optax.contrib
import pytest
import pytorch_optimizer
import torch
from labml_nn.optimizers import ada_belief

from amsgrad.optimizers.nadam import NAdam
from tests.marks import slow
from tests.rules.cases import STEPS, Case, walk

jax.config.update("jax_enable_x64", True)

# Both sides round, and torch and XLA fuse multiplications with additions: some units in the last
# place, of x and relative to the largest value of a state variable so far.
TOLERANCE = {np.float32: 2e-6, np.float64: 1e-14}
# v + (1 - beta2)(g^2 - v), as torch.lerp does it, forgets at another rate: the rounded beta2 and
# 1 - beta2 do not sum to 1, which is off by up to half a unit in the last place of beta2 per step.
LERP_TOLERANCE = {np.float32: 5e-5, np.float64: 1e-13}

MOMENTS = {"m": "exp_avg", "v": "exp_avg_sq"}
BELIEF = {"m": "exp_avg", "s": "exp_avg_var"}
LABML_BELIEF = partial(
    ada_belief.AdaBelief, eps=0.0, betas=(0.999, 0.999), rectify=False, degenerate_to_sgd=False
)


def counted_from_the_first_step(step: int) -> float:
    """Return the authors' (k - 1)^(1/4): pytorch_optimizer's ADOPT clips at k^(1/4)."""
    return float((step - 1) ** 0.25)


# Rule, options where they are not the defaults; the package's optimizer; its names of the state.
TORCH: list[tuple[Case, Callable[..., torch.optim.Optimizer], dict[str, str]]] = [
    (Case("sgd", lr=1e-3), torch.optim.SGD, {}),
    (Case("rmsprop"), torch.optim.RMSprop, {"v": "square_avg"}),
    (Case("adagrad", lr=0.5), torch.optim.Adagrad, {"total": "sum"}),
    (
        Case("adopt"),
        partial(pytorch_optimizer.ADOPT, clip_lambda=counted_from_the_first_step),
        MOMENTS,
    ),
    # Its eps is outside the root, so there is none here. It rolls m on, adding the newest gradient
    # and subtracting the oldest, where we sum the window.
    (
        Case("adashift", {"eps": 0.0}),
        partial(pytorch_optimizer.AdaShift, eps=0.0),
        {"v": "exp_avg_sq"},
    ),
    (
        Case("adashift", {"eps": 0.0, "window": 1, "beta1": 0.0}),
        partial(pytorch_optimizer.AdaShift, eps=0.0, keep_num=1, betas=(0.0, 0.999)),
        {"v": "exp_avg_sq"},
    ),
    (Case("yogi"), pytorch_optimizer.Yogi, MOMENTS),
    # It adds another eps, 1e-15, inside the root: below the last bit of any v here.
    (
        Case("adabound", {"final_lr": 1e-4}),
        partial(pytorch_optimizer.AdaBound, final_lr=1e-4),
        MOMENTS,
    ),
    (
        Case("amsbound", {"final_lr": 1e-4}),
        partial(pytorch_optimizer.AdaBound, final_lr=1e-4, ams_bound=True),
        {**MOMENTS, "vmax": "max_exp_avg_sq"},
    ),
    (Case("lion", lr=1e-3), pytorch_optimizer.Lion, {"m": "exp_avg"}),
    (
        Case("adabelief", {"eps": 1e-2}, lr=1e-3),
        partial(pytorch_optimizer.AdaBelief, eps=1e-2),
        BELIEF,
    ),
    # Its first eps is not kept in s, so there is none here; with its defaults it takes a maximum.
    (Case("adabelief", {"eps": 0.0, "beta1": 0.999}, lr=1e-3), LABML_BELIEF, BELIEF),
    (Case("nadam"), NAdam, MOMENTS),  # torch's, with a product in the precision of the run
    (Case("adamax"), torch.optim.Adamax, {"m": "exp_avg", "u": "exp_inf"}),
]
CIRCUMSTANCES = [("online", "inverse_sqrt"), ("stochastic", "constant")]


def str_of_case(value: Any) -> str | None:
    return str(value) if isinstance(value, Case) else None


def torch_path(
    make: Callable[..., torch.optim.Optimizer],
    gradients: list[float],
    alphas: list[float],
    dtype: Any,
    names: dict[str, str],
) -> list[dict[str, float]]:
    """Return x after each step, clipped to [-1, 1], and the state by our names."""
    param = torch.nn.Parameter(torch.zeros(1, dtype=getattr(torch, np.dtype(dtype).name)))
    optimizer = make([param], lr=alphas[0])
    rows = []
    for g, alpha in zip(gradients, alphas, strict=True):
        optimizer.param_groups[0]["lr"] = alpha
        param.grad = torch.full_like(param, g)
        optimizer.step()
        with torch.no_grad():
            param.clamp_(-1, 1)
        state = {name: optimizer.state[param][theirs].item() for name, theirs in names.items()}
        rows.append({"x": param.item(), **state})
    return rows


def assert_alike(
    ours: list[dict[str, float]], theirs: list[dict[str, float]], tolerance: float
) -> None:
    for name in theirs[0]:
        a, b = (np.array([float(row[name]) for row in rows]) for rows in (ours, theirs))
        scale = 1.0 if name == "x" else np.maximum.accumulate(np.abs(b))
        assert (np.abs(a - b) <= tolerance * scale).all(), name


def spread(rows: list[Any]) -> Any:
    """Return each row in both circumstances and precisions; one of the four is quick."""
    cases = []
    for i, (case, *rest) in enumerate(rows):
        for j, ((problem, schedule), dtype) in enumerate(product(CIRCUMSTANCES, TOLERANCE)):
            made = replace(case, problem=problem, schedule=schedule, dtype=dtype)
            cases.append((made, *rest) if j == (i + i // 4) % 4 else slow(made, *rest))
    return cases


@pytest.mark.parametrize(("case", "make", "names"), spread(TORCH), ids=str_of_case)
def test_every_step_is_the_torch_optimizers(case: Case, make: Any, names: dict[str, str]) -> None:
    path = torch_path(make, case.gradients(STEPS), case.alphas(STEPS), case.dtype, names)
    tolerance = LERP_TOLERANCE if case.opt in ("adashift", "lion") else TOLERANCE
    assert_alike(walk(case.reference, STEPS), path, tolerance[case.dtype])


V, MV = {"v": "nu"}, {"m": "mu", "v": "nu"}
# Rule, options where they are not the defaults; the package's rule; its names of the state.
OPTAX: list[tuple[Case, Any, dict[str, str]]] = [
    (Case("yogi"), optax.scale_by_yogi(), MV),
    (Case("adopt"), optax.contrib.scale_by_adopt(), MV),
    (
        Case("adopt_unclipped", {"beta1": 0.0}),
        optax.contrib.scale_by_adopt(b1=0.0, use_clipping=False),
        MV,
    ),
    (Case("rmsprop"), optax.scale_by_rms(decay=0.99, eps_in_sqrt=False), V),
    (Case("signum", lr=1e-3), optax.signum(-1.0), {"m": "ema"}),
    (Case("lion", lr=1e-3), optax.scale_by_lion(), {"m": "mu"}),
    (
        Case("adabelief", {"eps": 1e-2}, lr=1e-3),
        optax.scale_by_belief(eps=1e-2, eps_root=1e-2),
        {"m": "mu", "s": "nu"},
    ),
    (Case("adamax"), optax.scale_by_adamax(), {"m": "mu", "u": "nu"}),
]


def optax_path(rule: Any, case: Case, names: dict[str, str]) -> list[dict[str, float]]:
    """Return x after each step, clipped to [-1, 1], and the state by our names."""

    def step(carry: Any, shown: Any) -> Any:
        x, state = carry
        g, alpha = shown
        update, state = rule.update(g, state, x)
        x = jax.numpy.clip(x - (alpha * update).astype(x.dtype), -1, 1)
        own = {name: optax.tree.get(state, theirs) for name, theirs in names.items()}
        return (x, state), {"x": x, **own}

    shown = np.array([case.gradients(STEPS), case.alphas(STEPS)], case.dtype).T
    x = jax.numpy.zeros((), case.dtype)
    _, path = jax.lax.scan(step, (x, rule.init(x)), (shown[:, 0], shown[:, 1]))
    columns = {name: np.asarray(values).tolist() for name, values in path.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@pytest.mark.parametrize(("case", "rule", "names"), spread(OPTAX), ids=str_of_case)
def test_every_step_is_optaxs(case: Case, rule: Any, names: dict[str, str]) -> None:
    # XLA squares g - m in another order: s remembers that for 1,000 steps
    tolerance = (2 if case.opt == "adabelief" else 1) * TOLERANCE[case.dtype]
    assert_alike(walk(case.reference, STEPS), optax_path(rule, case, names), tolerance)


def test_labmls_adabelief_takes_the_maximum_of_s_by_default() -> None:
    """It hands `degenerate_to_sgd` on in the place of `amsgrad`."""
    case = Case("adabelief", {"eps": 0.0, "beta1": 0.999}, lr=1e-3, dtype=np.float64)
    gradients, alphas = case.gradients(STEPS), case.alphas(STEPS)
    default = partial(LABML_BELIEF, degenerate_to_sgd=True)
    names = {**BELIEF, "vmax": "max_exp_avg_var"}
    theirs = torch_path(default, gradients, alphas, np.float64, names)
    ours = walk(case.reference, STEPS)
    assert max(abs(a["x"] - b["x"]) for a, b in zip(ours, theirs, strict=True)) > 1e-4
    assert ours[-1]["s"] == pytest.approx(theirs[-1]["s"], rel=1e-13)
    assert theirs[-1]["vmax"] > 1.001 * theirs[-1]["s"]


def test_torchs_nadam_keeps_a_product_in_single_precision() -> None:
    case = Case("nadam", dtype=np.float64)
    gradients, alphas = case.gradients(50), case.alphas(50)
    single, double = (
        torch_path(cls, gradients, alphas, np.float64, {}) for cls in (torch.optim.NAdam, NAdam)
    )
    apart = max(abs(a["x"] - b["x"]) for a, b in zip(single, double, strict=True))
    assert 1e-12 < apart < 1e-6
    assert torch.get_default_dtype() == torch.float32


def test_pytorch_optimizers_adopt_clips_one_step_later() -> None:
    # The second gradient, k = 2, is 101 times the first: clipped at 1 by us, at 2^(1/4) by it.
    case = Case("adopt", lr=0.1)
    gradients, alphas = [-10.0, 1010.0], [0.1, 0.1]
    theirs = torch_path(pytorch_optimizer.ADOPT, gradients, alphas, np.float64, MOMENTS)
    assert theirs[-1]["m"] == pytest.approx(0.1 * 2**0.25)
    memory, rule = case.rule.memory(0.0, 0.0), case.rule
    for k, g in enumerate(gradients, start=1):
        memory, _ = rule.update(memory, g, rule.coefficients(k, 0.1, 0.9, rule.h, float))
    assert memory.m == pytest.approx(0.1)


def test_adopt_unclipped_is_the_first_release_and_not_todays_without_clipping() -> None:
    """m_2 is u_2 there, and (1 - beta1) u_2 here; from then on the difference decays by beta1."""
    case = Case("adopt_unclipped")
    ours = walk(case.reference, 50)
    theirs = optax_path(optax.contrib.scale_by_adopt(use_clipping=False), case, MV)
    assert ours[0]["m"] == theirs[0]["m"] == 0
    u = -10 / 1010
    for k in range(2, 51):
        difference = ours[k - 1]["m"] - theirs[k - 1]["m"]
        assert difference == pytest.approx(0.9 ** (k - 1) * u, rel=1e-12)


@pytest.mark.parametrize(
    ("power", "dtype"),
    [
        (0.125, np.float32),
        (0.5, np.float64),
        slow(0.125, np.float64),
        slow(0.25, np.float32),
        slow(0.25, np.float64),
        slow(0.5, np.float32),
    ],
)
def test_padam_is_pytorch_optimizers_where_v_never_falls(power: float, dtype: Any) -> None:
    """It takes no maximum; where the gradients grow, v is its own maximum."""
    rule = Case("padam", {"power": power}).rule
    sizes = 1 + np.arange(STEPS) / 100
    gradients = (sizes * np.where(np.arange(STEPS) % 3 == 0, 1, -1)).tolist()
    alphas = np.full(STEPS, 1e-3).tolist()
    make = partial(pytorch_optimizer.PAdam, partial=power)
    theirs = torch_path(make, gradients, alphas, dtype, MOMENTS)
    memory, x, ours = rule.memory(*(dtype(0) for _ in rule.memory._fields)), dtype(0), []
    for k, g in enumerate(gradients, start=1):
        c = rule.coefficients(k, 1e-3, rule.beta1, rule.h, dtype)
        memory, delta = rule.update(memory, dtype(g), c)
        assert memory.vmax == memory.v
        x = min(max(x - delta, dtype(-1)), dtype(1))
        ours.append({"x": x, **memory._asdict()})
    assert_alike(ours, theirs, TOLERANCE[dtype])
