"""The step of AMSGrad by torch's fused kernel, which reads and writes each number once.

The kernel computes x -= lr / c1 m / (sqrt(vmax) / sqrt(c2) + eps), with c1 = 1 - b1^t and
c2 = 1 - b2^t. In the place of lr and eps it is given

    torch          lr                  eps
    labml, keras   lr                  eps / sqrt(c2)
    paper          lr c1 / sqrt(c2)    eps / sqrt(c2)

and then computes these meanings. That of optax it cannot: it takes the maximum of v, not of v / c2.
On the CPU it walks through memory and looks at no stride (seen in torch 2.13: wrong numbers, and no
error), so that a parameter that is not laid out as its gradient and state are is not given to it.
"""

import math
from typing import Any

import torch
from labml_nn.optimizers import WeightDecay

from amsgrad.optimizers.together import States, Tensors, count, keep_maxima, step_together


def step_fused(
    group: dict[str, Any], decay: WeightDecay, params: Tensors, grads: Tensors, states: States
) -> None:
    """Take the step of parameters of one group, in one call for those of the same step number."""
    kinds: dict[Any, tuple[Tensors, Tensors, States]] = {}
    for param, grad, state in zip(params, grads, states, strict=True):
        kind = None
        if _alike(param, grad, state["exp_avg"]):
            kind = count(state), param.dtype, param.device
        found = kinds.get(kind)
        if found is None:
            found = kinds[kind] = [], [], []
        found[0].append(param)
        found[1].append(grad)
        found[2].append(state)
    step_together(group, decay, *kinds.pop(None, ([], [], [])))
    for (t, _, device), members in kinds.items():
        _step(group, decay, t, device, *members)


def _alike(param: torch.Tensor, grad: torch.Tensor, moment: torch.Tensor) -> bool:
    if param.is_contiguous() and grad.is_contiguous() and moment.is_contiguous():
        return True
    # A dense tensor that is not contiguous has moments of its strides; a view with gaps has not.
    return param.stride() == grad.stride() == moment.stride()


def _step(
    group: dict[str, Any],
    decay: WeightDecay,
    t: int,
    device: torch.device,
    params: Tensors,
    grads: Tensors,
    states: States,
) -> None:
    lr, eps, coefficient = group["lr"], float(group["eps"]), float(group["weight_decay"])
    (beta1, beta2), semantics = group["betas"], group["semantics"]
    if decay.weight_decouple and decay.absolute and coefficient:
        torch._foreach_mul_(params, 1 - coefficient)
        coefficient = 0.0
    if semantics != "torch":
        eps /= math.sqrt(1 - beta2**t)
    if semantics == "paper":
        uncorrect = (1 - beta1**t) / math.sqrt(1 - beta2**t)
        lr = lr * uncorrect
        if decay.weight_decouple:
            coefficient /= uncorrect  # the kernel shrinks x by 1 - lr * coefficient
    amsgrad = group["amsgrad"]
    vs = [state["exp_avg_sq"] for state in states]
    kernel: Any = torch._fused_adamw_ if decay.weight_decouple else torch._fused_adam_
    kernel(
        params,
        grads,
        [state["exp_avg"] for state in states],
        vs,
        [state["max_exp_avg_sq"] for state in states] if amsgrad else [],
        [torch.full((), float(t), device=device)] * len(params),
        lr=lr,
        beta1=beta1,
        beta2=beta2,
        weight_decay=coefficient,
        eps=eps,
        amsgrad=amsgrad,
        maximize=group["maximize"],
    )
    if not amsgrad:
        keep_maxima(states, vs)
