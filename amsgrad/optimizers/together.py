"""The step of AMSGrad on all parameters of a group at once; `AMSGrad.step_param` defines it.

With c1 = 1 - b1^t and c2 = 1 - b2^t each meaning is x -= a m / (sqrt(vmax) + e), as in
`amsgrad/rules/adam.py`:

    labml, keras   a = lr sqrt(c2) / c1     e = eps
    torch          a = lr sqrt(c2) / c1     e = eps sqrt(c2)
    paper          a = lr                   e = eps
    optax          a = lr / c1              e = eps             vmax of v / c2
"""

import math
from typing import Any

import torch
from labml_nn.optimizers import WeightDecay

Tensors = list[torch.Tensor]
States = list[dict[str, Any]]


def step_together(
    group: dict[str, Any], decay: WeightDecay, params: Tensors, grads: Tensors, states: States
) -> None:
    """Take the step of parameters of one group by torch's foreach operations.

    Their step numbers are Python integers. Where the group is capturable, and while torch compiles,
    they are tensors, which are not read.
    """
    if not params:
        return
    beta1, beta2 = group["betas"]
    capturable = torch.compiler.is_compiling() or group["capturable"]
    kinds = _by_kind(params, grads, states) if capturable else []
    if len(kinds) > 1:  # t, in one tensor for all, has one dtype and one device
        for kind in kinds:
            step_together(group, decay, *kind)
        return
    steps: Any = _count(params, states) if capturable else [count(state) for state in states]
    params, grads = _real(params), _real(grads)
    if group["maximize"]:
        grads = list(torch._foreach_neg(grads))
    if group["weight_decay"] != 0:
        grads = _decay(group, decay, params, grads)
    ms, vs = (_real([state[name] for state in states]) for name in ("exp_avg", "exp_avg_sq"))
    torch._foreach_lerp_(ms, grads, 1 - beta1)
    torch._foreach_mul_(vs, beta2)
    torch._foreach_addcmul_(vs, grads, grads, 1 - beta2)
    del grads  # where it is a copy, free it before the next one

    c1: Any
    c2: Any
    if capturable:
        # In float32 1 - b^t would lose half of its digits; expm1 keeps them.
        t = torch.stack(steps).to(torch.promote_types(torch.float32, params[0].dtype))
        logs = (math.log(beta) if beta else -math.inf for beta in (beta1, beta2))
        c1, c2 = (-torch.expm1(t * log) for log in logs)
        down, e, c2 = (_each(entry) for entry in (*_coefficients(group, c1, c2), c2))
    else:
        known = {}
        for t in set(steps):
            c1, c2 = 1 - beta1**t, 1 - beta2**t
            known[t] = (*_coefficients(group, c1, c2), c2)
        down, e, c2 = map(list, zip(*(known[t] for t in steps), strict=True))
    roots = torch._foreach_sqrt(_divisors(group, states, vs, c2))
    torch._foreach_add_(roots, e)
    if capturable or torch.is_tensor(group["lr"]):  # torch has no addcdiv with a tensor in front
        torch._foreach_div_(roots, down)
        torch._foreach_addcdiv_(params, ms, roots)
    else:
        torch._foreach_addcdiv_(params, ms, roots, down)


def count(state: dict[str, Any]) -> int:
    """Add one to the step number of a parameter, a Python integer, and return it."""
    state["step"] = int(state["step"]) + 1
    return state["step"]  # type: ignore[no-any-return]


def keep_maxima(states: States, seconds: Tensors) -> None:
    """Keep up the maxima, where there are some, of these second moments."""
    kept = [
        (_real([state["max_exp_avg_sq"]])[0], second)
        for state, second in zip(states, seconds, strict=True)
        if "max_exp_avg_sq" in state
    ]
    if kept:
        torch._foreach_maximum_([vmax for vmax, _ in kept], [second for _, second in kept])


def _by_kind(
    params: Tensors, grads: Tensors, states: States
) -> list[tuple[Tensors, Tensors, States]]:
    """Return those of each dtype and device."""
    kinds: dict[Any, tuple[Tensors, Tensors, States]] = {}
    for param, grad, state in zip(params, grads, states, strict=True):
        found = kinds.setdefault((param.dtype, param.device), ([], [], []))
        found[0].append(param)
        found[1].append(grad)
        found[2].append(state)
    return list(kinds.values())


def _coefficients(group: dict[str, Any], c1: Any, c2: Any) -> tuple[Any, Any]:
    """Return -a and e; c1 and c2 are numbers, or tensors with one for each parameter."""
    lr, eps, semantics = group["lr"], group["eps"], group["semantics"]
    if semantics == "paper":
        return -lr, eps
    if semantics == "optax":
        return -lr / c1, eps
    return -lr * c2**0.5 / c1, eps * c2**0.5 if semantics == "torch" else eps


def _divisors(group: dict[str, Any], states: States, vs: Tensors, c2: Any) -> Tensors:
    """Update the maxima; return those, or the second moments without the flag."""
    seconds = list(torch._foreach_div(vs, c2)) if group["semantics"] == "optax" else vs
    keep_maxima(states, seconds)
    return _real([state["max_exp_avg_sq"] for state in states]) if group["amsgrad"] else seconds


def _decay(group: dict[str, Any], decay: WeightDecay, params: Tensors, grads: Tensors) -> Tensors:
    """Do what labml_nn's WeightDecay does, and return the gradients."""
    coefficient = float(group["weight_decay"])
    if decay.weight_decouple:
        torch._foreach_mul_(params, 1 - coefficient * (1 if decay.absolute else group["lr"]))
        return grads
    if group["maximize"]:  # they are a copy already
        torch._foreach_add_(grads, params, alpha=coefficient)
        return grads
    return list(torch._foreach_add(grads, params, alpha=coefficient))


def _count(params: Tensors, states: States) -> Tensors:
    """Add one to the step numbers, tensors on the device of each parameter, and return them."""
    for param, state in zip(params, states, strict=True):
        if not torch.is_tensor(state["step"]):
            state["step"] = torch.full((), float(state["step"]), device=param.device)
    steps = [state["step"] for state in states]
    torch._foreach_add_(steps, 1)
    return steps


def _each(entry: Any) -> Any:
    """Return a list of one number for each parameter, or one number for all."""
    return list(entry.unbind()) if torch.is_tensor(entry) and entry.dim() else entry


def _real(tensors: Tensors) -> Tensors:
    """Return the tensors, the complex ones as pairs of real numbers of the same memory."""
    return [torch.view_as_real(each) if each.is_complex() else each for each in tensors]
