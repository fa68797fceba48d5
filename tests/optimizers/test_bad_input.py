"""What AMSGrad refuses, in a sentence, and what it leaves unchanged then."""

import copy
import math
import re
import sys
from typing import Any

import pytest
import torch
from labml_nn.optimizers import WeightDecay
from torch.nn import Parameter

from amsgrad.optimizers import AMSGrad

COMPLEX = Parameter(torch.ones(2, dtype=torch.complex64))
ONE = torch.tensor(0.5)

OF_GROUPS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "lr": ({"lr": -1e-3}, ValueError, "Invalid learning rate: -0.001"),
    "lr, nan": ({"lr": math.nan}, ValueError, "Invalid learning rate: nan"),
    "lr of two": ({"lr": torch.ones(2)}, ValueError, "Tensor lr must be 1-element"),
    "lr, foreach": (
        {"lr": ONE, "foreach": True},
        ValueError,
        "lr as a Tensor is not supported for capturable=False and foreach=True",
    ),
    "eps": ({"eps": -1e-8}, ValueError, "Invalid epsilon value: -1e-08"),
    "beta1": ({"betas": (1.0, 0.99)}, ValueError, "Invalid beta parameter at index 0: 1.0"),
    "beta2": ({"betas": (0.9, -0.1)}, ValueError, "Invalid beta parameter at index 1: -0.1"),
    "one beta": ({"betas": (0.9,)}, ValueError, "Invalid betas: (0.9,)"),
    "a beta": ({"betas": 0.9}, ValueError, "Invalid betas: 0.9; they must be two numbers in"),
    "betas, mixed": ({"betas": (0.9, ONE)}, ValueError, "either both floats or both Tensors"),
    "beta of two": (
        {"betas": (torch.zeros(2), ONE)},
        ValueError,
        "Tensor betas[0] must be 1-element",
    ),
    "lr, text": ({"lr": "x"}, TypeError, "Invalid learning rate: 'x'; lr must be a number >= 0"),
    "lr, none": ({"lr": None}, TypeError, "Invalid learning rate: None; lr must be a number"),
    "eps, text": ({"eps": "x"}, TypeError, "Invalid epsilon value: 'x'; eps must be a number >= 0"),
    "betas, text": (
        {"betas": ("a", "b")},
        TypeError,
        "Invalid beta parameter at index 0: 'a'; betas must be two numbers in [0, 1)",
    ),
    "both": (
        {"foreach": True, "fused": True},
        RuntimeError,
        "`fused` and `foreach` cannot be `True` together",
    ),
    "differentiable": (
        {"differentiable": True},
        RuntimeError,
        "does not support differentiable=True: its step is not recorded by autograd. Use torch",
    ),
}
OF_ALL: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    **OF_GROUPS,
    "semantics": (
        {"semantics": "pytorch"},
        ValueError,
        "semantics = 'pytorch' is not one of labml, torch, paper, optax, keras",
    ),
    "two formulas": (
        {"semantics": "paper", "optimized_update": False},
        ValueError,
        "optimized_update=False is the formula of torch, but semantics='paper'",
    ),
    "fused optax": (
        {"semantics": "optax", "fused": True},
        ValueError,
        "fused=True is not supported with semantics='optax'",
    ),
}


@pytest.mark.parametrize(("given", "error", "sentence"), OF_ALL.values(), ids=OF_ALL)
def test_option_is_refused(given: dict[str, Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=re.escape(sentence)) as raised:
        AMSGrad([Parameter(torch.ones(2))], **given)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "error", "sentence"),
    [
        *OF_GROUPS.values(),
        ({"weight_decay": -1.0}, ValueError, "Invalid weight_decay value: -1.0"),
        ({"weight_decay": None}, TypeError, "Invalid weight_decay value: None; it must be a"),
        ({"eps": None}, TypeError, "Invalid epsilon value: None; eps must be a number >= 0"),
        ({"semantics": "paper"}, ValueError, "all groups have the same; use two optimizers"),
    ],
    ids=str,
)
def test_group_is_refused_and_not_added(
    given: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    first, second = Parameter(torch.ones(2)), Parameter(torch.ones(2))
    with pytest.raises(error, match=re.escape(sentence)):
        AMSGrad([{"params": [first]}, {"params": [second], **given}])
    optimizer = AMSGrad([first])
    with pytest.raises(error, match=re.escape(sentence)):
        optimizer.add_param_group({"params": [second], **given})
    assert len(optimizer.param_groups) == 1
    second.grad = torch.ones(2)
    optimizer.step()
    assert torch.equal(second, torch.ones(2))


@pytest.mark.parametrize(
    ("semantics", "options", "later", "sentence"),
    [
        ("labml", {"foreach": True}, {"lr": ONE}, "lr as a Tensor is not supported for capturable"),
        ("optax", {}, {"fused": True}, "fused=True is not supported with semantics='optax'"),
        ("labml", {}, {"lr": -1.0}, "Invalid learning rate: -1.0"),
        ("labml", {}, {"semantics": "paper"}, "all groups have the same"),
        ("labml", {}, {"differentiable": True}, "does not support differentiable=True"),
    ],
    ids=str,
)
@pytest.mark.parametrize("before", [0, 2])
def test_setting_that_is_changed_later_is_refused_before_anything_changes(
    semantics: str, options: dict[str, Any], later: dict[str, Any], sentence: str, before: int
) -> None:
    xs = [Parameter(torch.ones(2)) for _ in range(2)]
    optimizer = AMSGrad([{"params": [x]} for x in xs], semantics=semantics, **options)
    for x in xs:
        x.grad = torch.ones(2)
    for _ in range(before):
        optimizer.step()
    saved = copy.deepcopy((xs, optimizer.state_dict()["state"]))
    optimizer.param_groups[1].update(later)
    with pytest.raises(RuntimeError, match="^Group 1 cannot be stepped: .*" + re.escape(sentence)):
        optimizer.step()
    assert str((xs, optimizer.state_dict()["state"])) == str(saved)


def test_group_is_checked_once_after_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    module, calls = sys.modules[AMSGrad.__module__], []
    of_groups = module.checked
    monkeypatch.setattr(module, "checked", lambda *given: calls.append(1) or of_groups(*given))
    x = Parameter(torch.ones(2))
    optimizer = AMSGrad([x], lr=torch.tensor([0.1]))
    x.grad = torch.ones(2)
    calls.clear()
    for _ in range(3):
        optimizer.step()
    assert not calls
    optimizer.param_groups[0].update(lr=torch.tensor([0.2]), betas=[ONE, ONE])
    for _ in range(3):
        optimizer.step()
    assert len(calls) == 1
    assert optimizer.param_groups[0]["betas"] == (0.5, 0.5)


def test_fused_refuses_complex_parameters() -> None:
    sentence = "`fused=True` requires all the params to be floating point Tensors"
    with pytest.raises(RuntimeError, match=sentence):
        AMSGrad([COMPLEX], fused=True)


def test_integer_parameter_is_refused() -> None:
    with pytest.raises(ValueError, match=r"can only optimize Tensors of floating .* torch.int64\."):
        AMSGrad([torch.ones(2, dtype=torch.int64)])


def test_betas_as_tensors_are_read_once() -> None:
    optimizer = AMSGrad([Parameter(torch.ones(2))], betas=(torch.tensor([[0.5]]), ONE))
    assert optimizer.param_groups[0]["betas"] == (0.5, 0.5)


@pytest.mark.parametrize("options", [{}, {"foreach": True}, {"fused": True}, {"capturable": True}])
def test_sparse_gradient_is_refused_before_anything_changes(
    options: dict[str, bool],
) -> None:
    dense, embedding = Parameter(torch.ones(2)), torch.nn.Embedding(3, 2, sparse=True)
    optimizer = AMSGrad([{"params": [dense]}, {"params": embedding.parameters()}], **options)
    dense.grad = torch.ones(2)
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(RuntimeError, match=r"dense gradients only.*\(3, 2\) in group 1.*sparse_"):
        optimizer.step()
    assert torch.equal(dense, torch.ones(2))
    assert not optimizer.state


def test_capturing_a_graph_without_capturable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # There is no CUDA here: only what torch would answer is put in its place.
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: True)
    x = Parameter(torch.ones(2))
    x.grad = torch.ones(2)
    with pytest.raises(RuntimeError, match="group 0 of AMSGrad has capturable=False"):
        AMSGrad([x]).step()
    AMSGrad([x], capturable=True).step()
    assert not torch.equal(x, torch.ones(2))


def test_a_decay_of_the_callers_own_is_done_by_the_definition() -> None:
    class L1(WeightDecay):
        def __call__(self, param: Any, grad: Any, group: dict[str, Any]) -> Any:
            return grad + group["weight_decay"] * param.sign()

    ends = []
    for options in ({}, {"foreach": True}, {"fused": True}):
        x = Parameter(torch.tensor([2.0, -3.0]))
        optimizer = AMSGrad([x], lr=0.1, weight_decay=L1(0.5), **options)
        x.grad = torch.tensor([1.0, 0.0])
        optimizer.step()
        ends.append(x.detach())
    assert torch.equal(ends[0], ends[1])
    assert torch.equal(ends[0], ends[2])
    assert ends[0][1] == pytest.approx(-2.9)
