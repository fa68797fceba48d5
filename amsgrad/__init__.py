"""The laboratory for the synthetic regret problem of Reddi, Kale and Kumar (ICLR 2018)."""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amsgrad.analysis import can_fail, mean_step
    from amsgrad.api import run
    from amsgrad.optimizers import AMSGrad
    from amsgrad.picture import plot
    from amsgrad.problems import PROBLEMS
    from amsgrad.rules import RULES

__all__ = ["PROBLEMS", "RULES", "AMSGrad", "can_fail", "mean_step", "plot", "run"]

# torch, numba and xarray take seconds to import: each is loaded when it is asked for
_HOMES = {
    "AMSGrad": "amsgrad.optimizers",
    "PROBLEMS": "amsgrad.problems",
    "RULES": "amsgrad.rules",
    "can_fail": "amsgrad.analysis",
    "mean_step": "amsgrad.analysis",
    "plot": "amsgrad.picture",
    "run": "amsgrad.api",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return version("amsgrad")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
