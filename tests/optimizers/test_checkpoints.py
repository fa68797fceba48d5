"""Checkpoints of torch's Adam and of AMSGrad: continued where they mean the same, or refused."""

import copy
from typing import Any

import pytest
import torch
from labml_nn.optimizers import WeightDecay
from torch.optim import Adam, AdamW, Optimizer

from amsgrad.optimizers import AMSGrad
from amsgrad.rules.adam import SEMANTICS
from tests.optimizers.steps import (
    BETAS,
    EPS,
    LR,
    WAYS,
    assert_agree,
    assert_same_bits,
    gradients,
    groups,
    members,
    parameters,
    run,
)

ALL_WAYS = {"one by one": {"foreach": False}, **WAYS}


def take_over(ours: Optimizer, theirs: Optimizer) -> None:
    ours.load_state_dict(copy.deepcopy(theirs.state_dict()))
    for x, y in zip(members(ours), members(theirs), strict=True):
        x.data.copy_(y)


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("way", ALL_WAYS)
@pytest.mark.parametrize(
    ("cls", "decay", "manner"),
    [
        (Adam, 0.0, WeightDecay(0.0)),
        (Adam, 0.2, WeightDecay(0.0, weight_decouple=False)),
        (AdamW, 0.2, WeightDecay()),
    ],
)
def test_a_run_of_torch_is_continued(
    cls: Any, decay: float, manner: WeightDecay, way: str, maximize: bool
) -> None:
    every = gradients(40)
    theirs = cls(parameters(), LR, BETAS, EPS, decay, amsgrad=True, maximize=maximize)
    run(theirs, every[:20])
    ours = AMSGrad(parameters(), semantics="torch", weight_decay=manner, **ALL_WAYS[way])
    take_over(ours, theirs)
    group = ours.param_groups[0]
    assert (group["lr"], group["weight_decay"], group["maximize"]) == (LR, decay, maximize)
    for name, value in ALL_WAYS[way].items():
        assert group[name] is value  # the way is kept, other than in torch
    for grads in every[20:]:
        for one in (ours, theirs):
            for x, g in zip(members(one), grads, strict=True):
                x.grad = g.clone()
            one.step()
    for x, y in zip(members(ours), members(theirs), strict=True):
        torch.testing.assert_close(x, y, rtol=1e-12, atol=1e-14)
        for key in ("exp_avg", "exp_avg_sq", "max_exp_avg_sq"):
            torch.testing.assert_close(
                ours.state[x][key], theirs.state[y][key], rtol=1e-12, atol=1e-12
            )
        assert ours.state[x]["step"] == theirs.state[y]["step"] == 40


def test_torch_continues_a_run_of_ours() -> None:
    every = gradients(40)
    ours = AMSGrad(groups(parameters()), LR, BETAS, EPS, semantics="torch")
    run(ours, every[:20])
    theirs = Adam(groups(parameters()), amsgrad=True)
    take_over(theirs, ours)
    coupled = WeightDecay(0.0, weight_decouple=False)
    again = AMSGrad(groups(parameters()), LR, BETAS, EPS, coupled, semantics="torch")
    take_over(again, ours)
    assert_agree(again, theirs, every[20:])


@pytest.mark.parametrize("semantics", sorted(SEMANTICS.keys() - {"torch"}))
def test_state_of_torch_is_refused_where_the_meaning_is_another(semantics: str) -> None:
    theirs = Adam(parameters(), amsgrad=True)
    run(theirs, gradients(3))
    ours = AMSGrad(parameters(), semantics=semantics)
    run(ours, gradients(1))
    before = copy.deepcopy(ours.state_dict())
    sentence = f"has the semantics of torch, but this AMSGrad that of {semantics}.*'torch'"
    with pytest.raises(ValueError, match=sentence):
        ours.load_state_dict(theirs.state_dict())
    assert str(ours.state_dict()) == str(before)


@pytest.mark.parametrize("saved", SEMANTICS)
@pytest.mark.parametrize("semantics", SEMANTICS)
def test_own_state_is_loaded_where_the_step_is_the_same(saved: str, semantics: str) -> None:
    first, every = AMSGrad(parameters(), LR, BETAS, EPS, semantics=saved), gradients(20)
    run(first, every[:10])
    second = AMSGrad(parameters(), semantics=semantics)
    if saved != semantics and {saved, semantics} != {"labml", "keras"}:
        with pytest.raises(ValueError, match="Nothing was changed"):
            second.load_state_dict(first.state_dict())
        return
    take_over(second, first)
    run(first, every[10:])
    run(second, every[10:])
    assert_same_bits(second, first)


REFUSED: dict[str, tuple[Optimizer, WeightDecay, str]] = {
    "coupled": (
        Adam(parameters(), weight_decay=0.1, amsgrad=True),
        WeightDecay(),
        r"weight decay of 0.1 that is coupled.*WeightDecay\(0.1, weight_decouple=False\)",
    ),
    "decoupled": (
        AdamW(parameters(), weight_decay=0.1, amsgrad=True),
        WeightDecay(weight_decouple=False),
        r"weight decay of 0.1 that is decoupled.*WeightDecay\(0.1, weight_decouple=True\)",
    ),
    "absolute": (
        AdamW(parameters(), weight_decay=0.1, amsgrad=True),
        WeightDecay(absolute=True),
        "weight decay of 0.1 that is decoupled",
    ),
    "differentiable": (
        Adam(parameters(), differentiable=True, amsgrad=True),
        WeightDecay(),
        r"Group 0 of the loaded state cannot be taken: AMSGrad does not .*'torch'\. Nothing was",
    ),
    "other size": (Adam(parameters()[:2], amsgrad=True), WeightDecay(), "doesn't match the size"),
    "other groups": (
        Adam(groups(parameters()), amsgrad=True),
        WeightDecay(weight_decouple=False),
        "different number of parameter groups",
    ),
}


@pytest.mark.parametrize(("theirs", "manner", "sentence"), REFUSED.values(), ids=REFUSED)
def test_state_of_torch_is_refused(theirs: Optimizer, manner: WeightDecay, sentence: str) -> None:
    ours = AMSGrad(parameters(), semantics="torch", weight_decay=manner)
    before = str(ours.state_dict())
    with pytest.raises(ValueError, match=sentence):
        ours.load_state_dict(theirs.state_dict())
    assert str(ours.state_dict()) == before


@pytest.mark.parametrize("stepped", [False, True])
@pytest.mark.parametrize("cls", [torch.optim.RAdam, torch.optim.NAdam, torch.optim.Adamax])
def test_state_of_a_relative_of_adam_is_refused(cls: Any, stepped: bool) -> None:
    theirs = cls(parameters())
    run(theirs, gradients(2 * stepped))
    ours = AMSGrad(parameters(), semantics="torch")
    with pytest.raises(ValueError, match=r"not of an Adam or AMSGrad: its group 0 lacks amsgrad"):
        ours.load_state_dict(theirs.state_dict())
    assert not ours.state


def test_moment_of_another_shape_is_refused() -> None:
    theirs, ours = (AMSGrad([torch.nn.Parameter(torch.ones(shape))]) for shape in ((3,), (5, 1)))
    members(theirs)[0].grad = torch.ones(3)
    theirs.step()
    with pytest.raises(ValueError, match=r"exp_avg of parameter 0 has the shape \(3,\).* \(5, 1\)"):
        ours.load_state_dict(theirs.state_dict())
    assert not ours.state


def test_state_of_labml_nn_does_not_tell_its_formula_but_is_no_optax() -> None:
    from labml_nn.optimizers.amsgrad import AMSGrad as Labml

    theirs = Labml(parameters(), LR, BETAS)
    run(theirs, gradients(5))
    for semantics in ("labml", "keras", "torch", "paper"):
        AMSGrad(parameters(), semantics=semantics).load_state_dict(theirs.state_dict())
    with pytest.raises(ValueError, match=r"semantics of labml.*that of optax"):
        AMSGrad(parameters(), semantics="optax").load_state_dict(theirs.state_dict())


@pytest.mark.parametrize("options", [{"fused": True}, {"capturable": True}, {}])
def test_a_resumed_run_has_the_bits_of_the_whole_run_in_each_way(options: dict[str, bool]) -> None:
    every = gradients(30)
    whole, first, second = (AMSGrad(parameters(), LR, BETAS, **options) for _ in range(3))
    run(whole, every)
    run(first, every[:15])
    take_over(second, first)
    run(second, every[15:])
    assert_same_bits(second, whole)
