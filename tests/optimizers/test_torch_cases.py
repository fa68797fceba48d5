"""torch's own generic cases of Adam, as they are shipped with it, run against AMSGrad."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from labml_nn.optimizers import WeightDecay
from torch.nn import Parameter
from torch.optim import Adam

from amsgrad.optimizers import AMSGrad

# Importing torch's test code takes seconds.
pytestmark = pytest.mark.slow

WAYS: dict[str, dict[str, Any]] = {
    "definition": {"foreach": False},
    "foreach": {"foreach": True},
    "fused": {"fused": True},
    "capturable": {"foreach": False, "capturable": True},
}
# What does not apply: ours takes tensors as betas, and reads them once.
NOT_OURS = ("betas[0] as a Tensor is not supported for capturable=False and foreach=True",)


def ours(params: Any, **options: Any) -> AMSGrad:
    """Build AMSGrad with the options of torch's Adam, whose weight decay is coupled."""
    decay = WeightDecay(options.pop("weight_decay", 0.0), weight_decouple=False)
    return AMSGrad(
        params, weight_decay=decay, **{"semantics": "torch", "amsgrad": False, **options}
    )


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    from torch.testing._internal.common_optimizers import optim_inputs_func_adam

    for dtype in (torch.float64, torch.float32):
        # "cuda" adds those of capturable, on the CPU of ours, too; no tensor is made there
        for device in ("cpu", "cuda"):
            for case in optim_inputs_func_adam(device, dtype):
                yield case.desc, {"dtype": dtype, **case.kwargs}


def steps(optimizer: Any, schedulers: list[Any], k: int, params: list[Parameter]) -> None:
    for i, x in enumerate(params):
        x.grad = torch.cos(3 * x.detach() + k + i)
    optimizer.step()
    for scheduler in schedulers:
        if type(scheduler).__name__ == "ReduceLROnPlateau":
            scheduler.step(1.0)
        else:
            scheduler.step()


@pytest.mark.parametrize("way", WAYS)
def test_inputs_and_schedulers_of_torch(way: str) -> None:
    from torch.testing._internal.common_optimizers import optim_db

    (info,) = (one for one in optim_db if one.optim_cls is Adam)
    done = 0
    for description, given in cases():
        kwargs = copy.deepcopy(given)
        dtype = kwargs.pop("dtype")
        if way == "foreach" and torch.is_tensor(kwargs.get("lr")):
            kwargs.pop("capturable")
            kwargs["lr"] = kwargs["lr"].item()
        for makers in [[], *info.scheduler_inputs]:
            runs = []
            for build, options in (
                (ours, {**kwargs, **WAYS[way]}),
                # torch takes capturable on the CPU in no eager step
                (
                    Adam,
                    {**{k: v for k, v in kwargs.items() if k != "capturable"}, "foreach": False},
                ),
            ):
                params = [
                    Parameter(torch.ones(3, 2, dtype=dtype)),
                    Parameter(torch.ones(0)),
                    Parameter(torch.full((2,), 0.5, dtype=dtype)),
                ]
                one = build(params, **copy.deepcopy(options))
                schedulers = [make(one) for make in makers]
                for k in range(8):
                    steps(one, schedulers, k, params)
                runs.append((params, one))
            (xs, mine), (ys, theirs) = runs
            tolerance = 1e-6 if dtype == torch.float32 or "Tensor" in description else 1e-12
            for x, y in zip(xs, ys, strict=True):
                torch.testing.assert_close(x, y, rtol=tolerance, atol=tolerance)
                assert mine.state[x].keys() == theirs.state[y].keys()
            assert float(mine.param_groups[0]["lr"]) == float(theirs.param_groups[0]["lr"])
            done += 1
    assert done >= 2 * 15 * 8


def test_bad_inputs_of_torch_are_refused_in_its_words() -> None:
    from torch.testing._internal.common_optimizers import optim_error_inputs_func_adam

    refused = 0
    for case in optim_error_inputs_func_adam("cpu", torch.float32):
        given = case.optimizer_error_input
        if given.desc.replace("\\", "") in NOT_OURS:
            continue
        params = given.params if given.params is not None else [Parameter(torch.ones(2))]
        with pytest.raises(case.error_type, match=case.error_regex):
            ours(copy.copy(params), **given.kwargs)
        refused += 1
    assert refused >= 10, refused


def test_names_of_the_options_are_those_of_torch() -> None:
    from inspect import signature

    theirs, mine = signature(Adam).parameters, signature(AMSGrad).parameters
    assert theirs.keys() - mine.keys() == {"decoupled_weight_decay"}  # a WeightDecay says it
    assert re.sub(r"\W", "", str(theirs["maximize"])) == re.sub(r"\W", "", str(mine["maximize"]))
