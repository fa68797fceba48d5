"""AMSGrad for `torch`: labml_nn's Adam, divided by a second moment that never falls."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from labml_nn.optimizers import GenericAdaptiveOptimizer, WeightDecay
from labml_nn.optimizers.adam import Adam
from torch.optim.optimizer import ParamsT


class AMSGrad(Adam):  # type: ignore[misc]  # labml_nn has no types: its Adam is Any
    """Adam whose step is divided by the largest second moment seen so far.

    For each parameter x with gradient g_t, where t = `step` is 1 at its first update and
    (b1, b2) = `betas`:

        m_t    = b1 m_{t-1} + (1 - b1) g_t      exp_avg, m_0 = 0
        v_t    = b2 v_{t-1} + (1 - b2) g_t^2    exp_avg_sq, v_0 = 0
        vmax_t = max(vmax_{t-1}, v_t)           max_exp_avg_sq, vmax_0 = 0

        x -= lr sqrt(1 - b2^t) / (1 - b1^t) m_t / (sqrt(vmax_t) + eps)      optimized_update=True
        x -= lr / (1 - b1^t) m_t / (sqrt(vmax_t) / sqrt(1 - b2^t) + eps)    optimized_update=False

    Deviations from the paper: m_t and vmax_t are corrected for their start at zero; it has no such
    correction. eps is added to the root, in the first form before the correction ("epsilon hat"),
    in the second, torch's, after it; the paper has no eps. Its schedules of alpha and beta1 and its
    projection are left to the caller, who may change the group's `lr` and `betas` and x itself.

    The maximum is that of the raw v_t, as in the paper and torch; optax's is that of the corrected
    v_t / (1 - b2^t). Where the first gradient is large this matters for ever: on 1010, then -10 a
    hundred times, and so on, with b2 = .99, vmax rises to 16,096.8 here, and the corrected one
    stays at 1010^2 = 1,020,100, so that its steps are 7.96 times smaller.

    A group's `lr`, `betas`, `eps`, `weight_decay` (a number) and `amsgrad` may be set in its dict
    and changed between steps. If the flag is switched on late, the maximum starts at v_{t-1}, which
    divided the step before; once started it is kept up, even while the flag is off. `state_dict`
    holds groups and state, as always in torch, but not `optimized_update` nor the form of the
    decay (`weight_decouple`, `absolute`): load it into an optimizer built with the same ones, or
    the saved numbers will have another meaning. Copies and pickles of it hold everything.

    Args:
        params: parameters or dicts of parameter groups; real, with dense gradients.
        lr: step size alpha, >= 0.
        betas: decay rates (b1, b2) of the two moments, each in [0, 1).
        eps: >= 0; keeps 0 / 0 away where the dtype can hold it (in float16, 1e-16 is 0).
        weight_decay: labml_nn's `WeightDecay`, or None for no decay. Decoupled (its default), it
            shrinks x by 1 - lr * coefficient; coupled, it adds coefficient * x to g_t.
        optimized_update: which of the two forms above.
        amsgrad: False is plain Adam: v_t in place of vmax_t, and no maximum in the state.
        defaults: further group defaults, for subclasses; not modified.

    Raises:
        ValueError: lr, betas or eps is out of range.
        TypeError: weight_decay is a number.
        RuntimeError: by `step`, before it changes anything: a gradient is sparse or complex.

    Example:
        >>> x = torch.nn.Parameter(torch.zeros(1))
        >>> optimizer = AMSGrad([x], lr=0.1, betas=(0.9, 0.99))
        >>> for slope in (1010.0, -10.0):
        ...     x.grad = torch.tensor([slope])
        ...     optimizer.step()
        >>> state = optimizer.state[x]
        >>> [round(state[name].item(), 1) for name in ("exp_avg_sq", "max_exp_avg_sq")]
        [10100.0, 10201.0]

    Reference:
        Reddi, Kale and Kumar, "On the Convergence of Adam and Beyond", ICLR 2018, Algorithm 2.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-16,
        weight_decay: WeightDecay | None = None,
        optimized_update: bool = True,
        amsgrad: bool = True,
        defaults: dict[str, Any] | None = None,
    ) -> None:
        if isinstance(weight_decay, (int, float, np.number, np.ndarray, torch.Tensor)):
            raise TypeError(
                f"AMSGrad got weight_decay={weight_decay}, but takes an object here: pass "
                f"labml_nn.optimizers.WeightDecay({weight_decay}), or set the number in a group."
            )
        # Both made afresh: the base writes into `defaults`, and shares one WeightDecay by default.
        decay = WeightDecay() if weight_decay is None else weight_decay
        defaults = {**(defaults or {}), "amsgrad": amsgrad}
        super().__init__(params, lr, betas, eps, decay, optimized_update, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group as torch does; warn where a parameter's precision rounds eps to 0."""
        super().add_param_group(param_group)
        _warn_of_eps(self.param_groups[-1])

    def get_mv(
        self, state: dict[str, Any], group: dict[str, Any], grad: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Update the moments; return m_t and what divides it: vmax_t, or v_t without the flag."""
        if group["amsgrad"] and "max_exp_avg_sq" not in state:
            # At t = 1 this is vmax_0 = 0. Later v_{t-1}, not 0, keeps the divisor from falling.
            state["max_exp_avg_sq"] = state["exp_avg_sq"].clone()
        m, v = super().get_mv(state, group, grad)
        vmax = state.get("max_exp_avg_sq")
        if vmax is None:
            return m, v
        torch.maximum(vmax, v, out=vmax)
        return m, vmax if group["amsgrad"] else v

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update each parameter that has a gradient; return the closure's loss, or None."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for index, group in enumerate(self.param_groups):
            for param in group["params"]:
                grad = param.grad
                if grad is not None and (grad.is_sparse or grad.is_complex()):
                    raise RuntimeError(
                        "AMSGrad takes dense, real gradients only, but a parameter of shape "
                        f"{tuple(param.shape)} in group {index} has one of {grad.layout} and "
                        f"{grad.dtype}: build its layer with sparse=False or give it to "
                        "torch.optim.SparseAdam; of a complex one, optimize torch.view_as_real."
                    )
        # Not super().step: torch wraps Adam.step once an Adam exists, and hooks would run twice.
        GenericAdaptiveOptimizer.step(self)
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state of an AMSGrad, or of an Adam; warn where no AMSGrad run is continued.

        Raises:
            ValueError: the state is of another optimizer, or maximises; nothing has changed then.
        """
        _check_loadable(state_dict)
        flags = [group["amsgrad"] for group in self.param_groups]
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            _warn_of_eps(group)
        for index, (group, flag) in enumerate(zip(self.param_groups, flags, strict=True)):
            states = [self.state[param] for param in group["params"] if param in self.state]
            for state in states:
                state["step"] = int(state["step"])  # torch's is a float32 tensor: b^t would round
            if not group.setdefault("amsgrad", flag) and flag:
                warnings.warn(
                    f"The loaded state makes group {index} plain Adam: its 'amsgrad' is False; set "
                    "it to True to have AMSGrad.",
                    stacklevel=2,
                )
            if group["amsgrad"] and any("max_exp_avg_sq" not in state for state in states):
                warnings.warn(
                    f"The loaded state has no max_exp_avg_sq in group {index}: the maximum starts "
                    "anew at the loaded exp_avg_sq, which may be lower than the one that was lost.",
                    stacklevel=2,
                )

    def __getstate__(self) -> dict[str, Any]:
        # torch copies and pickles only its own attributes; without these two a copy cannot step.
        own = {"weight_decay": self.weight_decay, "optimized_update": self.optimized_update}
        return {**super().__getstate__(), **own}


def _warn_of_eps(group: dict[str, Any]) -> None:
    eps = float(group["eps"])
    for dtype in {param.dtype for param in group["params"]}:
        if eps > 0 and not dtype.is_complex and torch.tensor(eps, dtype=dtype) == 0:
            warnings.warn(
                f"eps = {eps:g} is 0 in {dtype}: where a gradient is 0 from the beginning, a step"
                f" is 0 / 0; give a larger eps, such as {torch.finfo(dtype).eps:.1g}.",
                stacklevel=3,
            )


def _check_loadable(state_dict: dict[str, Any]) -> None:
    for part in ("param_groups", "state"):
        if part not in state_dict:
            raise ValueError(
                f"The loaded state is not of an optimizer: it lacks {part}. Nothing was changed."
            )
    for index, group in enumerate(state_dict["param_groups"]):
        missing = sorted({"lr", "betas", "eps", "weight_decay"} - group.keys())
        if missing:
            raise ValueError(
                f"The loaded state is not of an Adam or AMSGrad: its group {index} lacks"
                f" {', '.join(missing)}. Nothing was changed."
            )
        if group.get("maximize"):
            raise ValueError(
                f"Group {index} of the loaded state has maximize=True, but AMSGrad minimises: load"
                " it with maximize=False and change the sign of the loss. Nothing was changed."
            )
    for key, state in state_dict["state"].items():
        other = sorted(state.keys() - {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"})
        if other:
            raise ValueError(
                f"The loaded state is not of an Adam or AMSGrad: that of parameter {key} has"
                f" {', '.join(map(str, other))}. Nothing was changed."
            )
        missing = sorted({"step", "exp_avg", "exp_avg_sq"} - state.keys())
        if missing:
            raise ValueError(
                f"The loaded state is not of an Adam or AMSGrad: that of parameter {key} lacks"
                f" {', '.join(missing)}. Nothing was changed."
            )
