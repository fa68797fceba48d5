"""An update rule: data and two pure functions, in numba's subset of Python."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

# `settled` of a rule whose coefficients always depend on k: more steps than any run has, in int64.
NEVER: Final = 2**62


@dataclass(frozen=True)
class Rule:
    """One step k of an adaptive method on a scalar x, in three lines.

        c         = coefficients(k, alpha_k, beta1_k, h, real)
        memory, d = update(memory, g, c)
        x         = clip(x - d)

    What depends only on k is computed in double precision and rounded once (`real`), as torch does
    with its Python scalars; `update` works in the precision of the run throughout.

    Args:
        name: what the user calls it.
        memory: NamedTuple of the state variables.
        h: NamedTuple of the hyper-parameters.
        coefficients: (k, alpha_k, beta1_k, h, real) -> NamedTuple of `real` scalars.
        update: (memory, g, c) -> (memory, d).
        settled: from this step on the coefficients depend on k only through alpha_k and beta1_k;
            `NEVER` where they always depend on k itself.
        beta1: the first of the beta1_k; 0 for a rule without a first moment.
        start: the state variables before the first step; None where all are zero.
        later: a rule with the same memory and settled coefficients, whose every step has the bits
            of this one's once a coefficient that only grows or falls with k is beyond what matters
            (a clip that opens); None where there is none.
        grows: whether a sum in the memory grows until rounding absorbs what is added to it: after
            some 2^53 steps in double precision.
        wanders: whether the memory has a part of x, which need not come back at a decaying step. At
            a constant one it must, as there are only so many numbers, though not soon.
    """

    name: str
    memory: type[Any]
    h: Any
    coefficients: Callable[[int, float, float, Any, Any], Any]
    update: Callable[[Any, Any, Any], tuple[Any, Any]]
    settled: int
    beta1: float = 0.0
    start: Any = None
    later: "Rule | None" = None
    grows: bool = False
    wanders: bool = False
