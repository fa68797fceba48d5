"""The laboratory for the synthetic regret problem of Reddi, Kale and Kumar (ICLR 2018)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amsgrad.optimizers import AMSGrad

__all__ = ["AMSGrad"]


def __getattr__(name: str) -> Any:
    # torch takes seconds to import: it is loaded when the optimizer is asked for
    if name == "AMSGrad":
        from amsgrad.optimizers import AMSGrad

        return AMSGrad
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
