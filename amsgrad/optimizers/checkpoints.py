"""What AMSGrad can load: its own state, labml_nn's, and torch's where that means the same."""

import warnings
from collections.abc import Mapping
from typing import Any

import torch
from labml_nn.optimizers import WeightDecay

from amsgrad.optimizers.groups import checked, warn_of_eps

RAW = ("labml", "keras", "torch", "paper")  # they keep the maximum of v; optax keeps that of v / c2
WAY = ("foreach", "fused", "capturable")  # how to step, and no state: not loaded
OF_TORCH = {"maximize", "foreach", "capturable"}  # in no group of labml_nn


def merged(
    state_dict: dict[str, Any],
    groups: list[dict[str, Any]],
    semantics: str,
    decay: WeightDecay,
) -> list[dict[str, Any]]:
    """Return the saved groups as AMSGrad takes them.

    From its own groups are what the saved ones lack, and the way to step.

    Raises:
        ValueError: the saved state is not of an Adam or AMSGrad, or not of this meaning.
    """
    for part in ("param_groups", "state"):
        if part not in state_dict:
            raise ValueError(
                f"The loaded state is not of an optimizer: it lacks {part}. Nothing was changed."
            )
    saved: list[dict[str, Any]] = state_dict["param_groups"]
    for index, group in enumerate(saved):
        missing = sorted({"lr", "betas", "eps", "weight_decay"} - group.keys())
        if missing:
            raise ValueError(
                f"The loaded state is not of an Adam or AMSGrad: its group {index} lacks"
                f" {', '.join(missing)}. Nothing was changed."
            )
        if "amsgrad" not in group and OF_TORCH & group.keys():
            raise ValueError(
                f"The loaded state is not of an Adam or AMSGrad: its group {index} lacks amsgrad,"
                " as those of RAdam, NAdam and Adamax do. Nothing was changed."
            )
        _check_meaning(index, group, semantics, decay)
    for key, state in state_dict["state"].items():
        needed = {"step", "exp_avg", "exp_avg_sq"}
        other = sorted(state.keys() - needed - {"max_exp_avg_sq"})
        missing = sorted(needed - state.keys())
        if other or missing:
            wrong = f"has {', '.join(map(str, other))}" if other else f"lacks {', '.join(missing)}"
            raise ValueError(
                f"The loaded state is not of an Adam or AMSGrad: that of parameter {key} {wrong}."
                " Nothing was changed."
            )
    if [len(group["params"]) for group in saved] != [len(group["params"]) for group in groups]:
        return saved  # torch says so
    for group, current in zip(saved, groups, strict=True):
        for key, param in zip(group["params"], current["params"], strict=True):
            _check_shapes(key, state_dict["state"].get(key, {}), param)
    result = []
    for index, (group, current) in enumerate(zip(saved, groups, strict=True)):
        entries = {key: entry for key, entry in group.items() if key != "decoupled_weight_decay"}
        for name in ("amsgrad", "maximize", "differentiable"):
            entries.setdefault(name, current[name])
        entries.update({name: current[name] for name in WAY})
        entries.update(semantics=semantics, params=current["params"])
        try:
            result.append({**checked(entries, semantics), "params": group["params"]})
        except (TypeError, ValueError, RuntimeError) as error:
            raise ValueError(
                f"Group {index} of the loaded state cannot be taken: {str(error).rstrip('.')}."
                " Nothing was changed."
            ) from error
    return result


def _check_shapes(key: Any, state: dict[str, Any], param: torch.Tensor) -> None:
    for name, moment in state.items():
        if name != "step" and moment.shape != param.shape:
            raise ValueError(
                f"The loaded state is of another model: {name} of parameter {key} has the shape"
                f" {tuple(moment.shape)}, but the parameter {tuple(param.shape)}. Nothing was"
                " changed."
            )


def _check_meaning(index: int, group: dict[str, Any], semantics: str, decay: WeightDecay) -> None:
    # labml_nn's groups have neither key: they do not say which of its two formulas is meant.
    of_torch = "capturable" in group and "semantics" not in group
    found = "torch" if of_torch else group.get("semantics")
    alike = {found, semantics} <= {"labml", "keras"}  # they differ by the default of eps alone
    if found is None:
        alike, found = semantics in RAW, "labml"
    if not (alike or found == semantics):
        raise ValueError(
            f"Group {index} of the loaded state has the semantics of {found}, but this AMSGrad that"
            f" of {semantics}, where the same numbers mean another step: build it with"
            f" semantics={found!r}. Nothing was changed."
        )
    if of_torch and group["weight_decay"]:
        decoupled = bool(group.get("decoupled_weight_decay"))
        if decoupled != decay.weight_decouple or decay.absolute:
            raise ValueError(
                f"Group {index} of the loaded state has a weight decay of {group['weight_decay']}"
                f" that is {'decoupled' if decoupled else 'coupled'}: build AMSGrad with"
                f" weight_decay=WeightDecay({group['weight_decay']}, weight_decouple={decoupled})."
                " Nothing was changed."
            )


def warn_of_loaded(
    groups: list[dict[str, Any]], states: Mapping[torch.Tensor, Any], flags: list[bool]
) -> None:
    """Warn where what was loaded does not go on as the AMSGrad that was saved."""
    for index, (group, flag) in enumerate(zip(groups, flags, strict=True)):
        warn_of_eps(group)
        if flag and not group["amsgrad"]:
            warnings.warn(
                f"The loaded state makes group {index} plain Adam: its 'amsgrad' is False; set it"
                " to True to have AMSGrad.",
                stacklevel=3,
            )
        loaded = [states[param] for param in group["params"] if param in states]
        if group["amsgrad"] and any("max_exp_avg_sq" not in state for state in loaded):
            warnings.warn(
                f"The loaded state has no max_exp_avg_sq in group {index}: the maximum starts anew"
                " at the loaded exp_avg_sq, which may be lower than the one that was lost.",
                stacklevel=3,
            )
