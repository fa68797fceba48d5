"""A parameter group of AMSGrad: its settings, checked, and its parameters to be stepped."""

import sys
import warnings
from typing import Any

import numpy as np
import torch
from labml_nn.optimizers import WeightDecay

from amsgrad.rules.adam import SEMANTICS

LIBRARIES = ("amsgrad", "labml_nn", "torch")
CHECKED = (
    "lr",
    "betas",
    "eps",
    "weight_decay",
    "semantics",
    "foreach",
    "fused",
    "capturable",
    "differentiable",
)


def checked(group: dict[str, Any], semantics: str) -> dict[str, Any]:
    """Return the settings of a group, checked; the messages are torch's where torch has one.

    Raises:
        TypeError, ValueError, RuntimeError: as for AMSGrad.
    """
    if semantics not in SEMANTICS:
        raise ValueError(f"semantics = {semantics!r} is not one of {', '.join(SEMANTICS)}.")
    if group["semantics"] != semantics:
        raise ValueError(
            f"A group has semantics={group['semantics']!r}, but the optimizer {semantics!r}: all"
            " groups have the same; use two optimizers."
        )
    lr, betas, eps, decay = (group[name] for name in ("lr", "betas", "eps", "weight_decay"))
    if torch.is_tensor(lr):
        if group["foreach"] and not group["capturable"]:
            raise ValueError(
                "lr as a Tensor is not supported for capturable=False and foreach=True: give a"
                " number, or leave foreach out"
            )
        if lr.numel() != 1:
            raise ValueError(f"Tensor lr must be 1-element, but its shape is {tuple(lr.shape)}")
        lr = lr.squeeze()  # of the same memory: what the caller changes in place is seen
    _check_range("learning rate", lr, "lr must be a number >= 0")
    _check_range("epsilon value", eps, "eps must be a number >= 0")
    if not (isinstance(betas, tuple | list) and len(betas) == 2):
        raise ValueError(f"Invalid betas: {betas}; they must be two numbers in [0, 1)")
    if len({torch.is_tensor(beta) for beta in betas}) == 2:
        raise ValueError("betas must be either both floats or both Tensors")
    for index, beta in enumerate(betas):
        if torch.is_tensor(beta) and beta.numel() != 1:
            raise ValueError(f"Tensor betas[{index}] must be 1-element")
        what = f"beta parameter at index {index}"
        _check_range(what, beta, "betas must be two numbers in [0, 1)", below=1)
    _check_range("weight_decay value", decay, "it must be a number >= 0")
    for param in group.get("params", ()):
        if not (param.is_floating_point() or param.is_complex()):
            raise ValueError(
                "AMSGrad can only optimize Tensors of floating point and complex dtype, but one of"
                f" the params is of {param.dtype}."
            )
    if group["differentiable"]:
        raise RuntimeError(
            "AMSGrad does not support differentiable=True: its step is not recorded by autograd."
            " Use torch.optim.Adam(amsgrad=True, differentiable=True), whose formula is that of"
            " semantics='torch'."
        )
    if group["foreach"] and group["fused"]:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if group["fused"] and not all(param.is_floating_point() for param in group.get("params", ())):
        raise RuntimeError("`fused=True` requires all the params to be floating point Tensors.")
    if group["fused"] and semantics == "optax":
        raise ValueError(
            "fused=True is not supported with semantics='optax': torch's fused kernel takes the"
            " maximum of the uncorrected second moment. Use foreach=True."
        )
    return {**group, "lr": lr, "betas": tuple(map(float, betas))}


def _check_range(what: str, value: Any, allowed: str, below: float | None = None) -> None:
    try:
        inside = bool(value >= 0) and (below is None or bool(value < below))
    except (TypeError, ValueError, RuntimeError):  # no number, or an array of many
        raise TypeError(f"Invalid {what}: {value!r}; {allowed}") from None
    if not inside:
        raise ValueError(f"Invalid {what}: {value}; {allowed}")


def as_decay(weight_decay: Any) -> WeightDecay:
    """Return the weight decay that was given, or one of 0 for None and 0.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(weight_decay, WeightDecay):
        return weight_decay
    number = isinstance(weight_decay, (int, float, np.number, np.ndarray, torch.Tensor))
    if weight_decay is None or (number and np.shape(weight_decay) == () and weight_decay == 0):
        return WeightDecay()
    shown = weight_decay if number else 0.01
    raise TypeError(
        f"AMSGrad got weight_decay={weight_decay!r}, but takes 0 or an object that says which form"
        f" of decay is meant: with `from labml_nn.optimizers import WeightDecay` pass"
        f" WeightDecay({shown}), as in AdamW, or WeightDecay({shown}, weight_decouple=False), as in"
        " Adam."
    )


def settings(groups: list[dict[str, Any]]) -> tuple[Any, ...]:
    """Return those settings that `checked` looks at, of all groups in a row."""
    return tuple(group[name] for group in groups for name in CHECKED)


def with_gradients(
    group: dict[str, Any], index: int
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return those parameters of a group that have a gradient, and these.

    Raises:
        RuntimeError: a gradient is not dense, or a CUDA graph would hold the number of this step.
    """
    params, grads = [], []
    for param in group["params"]:
        grad = param.grad
        if grad is None:
            continue
        if grad.layout is not torch.strided:
            raise RuntimeError(
                "AMSGrad takes dense gradients only, but a parameter of shape "
                f"{tuple(param.shape)} in group {index} has one of {grad.layout}: build its layer"
                " with sparse=False or give it to torch.optim.SparseAdam."
            )
        params.append(param)
        grads.append(grad)
    cuda = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    if cuda and torch.cuda.is_current_stream_capturing() and not group["capturable"]:
        raise RuntimeError(
            f"A CUDA graph captures step(), but group {index} of AMSGrad has capturable=False: the"
            " graph would repeat the bias correction of this step. Give capturable=True."
        )
    return params, grads


def warn_of_eps(group: dict[str, Any]) -> None:
    """Warn, at the caller's line, where the precision of a parameter rounds eps to 0."""
    eps = float(group["eps"])
    for dtype in {param.dtype for param in group["params"]}:
        if eps > 0 and torch.tensor(eps, dtype=dtype.to_real()) == 0:
            warnings.warn(
                f"eps = {eps:g} is 0 in {dtype}: where a gradient is 0 from the beginning, a step"
                f" is 0 / 0; give a larger eps, such as {torch.finfo(dtype).eps:.1g}.",
                stacklevel=_depth_of_caller(),
            )


def _depth_of_caller() -> int:
    # A group is also added from within the constructors of torch and labml_nn.
    frame, depth = sys._getframe(1), 1
    while frame.f_back and frame.f_globals["__name__"].partition(".")[0] in LIBRARIES:
        frame, depth = frame.f_back, depth + 1
    return depth
