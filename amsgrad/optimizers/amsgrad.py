"""AMSGrad for `torch`: labml_nn's Adam, divided by a second moment that never falls."""

from collections.abc import Callable
from operator import is_
from typing import Any

import torch
from labml_nn.optimizers import WeightDecay
from labml_nn.optimizers.adam import Adam
from torch.optim.optimizer import ParamsT, _default_to_fused_or_foreach

from amsgrad.optimizers.checkpoints import merged, warn_of_loaded
from amsgrad.optimizers.fused import step_fused
from amsgrad.optimizers.groups import as_decay, checked, settings, warn_of_eps, with_gradients
from amsgrad.optimizers.together import step_together
from amsgrad.rules.adam import SEMANTICS


class AMSGrad(Adam):  # type: ignore[misc]  # labml_nn has no types: its Adam is Any
    """Adam whose step is divided by the largest second moment seen so far.

    For each parameter x with gradient g_t, where t = `step` is 1 at its first update and
    (b1, b2) = `betas`:

        m_t    = b1 m_{t-1} + (1 - b1) g_t      exp_avg, m_0 = 0
        v_t    = b2 v_{t-1} + (1 - b2) g_t^2    exp_avg_sq, v_0 = 0
        vmax_t = max(vmax_{t-1}, v_t)           max_exp_avg_sq, vmax_0 = 0

    and with c1 = 1 - b1^t, c2 = 1 - b2^t, which correct the start at zero, by `semantics`:

        labml, keras  x -= lr sqrt(c2) / c1 m_t / (sqrt(vmax_t) + eps)
        torch         x -= lr / c1 m_t / (sqrt(vmax_t) / sqrt(c2) + eps)
        paper         x -= lr m_t / (sqrt(vmax_t) + eps)
        optax         vmax_t = max(vmax_{t-1}, v_t / c2);  x -= lr / c1 m_t / (sqrt(vmax_t) + eps)

    Deviations from the paper: it has no correction and no eps. Its schedules of alpha and beta1 and
    its projection are left to the caller, who may change the group's `lr` and `betas` and x itself.

    Where the first gradient is large, the maximum of the corrected v_t is another algorithm, and
    not only for the first steps: on 1010, then -10 a hundred times, and so on, with b2 = .99, vmax
    rises to 16,096.8, and the corrected one stays at 1010^2 = 1,020,100, so that its steps are 7.96
    times smaller.

    One parameter at a time is the definition (`step_param`), and the default on the CPU. `foreach`
    does the same with all parameters of a group at once, and is the default where it is torch's (on
    CUDA, with a plain number as `lr`); `fused` does it in torch's one kernel per group, the fastest
    on the CPU, too. They round differently. A subclass that overrides a part of the definition is
    stepped by the definition. Under torch.compile the step is that of `capturable`.

    A group's settings may be set in its dict and changed between steps, but for `semantics`. If
    `amsgrad` is switched on late, the maximum starts at v_{t-1}, which divided the step before;
    once started it is kept up, even while the flag is off. `state_dict` holds groups and state, as
    always in torch, but not the form of the decay (`weight_decouple`, `absolute`): load it into an
    optimizer built with the same one. Copies and pickles of it hold everything.

    Args:
        params: parameters or dicts of parameter groups, with dense gradients. Of a complex one the
            real and the imaginary parts are parameters of their own, as in torch.
        lr: step size alpha, >= 0; a tensor of one element may be changed in place.
        betas: decay rates (b1, b2) of the two moments, each in [0, 1); tensors are read once.
        eps: >= 0; keeps 0 / 0 away where the dtype can hold it (in float16, 1e-16 is 0). By default
            that of `semantics`: labml 1e-16, torch and optax 1e-8, keras 1e-7, paper 0.
        weight_decay: labml_nn's `WeightDecay`; None or 0 for no decay. Decoupled (its default), it
            shrinks x by 1 - lr * coefficient; coupled, it adds coefficient * x to g_t.
        optimized_update: labml_nn's switch; False is the formula of torch, with labml's eps.
        amsgrad: False is plain Adam: v_t in place of vmax_t, and no maximum in the state.
        defaults: further group defaults, for subclasses; not modified.
        semantics: as above, by default labml.
        foreach, fused: True or False chooses the way, None leaves it to the device.
        maximize: go up: g_t is the negative of the gradient.
        capturable: keep t in tensors on the device of x and read none of them, so that a CUDA graph
            can hold the step; always by `foreach`, even if `fused` is True.
        differentiable: must be False.

    Raises:
        ValueError: a number is out of range, options exclude one another, or a parameter is of an
            integer dtype.
        TypeError: weight_decay is a number other than 0, or another option is no number.
        RuntimeError: differentiable, or foreach and fused together; by `step`, before it changes
            anything: a gradient is sparse, a CUDA graph captures without capturable, or a setting
            of a group was changed to one that is refused here.

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
        Reddi, Kale and Kumar, "On the Convergence of Adam and Beyond", ICLR 2018, Algorithm 2; for
        optax, `scale_by_amsgrad` of optax 0.2.
    """

    _taken: tuple[Any, ...] = ()  # the settings of all groups when they were checked

    def __init__(
        self,
        params: ParamsT,
        lr: float | torch.Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float | None = None,
        weight_decay: WeightDecay | float | None = None,
        optimized_update: bool = True,
        amsgrad: bool = True,
        defaults: dict[str, Any] | None = None,
        *,
        semantics: str | None = None,
        foreach: bool | None = None,
        fused: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        if semantics is not None and not (optimized_update or semantics == "torch"):
            raise ValueError(
                f"optimized_update=False is the formula of torch, but semantics={semantics!r} was"
                " given: leave one of them out."
            )
        if eps is None:
            eps = SEMANTICS.get(semantics or "labml", 0.0)
        self.semantics = semantics or ("labml" if optimized_update else "torch")
        # Both made afresh: the base writes into `defaults`, and shares one WeightDecay by default.
        decay = as_decay(weight_decay)
        own = {
            "amsgrad": amsgrad,
            "semantics": self.semantics,
            "foreach": foreach,
            "fused": fused,
            "maximize": maximize,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        given = {
            **(defaults or {}),
            **own,
            **decay.defaults(),
            "lr": lr,
            "betas": betas,
            "eps": eps,
        }
        given = checked(given, self.semantics)  # also where a group has its own: as torch does
        super().__init__(params, lr, given["betas"], eps, decay, self.semantics != "torch", given)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group as torch does; warn where a parameter's precision rounds eps to 0."""
        super().add_param_group(param_group)
        try:
            self.param_groups[-1].update(checked(self.param_groups[-1], self.semantics))
            warn_of_eps(self.param_groups[-1])
        except Exception:
            del self.param_groups[-1]
            raise
        self._taken += settings(self.param_groups[-1:])

    def get_lr(self, state: dict[str, Any], group: dict[str, Any]) -> Any:
        """Return the step size of the group."""
        return group["lr"]

    def get_mv(
        self, state: dict[str, Any], group: dict[str, Any], grad: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Update the moments; return m_t and what divides it: vmax_t, or v_t without the flag."""
        m, v = super().get_mv(state, group, grad)
        if self.semantics == "optax":
            v = v / (1 - group["betas"][1] ** (state["step"] + 1))
        vmax = state.get("max_exp_avg_sq")
        if vmax is None:
            return m, v
        torch.maximum(vmax, v, out=vmax)
        return m, vmax if group["amsgrad"] else v

    def adam_update(
        self,
        state: dict[str, Any],
        group: dict[str, Any],
        param: torch.Tensor,
        m: torch.Tensor,
        v: torch.Tensor,
    ) -> None:
        """Take the step, divided by the root of v: what `get_mv` returned."""
        if self.semantics in ("labml", "keras", "torch"):
            super().adam_update(state, group, param, m, v)  # by optimized_update
            return
        step_size = self.get_lr(state, group)
        if self.semantics == "optax":
            step_size = step_size / (1 - group["betas"][0] ** state["step"])
        param.data.addcdiv_(m, v.sqrt().add_(group["eps"]), value=-step_size)

    def step_param(
        self, state: dict[str, Any], group: dict[str, Any], grad: torch.Tensor, param: torch.Tensor
    ) -> None:
        """Update one parameter: the definition of what the other ways do with many."""
        if group["maximize"]:
            grad = -grad
        state["step"] = int(state["step"])  # a float32 tensor after capturable: b^t would round
        if not param.is_complex():
            super().step_param(state, group, grad, param)
            return
        real = {key: torch.view_as_real(state[key]) for key in state if key != "step"}
        real["step"] = state["step"]
        super().step_param(real, group, torch.view_as_real(grad), torch.view_as_real(param))
        state["step"] = real["step"]

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update each parameter that has a gradient; return the closure's loss, or None."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        if not torch.compiler.is_compiling():
            self._check_changed()
        found = [with_gradients(group, index) for index, group in enumerate(self.param_groups)]
        for group, (params, grads) in zip(self.param_groups, found, strict=True):
            states = [self._state(group, param) for param in params]
            way = self._way(group, params)
            if way is not None:
                way(group, self.weight_decay, params, grads, states)
                continue
            for state, grad, param in zip(states, grads, params, strict=True):
                self.step_param(state, group, grad, param)
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state of an AMSGrad, or of an Adam; warn where no AMSGrad run is continued.

        That of torch.optim.Adam is loaded where it means the same: with semantics "torch", and the
        same form of weight decay. The way to step (`foreach`, `fused`, `capturable`) is no state:
        other than torch, this keeps its own.

        Raises:
            ValueError: the state is of another optimizer, or means something else; nothing has
                changed then.
        """
        groups = merged(state_dict, self.param_groups, self.semantics, self.weight_decay)
        flags = [group["amsgrad"] for group in self.param_groups]
        super().load_state_dict({**state_dict, "param_groups": groups})
        for state in self.state.values():
            state["step"] = int(state["step"])  # torch's is a float32 tensor: b^t would round
        self._taken = settings(self.param_groups)
        warn_of_loaded(self.param_groups, self.state, flags)

    def __getstate__(self) -> dict[str, Any]:
        # torch copies and pickles only its own attributes; without these a copy cannot step.
        own = {name: vars(self)[name] for name in ("weight_decay", "optimized_update", "semantics")}
        return {**super().__getstate__(), **own}

    def _check_changed(self) -> None:
        """Check the groups whose settings are not those that were checked last."""
        # By identity: to compare the numbers of a tensor lr would wait for the device.
        now = settings(self.param_groups)
        if len(now) == len(self._taken) and all(map(is_, now, self._taken)):
            return
        for index, group in enumerate(self.param_groups):
            try:
                group.update(checked(group, self.semantics))
            except (TypeError, ValueError, RuntimeError) as error:
                raise RuntimeError(f"Group {index} cannot be stepped: {error}") from error
        self._taken = settings(self.param_groups)

    def _state(self, group: dict[str, Any], param: torch.Tensor) -> dict[str, Any]:
        """Return the state of a parameter, with all that the step of its group needs."""
        state: dict[str, Any] = self.state[param]
        if not state:
            self.init_state(state, group, param)
        if group["amsgrad"] and "max_exp_avg_sq" not in state:
            # At t = 1 this is vmax_0 = 0. Later v_{t-1}, not 0, keeps the divisor from falling.
            state["max_exp_avg_sq"] = state["exp_avg_sq"].clone()
            if self.semantics == "optax" and state["step"]:
                state["max_exp_avg_sq"] /= 1 - group["betas"][1] ** int(state["step"])
        return state

    def _way(self, group: dict[str, Any], params: list[torch.Tensor]) -> Callable[..., None] | None:
        """Return what steps many parameters at once, or None where one is stepped at a time."""
        if type(self.weight_decay) is not WeightDecay or self._redefined:
            return None
        if torch.compiler.is_compiling() or group["capturable"]:
            return step_together
        if group["fused"]:
            return step_fused
        foreach = group["foreach"]
        if foreach is None and group["fused"] is None and not torch.is_tensor(group["lr"]):
            _, foreach = _default_to_fused_or_foreach(params, differentiable=False)
        return step_together if foreach else None

    @property
    def _redefined(self) -> bool:
        names = ("init_state", "get_lr", "get_mv", "adam_update", "step_param")
        return any(getattr(type(self), name) is not getattr(AMSGrad, name) for name in names)
