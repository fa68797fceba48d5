"""Optimizers for real training: `torch.optim` classes built on labml_nn's `Adam`."""

from amsgrad.optimizers.amsgrad import AMSGrad

__all__ = ["AMSGrad"]
