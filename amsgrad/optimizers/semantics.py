"""The meanings of Adam and AMSGrad for which torch and labml_nn have no optimizer."""

from typing import Any

import torch
from labml_nn.optimizers.adam import Adam

from amsgrad.optimizers.amsgrad import AMSGrad


class Uncorrected(AMSGrad):
    """AMSGrad as printed: no bias correction. With `amsgrad=False`, Adam as in the same paper.

        x -= lr m_t / (sqrt(vmax_t) + eps)

    The paper has no eps either: give 0.

    Reference:
        Reddi, Kale and Kumar, "On the Convergence of Adam and Beyond", ICLR 2018, Algorithm 2.
    """

    def adam_update(
        self,
        state: dict[str, Any],
        group: dict[str, Any],
        param: torch.nn.Parameter,
        m: torch.Tensor,
        v: torch.Tensor,
    ) -> None:
        """Take the step."""
        lr = self.get_lr(state, group)
        param.data.addcdiv_(m, v.sqrt().add_(group["eps"]), value=-lr)


class CorrectedMaximum(AMSGrad):
    """AMSGrad with the maximum of the corrected second moment, the default of optax.

        vmax_t = max(vmax_{t-1}, v_t / (1 - b2^t))
        x -= lr / (1 - b1^t) m_t / (sqrt(vmax_t) + eps)

    Where the first gradient is large this is another algorithm, and not only for the first steps:
    v_1 / (1 - b2) = g_1^2 may never be reached again.

    Reference:
        optax 0.2, `scale_by_amsgrad`.
    """

    def get_mv(
        self, state: dict[str, Any], group: dict[str, Any], grad: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Update the moments; return m_t and the maximum of the corrected v_t."""
        maximum = state.setdefault("max_exp_avg_sq", torch.zeros_like(state["exp_avg_sq"]))
        m, v = Adam.get_mv(self, state, group, grad)  # not AMSGrad's: its maximum is the raw one
        t = state["step"] + 1
        torch.maximum(maximum, v / (1 - group["betas"][1] ** t), out=maximum)
        return m, maximum

    def adam_update(
        self,
        state: dict[str, Any],
        group: dict[str, Any],
        param: torch.nn.Parameter,
        m: torch.Tensor,
        v: torch.Tensor,
    ) -> None:
        """Take the step."""
        step_size = self.get_lr(state, group) / (1 - group["betas"][0] ** state["step"])
        param.data.addcdiv_(m, v.sqrt().add_(group["eps"]), value=-step_size)
