"""`AMSGrad` against labml_nn's bit for bit, torch's within rounding, and its own promises."""

import copy
import doctest
import importlib
import io
import math
import pickle
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import labml_nn.optimizers.adam
import labml_nn.optimizers.amsgrad
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from labml_nn.optimizers import WeightDecay
from torch.nn import Parameter
from torch.optim import Optimizer

from amsgrad.optimizers import AMSGrad
from tests.optimizers.steps import (
    BETAS,
    BIG,
    EPS,
    LR,
    PERIOD,
    SMALL,
    STATE,
    STEPS,
    advance,
    assert_agree,
    assert_same_bits,
    gradients,
    groups,
    members,
    parameters,
    run,
    slope,
)

LabmlAdam = labml_nn.optimizers.adam.Adam
LabmlAMSGrad = labml_nn.optimizers.amsgrad.AMSGrad

# The same formula in plain Python, its operations in another order. Measured: 6e-16.
FORMULA_RTOL = 1e-13
# After 20 periods vmax on the seed problem and the bias correction are within 0.99^2020 = 1.5e-9 of
# their limits; the drift of x is the small difference of larger steps. Measured: 1.5e-9 and 2.3e-8.
SETTLED_PERIODS, SETTLED_RTOL = 20, 1e-6


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Keep torch's fused path from sharing a few numbers among threads, which takes far longer."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


# --- labml_nn's own AMSGrad and Adam: the same tensor operations, so the same bits -------------

DECAYS = {
    "no decay": (0.0, True, False),
    "decoupled": (0.1, True, False),
    "absolute": (1e-3, True, True),
    "coupled": (0.1, False, False),
}


@pytest.mark.parametrize(
    ("optimized_update", "dtype"),
    [(True, torch.float32), (False, torch.float64), (True, torch.bfloat16)],
)
@pytest.mark.parametrize("decay", DECAYS.values(), ids=DECAYS)
def test_every_step_has_the_bits_of_labml(
    decay: tuple[float, bool, bool], optimized_update: bool, dtype: torch.dtype
) -> None:
    manner = WeightDecay(*decay)
    ours = AMSGrad(groups(parameters(dtype)), LR, BETAS, EPS, manner, optimized_update)
    theirs = LabmlAMSGrad(groups(parameters(dtype)), LR, BETAS, EPS, manner, optimized_update)
    for grads in gradients(dtype=dtype):
        advance(ours, grads)
        advance(theirs, grads)
        assert_same_bits(ours, theirs)


def test_without_the_flag_every_step_has_the_bits_of_labml_adam() -> None:
    ours = AMSGrad(parameters(), LR, BETAS, amsgrad=False)
    theirs = LabmlAdam(parameters(), LR, BETAS)
    for grads in gradients():
        advance(ours, grads)
        advance(theirs, grads)
        assert_same_bits(ours, theirs)


def test_defaults_are_those_of_labml() -> None:
    ours, theirs = AMSGrad(parameters()), LabmlAMSGrad(parameters())
    assert ours.defaults.items() >= theirs.defaults.items()
    assert ours.optimized_update == theirs.optimized_update
    assert vars(ours.weight_decay) == vars(theirs.weight_decay)


# --- torch.optim.Adam(amsgrad=True) and AdamW, by each of its paths ----------------------------

PATHS = {"single": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
TORCH_DECAYS: dict[str, tuple[Callable[..., Optimizer], float]] = {
    "no decay": (torch.optim.Adam, 0.0),
    "coupled": (torch.optim.Adam, 0.1),
    "decoupled": (torch.optim.AdamW, 0.1),
}


def pair_with_torch(
    path: str, decay: str = "no decay", dtype: torch.dtype = torch.float64
) -> tuple[AMSGrad, Optimizer]:
    torch_class, coefficient = TORCH_DECAYS[decay]
    manner = WeightDecay(coefficient, weight_decouple=decay == "decoupled")
    ours = AMSGrad(groups(parameters(dtype)), LR, BETAS, EPS, manner, optimized_update=False)
    params = groups(parameters(dtype))
    theirs = torch_class(params, LR, BETAS, EPS, coefficient, amsgrad=True, **PATHS[path])
    return ours, theirs


@pytest.mark.parametrize(
    ("decay", "dtype"),
    [*((decay, torch.float64) for decay in TORCH_DECAYS), ("coupled", torch.float32)],
)
@pytest.mark.parametrize("path", PATHS)
def test_every_step_agrees_with_torch(path: str, decay: str, dtype: torch.dtype) -> None:
    ours, theirs = pair_with_torch(path, decay, dtype)
    assert_agree(ours, theirs, gradients(dtype=dtype))


@pytest.mark.parametrize("path", PATHS)
def test_comparison_notices_a_maximum_that_is_not_written_back(path: str) -> None:
    # torch's foreach path once had this fault: right within the step, forgotten after it.
    ours, theirs = pair_with_torch(path)
    kept: dict[Any, torch.Tensor] = {}

    def keep(*_: Any) -> None:
        for y, state in theirs.state.items():
            if "max_exp_avg_sq" in state:
                kept[y] = state["max_exp_avg_sq"].clone()

    def put_back(*_: Any) -> None:
        for y, maximum in kept.items():
            theirs.state[y]["max_exp_avg_sq"].copy_(maximum)

    theirs.register_step_pre_hook(keep)
    theirs.register_step_post_hook(put_back)
    with pytest.raises(AssertionError, match=r"^max_exp_avg_sq of '.+' at step 2:"):
        assert_agree(ours, theirs, gradients())


@pytest.mark.parametrize("key", ["x", *STATE])
def test_comparison_notices_an_error_of_ten_thousand_roundings(key: str) -> None:
    ours, theirs = pair_with_torch("single")

    def disturb(*_: Any) -> None:
        y = members(theirs)[0]
        (y.data if key == "x" else theirs.state[y][key]).mul_(1 + 1e4 * 2**-52)

    theirs.register_step_post_hook(disturb)
    with pytest.raises(AssertionError, match=f"^{key} of 'big first' at step 1"):
        assert_agree(ours, theirs, gradients())


def test_run_of_torch_is_continued_from_its_checkpoint() -> None:
    ours, theirs = pair_with_torch("single")
    every = gradients(60)
    run(theirs, every[:30])
    ours.load_state_dict(copy.deepcopy(theirs.state_dict()))
    for x, y in zip(members(ours), members(theirs), strict=True):
        x.data.copy_(y)
    assert_agree(ours, theirs, every[30:])


# --- The formula and its theorems --------------------------------------------------------------


@pytest.mark.parametrize("optimized_update", [True, False])
@pytest.mark.parametrize("first_t", [0, 1])
def test_docstring_formula_on_the_seed_problem(first_t: int, optimized_update: bool) -> None:
    eps = 1.0  # large, so that its place in the formula is seen
    x_torch = Parameter(torch.zeros((), dtype=torch.float64))
    optimizer = AMSGrad([x_torch], LR, BETAS, eps, optimized_update=optimized_update)
    (b1, b2), x, m, v, vmax = BETAS, 0.0, 0.0, 0.0, 0.0
    for t in range(1, STEPS + 1):
        g = slope(t - 1 + first_t)
        advance(optimizer, [torch.tensor(g, dtype=torch.float64)])
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        vmax = max(vmax, v)
        c1, c2 = 1 - b1**t, 1 - b2**t
        if optimized_update:
            x -= LR * math.sqrt(c2) / c1 * m / (math.sqrt(vmax) + eps)
        else:
            x -= LR / c1 * m / (math.sqrt(vmax) / math.sqrt(c2) + eps)
        x = min(1.0, max(-1.0, x))
    state = optimizer.state[x_torch]
    found = [x_torch.item(), *(state[key].item() for key in STATE)]
    assert found == pytest.approx([x, m, v, vmax], rel=FORMULA_RTOL)


def test_maximum_is_of_the_raw_second_moment() -> None:
    # Of the corrected one it would be BIG^2 = 1,020,100 from the first step on, and for ever.
    x = Parameter(torch.zeros((), dtype=torch.float64))
    optimizer = AMSGrad([x], LR, BETAS)
    for t in range(1, SETTLED_PERIODS * PERIOD):
        advance(optimizer, [torch.tensor(slope(t), dtype=torch.float64)])
    b2 = BETAS[1]
    peak = ((1 - b2) * BIG**2 + SMALL**2 * (b2 - b2**PERIOD)) / (1 - b2**PERIOD)
    assert peak == pytest.approx(16_096.8, abs=0.05)
    assert optimizer.state[x]["max_exp_avg_sq"].item() == pytest.approx(peak, rel=SETTLED_RTOL)


def test_docstring_example() -> None:
    # Not by --doctest-modules: with pytest's importlib mode it executes the module a second time.
    result = doctest.testmod(importlib.import_module("amsgrad.optimizers.amsgrad"))
    assert result.attempted > 0
    assert result.failed == 0


def drift_per_period(optimizer: Optimizer, first_t: int) -> float:
    """Return what one period of the seed problem adds to x, when the others have settled v."""
    (x,) = members(optimizer)
    settled = 0.0
    for t in range(first_t, first_t + (SETTLED_PERIODS + 1) * PERIOD):
        if t == first_t + SETTLED_PERIODS * PERIOD:
            settled = x.item()
        advance(optimizer, [torch.tensor(slope(t), dtype=torch.float64)])
    return x.item() - settled


@pytest.mark.parametrize("first_t", [0, 1])
def test_drift_on_the_seed_problem_is_the_slope_sum_over_the_root_of_the_maximum(
    first_t: int,
) -> None:
    lr = 1e-4  # so small that x stays off the bounds
    optimizer = AMSGrad([Parameter(torch.zeros((), dtype=torch.float64))], lr, BETAS)
    drift = drift_per_period(optimizer, first_t)
    (state,) = optimizer.state.values()
    expected = -lr * (BIG + (PERIOD - 1) * SMALL) / math.sqrt(state["max_exp_avg_sq"].item())
    assert drift == pytest.approx(expected, rel=SETTLED_RTOL)


@pytest.mark.parametrize("first_t", [0, 1])
def test_without_the_flag_the_seed_problem_drifts_the_wrong_way(first_t: int) -> None:
    x = Parameter(torch.zeros((), dtype=torch.float64))
    assert drift_per_period(AMSGrad([x], 1e-4, BETAS, amsgrad=False), first_t) > 0


GRADIENTS = st.floats(-1e9, 1e9)
RATES = st.floats(0.0, 0.9999)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(GRADIENTS, min_size=1, max_size=30), st.tuples(RATES, RATES))
def test_maximum_is_the_largest_second_moment_so_far(
    slopes: list[float], betas: tuple[float, float]
) -> None:
    x = Parameter(torch.zeros(()))
    optimizer = AMSGrad([x], LR, betas)
    seen: list[float] = []
    for g in slopes:
        advance(optimizer, [torch.tensor(g)])
        seen.append(optimizer.state[x]["exp_avg_sq"].item())
        assert optimizer.state[x]["max_exp_avg_sq"].item() == max(seen)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(GRADIENTS, st.booleans()), min_size=2, max_size=30))
def test_no_step_with_the_flag_on_has_a_lower_divisor_than_the_step_before(
    steps: list[tuple[float, bool]],
) -> None:
    # At a constant lr this is the paper's Gamma_t >= 0, also where the flag is switched.
    x = Parameter(torch.zeros(()))
    optimizer = AMSGrad([x], LR, BETAS)
    before = 0.0
    for g, flag in steps:
        optimizer.param_groups[0]["amsgrad"] = flag
        advance(optimizer, [torch.tensor(g)])
        divisor = optimizer.state[x]["max_exp_avg_sq" if flag else "exp_avg_sq"].item()
        assert divisor >= before or not flag
        before = divisor


# --- Groups, flags and checkpoints -------------------------------------------------------------


def test_groups_are_separate_optimizers() -> None:
    together = AMSGrad(groups(parameters()), LR, BETAS, EPS)
    parts = [AMSGrad([group], LR, BETAS, EPS) for group in groups(parameters())]
    for grads in gradients(50):
        advance(together, grads)
        for part, share in zip(parts, (grads[:4], grads[4:5], grads[5:]), strict=True):
            advance(part, share)
    apart = [y for part in parts for y in members(part)]
    for x, y in zip(members(together), apart, strict=True):
        assert torch.equal(x, y)


def test_decay_of_a_group_can_be_changed_between_steps() -> None:
    x = Parameter(torch.ones((), dtype=torch.float64))
    optimizer = AMSGrad([x], lr=0.5)
    optimizer.param_groups[0]["weight_decay"] = 0.25
    advance(optimizer, [torch.zeros((), dtype=torch.float64)])
    assert x.item() == 1 - 0.5 * 0.25


def test_flag_switched_on_late_starts_the_maximum_at_the_last_second_moment() -> None:
    x = Parameter(torch.zeros(()))
    optimizer = AMSGrad([x], amsgrad=False)
    advance(optimizer, [torch.tensor(3.0)])
    last = optimizer.state[x]["exp_avg_sq"].item()
    optimizer.param_groups[0]["amsgrad"] = True
    advance(optimizer, [torch.tensor(0.0)])
    assert optimizer.state[x]["exp_avg_sq"].item() < last
    assert optimizer.state[x]["max_exp_avg_sq"].item() == last


def test_flag_switched_off_divides_by_the_second_moment_again() -> None:
    ours, theirs = AMSGrad(parameters(), LR, BETAS), LabmlAMSGrad(parameters(), LR, BETAS)
    for step, grads in enumerate(gradients(20)):
        for optimizer in (ours, theirs):
            optimizer.param_groups[0]["amsgrad"] = step < 10
            advance(optimizer, grads)
    for x, y in zip(members(ours), members(theirs), strict=True):
        assert torch.equal(x, y)


def test_maximum_is_kept_up_while_the_flag_is_off() -> None:
    x = Parameter(torch.zeros(()))
    optimizer = AMSGrad([x])
    for g, flag in ((1.0, True), (9.0, False), (0.0, False), (0.0, True)):
        optimizer.param_groups[0]["amsgrad"] = flag
        advance(optimizer, [torch.tensor(g)])
        if g == 9.0:
            peak = optimizer.state[x]["exp_avg_sq"].item()
    assert optimizer.state[x]["max_exp_avg_sq"].item() == peak


def without_maximum(optimizer: Optimizer) -> dict[str, Any]:
    saved = copy.deepcopy(optimizer.state_dict())
    for state in saved["state"].values():
        state.pop("max_exp_avg_sq", None)
    return saved


def checkpoint_of_old_amsgrad() -> dict[str, Any]:
    optimizer = AMSGrad(parameters(), LR, BETAS)
    run(optimizer, gradients(20))
    return without_maximum(optimizer)


def checkpoint_of_labml_adam() -> dict[str, Any]:
    optimizer = LabmlAdam(parameters(), LR, BETAS)
    run(optimizer, gradients(20))
    return copy.deepcopy(optimizer.state_dict())


@pytest.mark.parametrize("checkpoint", [checkpoint_of_old_amsgrad, checkpoint_of_labml_adam])
def test_checkpoint_without_maximum_warns_and_starts_it_at_the_saved_second_moment(
    checkpoint: Callable[[], dict[str, Any]],
) -> None:
    saved = checkpoint()
    optimizer = AMSGrad(parameters(), LR, BETAS)
    with pytest.warns(UserWarning, match="no max_exp_avg_sq in group 0"):
        optimizer.load_state_dict(copy.deepcopy(saved))
    advance(optimizer, [torch.zeros_like(x) for x in members(optimizer)])
    for index, x in enumerate(members(optimizer)):
        maximum = optimizer.state[x]["max_exp_avg_sq"]
        assert torch.equal(maximum, saved["state"][index]["exp_avg_sq"])


def test_checkpoint_that_switches_the_flag_off_warns() -> None:
    saved = AMSGrad(groups(parameters()), amsgrad=False).state_dict()
    optimizer = AMSGrad(groups(parameters()))
    with pytest.warns(UserWarning, match="group [01] plain Adam") as caught:
        optimizer.load_state_dict(saved)
    assert len(caught) == 2  # not the third group, which had its flag off before
    assert not optimizer.param_groups[0]["amsgrad"]


@pytest.mark.parametrize("steps", [0, 5])
def test_own_checkpoint_loads_without_a_warning(steps: int) -> None:
    optimizer = AMSGrad(groups(parameters()))
    run(optimizer, gradients(steps))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AMSGrad(groups(parameters())).load_state_dict(optimizer.state_dict())


def revived_from_state_dict(optimizer: AMSGrad) -> AMSGrad:
    buffer = io.BytesIO()
    torch.save(optimizer.state_dict(), buffer)
    buffer.seek(0)
    params = [Parameter(x.detach().clone()) for x in members(optimizer)]
    fresh = AMSGrad(
        groups(params),
        weight_decay=WeightDecay(weight_decouple=False),
        optimized_update=False,
    )
    fresh.load_state_dict(torch.load(buffer, weights_only=True))
    return fresh


def revived_from_pickle(optimizer: AMSGrad) -> AMSGrad:
    revived = pickle.loads(pickle.dumps(optimizer))
    assert isinstance(revived, AMSGrad)
    return revived


@pytest.mark.parametrize(
    "revive", [revived_from_state_dict, revived_from_pickle, copy.deepcopy, copy.copy]
)
@pytest.mark.parametrize("after", [0, 1, 40])
def test_a_run_taken_up_again_has_the_bits_of_the_whole_run(
    after: int, revive: Callable[[AMSGrad], AMSGrad]
) -> None:
    def start() -> AMSGrad:
        decay = WeightDecay(0.1, weight_decouple=False)
        return AMSGrad(groups(parameters()), LR, BETAS, EPS, decay, optimized_update=False)

    every = gradients(80)
    whole, first = start(), start()
    run(whole, every)
    run(first, every[:after])
    revived = revive(first)
    run(revived, every[after:])
    assert_same_bits(revived, whole)


def test_state_dict_holds_the_coefficient_of_the_decay_but_not_its_manner() -> None:
    coupled = AMSGrad(parameters(), weight_decay=WeightDecay(0.1, weight_decouple=False))
    decoupled = AMSGrad(parameters())
    decoupled.load_state_dict(coupled.state_dict())
    assert decoupled.param_groups[0]["weight_decay"] == 0.1
    assert decoupled.weight_decay.weight_decouple


# --- Steps: closure, hooks, what is refused ----------------------------------------------------


def test_closure_is_called_once_with_gradients_on_and_its_loss_returned() -> None:
    x = Parameter(torch.tensor([2.0]))
    optimizer = AMSGrad([x], lr=0.5)
    calls = 0

    def closure() -> torch.Tensor:
        nonlocal calls
        calls += 1
        optimizer.zero_grad()
        loss = (x**2).sum()
        torch.autograd.backward(loss)
        return loss

    loss = optimizer.step(closure)
    assert (calls, loss.item(), x.item()) == (1, 4.0, 1.5)


def test_step_hooks_run_once() -> None:
    # An Adam makes torch wrap Adam.step with the hooks; AMSGrad.step is wrapped on its own.
    LabmlAdam(parameters())
    optimizer = AMSGrad(parameters())
    calls: list[str] = []
    optimizer.register_step_pre_hook(lambda *_: calls.append("before"))
    optimizer.register_step_post_hook(lambda *_: calls.append("after"))
    run(optimizer, gradients(1))
    assert calls == ["before", "after"]


def test_parameter_without_gradient_is_left_alone() -> None:
    x, y = Parameter(torch.ones(2)), Parameter(torch.ones(2))
    optimizer = AMSGrad([x, y], weight_decay=WeightDecay(0.1))
    x.grad = torch.ones(2)
    optimizer.step()
    assert torch.equal(y, torch.ones(2))
    assert y not in optimizer.state


REFUSED = {
    "sparse": (
        torch.ones(3, 2),
        torch.ones(3, 2).to_sparse(),
        r"^AMSGrad takes dense.*\(3, 2\) in group 1 .*sparse_coo.*SparseAdam",
    ),
}


@pytest.mark.parametrize("by_closure", [False, True])
@pytest.mark.parametrize(("values", "grad", "message"), REFUSED.values(), ids=REFUSED)
def test_gradient_is_refused_before_anything_changes(
    values: torch.Tensor, grad: torch.Tensor, message: str, by_closure: bool
) -> None:
    dense, other = Parameter(torch.ones(2)), Parameter(values)
    optimizer = AMSGrad([{"params": [dense]}, {"params": [other]}])

    def backward() -> None:
        dense.grad, other.grad = torch.ones(2), grad

    if not by_closure:
        backward()
    with pytest.raises(RuntimeError, match=message):
        optimizer.step(backward if by_closure else None)
    assert torch.equal(dense, torch.ones(2))
    assert not optimizer.state


INVALID = [
    {"lr": -1e-3},
    {"lr": math.nan},
    {"eps": -1e-8},
    {"betas": (1.0, 0.99)},
    {"betas": (-0.1, 0.99)},
    {"betas": (0.9, 1.0)},
    {"betas": (0.9, -0.1)},
]


@pytest.mark.parametrize("arguments", INVALID, ids=str)
def test_value_out_of_range_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Invalid"):
        AMSGrad(parameters(), **arguments)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (0.1, r"got weight_decay=0.1, .*WeightDecay\(0.1\).*\(0.1, weight_decouple=False\)"),
        ("x", r"got weight_decay='x', .*WeightDecay\(0.01\)"),
    ],
)
def test_weight_decay_that_does_not_say_its_form_is_refused(given: Any, sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        AMSGrad(parameters(), weight_decay=given)


@pytest.mark.parametrize("none", [None, 0, 0.0, np.float32(0), torch.tensor(0.0)])
def test_no_weight_decay_may_be_a_zero(none: Any) -> None:
    assert AMSGrad(parameters(), weight_decay=none).param_groups[0]["weight_decay"] == 0


def test_defaults_of_the_caller_are_used_and_not_modified() -> None:
    mine = {"warmup": 7, "amsgrad": False}
    optimizer = AMSGrad(parameters(), defaults=mine)
    assert mine == {"warmup": 7, "amsgrad": False}
    assert optimizer.param_groups[0]["warmup"] == 7
    assert optimizer.param_groups[0]["amsgrad"]  # the argument wins


def test_default_decay_is_not_shared() -> None:
    assert AMSGrad(parameters()).weight_decay is not AMSGrad(parameters()).weight_decay


OTHERS = {
    "SGD with momentum": lambda x: torch.optim.SGD([x], lr=0.1, momentum=0.9),
    "SGD": lambda x: torch.optim.SGD([x], lr=0.1),
    "RMSprop": lambda x: torch.optim.RMSprop([x]),
    "Adagrad": lambda x: torch.optim.Adagrad([x]),
    "NAdam": lambda x: torch.optim.NAdam([x]),
    "Adamax": lambda x: torch.optim.Adamax([x]),
    "Adam that maximises": lambda x: torch.optim.Adam([x], maximize=True),
}


@pytest.mark.parametrize("name", OTHERS)
def test_state_of_another_optimizer_is_refused_and_nothing_changes(name: str) -> None:
    theirs, ours = Parameter(torch.ones(2)), Parameter(torch.ones(2))
    other, optimizer = OTHERS[name](theirs), AMSGrad([ours], lr=0.25)
    for one, x in ((other, theirs), (optimizer, ours)):
        x.grad = torch.ones(2)
        one.step()
    before = copy.deepcopy(optimizer.state_dict())
    with pytest.raises(ValueError, match="Nothing was changed") as error:
        optimizer.load_state_dict(other.state_dict())
    assert "\n" not in str(error.value)
    assert str(optimizer.state_dict()) == str(before)
    optimizer.step()
    assert ours.isfinite().all()


def test_an_eps_that_the_precision_rounds_to_zero_is_warned_of() -> None:
    half, single = (Parameter(torch.zeros(2, dtype=d)) for d in (torch.float16, torch.float32))
    with pytest.warns(
        UserWarning, match=r"^eps = 1e-16 is 0 in torch.float16: .*larger eps"
    ) as built:
        AMSGrad([half])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AMSGrad([half], eps=1e-3)
        AMSGrad([half], eps=0.0)  # asked for
        optimizer = AMSGrad([single])
    with pytest.warns(UserWarning, match="torch.float16") as added:
        optimizer.add_param_group({"params": [half]})
    saved = AMSGrad([half], eps=1e-3).state_dict()
    saved["param_groups"][0]["eps"] = 1e-16
    with pytest.warns(UserWarning, match="torch.float16") as loaded:
        AMSGrad([half], eps=1e-3).load_state_dict(saved)
    assert {one.filename for one in [*built, *added, *loaded]} == {__file__}


SCALARS = [np.float32(0.25), np.float64(0.25), torch.tensor(0.25), np.array(0.25)]


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda s: type(s).__name__)
def test_scalars_of_numpy_and_torch_are_numbers(scalar: Any) -> None:
    ends = []
    for lr in (0.25, scalar):
        x = Parameter(torch.ones(2))
        optimizer = AMSGrad([x], lr=lr, weight_decay=WeightDecay(0.5))
        optimizer.param_groups[0]["weight_decay"] = lr
        x.grad = torch.ones(2)
        optimizer.step()
        ends.append(x.detach().clone())
    assert torch.equal(*ends)
    with pytest.raises(TypeError, match=r"import WeightDecay` pass WeightDecay\(0.25\)"):
        AMSGrad([x], weight_decay=scalar)
