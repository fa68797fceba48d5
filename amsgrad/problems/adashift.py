"""The stochastic problem of AdaShift (Zhou et al., ICLR 2019, its released code), without bounds.

    f_t(x) = C x   with probability (1 + delta) / (C + 1),   else   -x        on the whole line

It is the stream of Theorem 3 with nothing to clip x. E f_t(x) = delta x falls for ever to the left:
no point is best. A regret needs a comparator all the same, and here it is -1, the best point of
[-1, 1]. Against it, standing still at x costs delta (x + 1) a step on average, which is negative
left of -1: an optimizer that succeeds has a regret that goes to minus infinity.
"""

from dataclasses import dataclass
from math import inf
from typing import Any

from amsgrad.problems.options import Delta, Seed, Slope
from amsgrad.problems.problem import Problem, Published
from amsgrad.problems.stochastic import Draw, Stochastic
from amsgrad.problems.theorem3 import Theorem3


@dataclass(frozen=True)
class AdaShift(Problem):
    """f_t(x) = big x with probability (1 + delta) / (big + 1), else -x, for any x.

    Args:
        big: C, above delta.
        delta: the mean slope, above 0.
        seed: in [0, 2^63); with the same seed Theorem 3 shows the same losses.

    >>> AdaShift().attained
    False
    """

    big: Slope = 101.0
    delta: Delta = 0.02
    seed: Seed = 0
    lower = -inf
    upper = inf
    attained = False
    random = True
    published = (
        Published(
            "Zhou et al., ICLR 2019, released code, stochastic_counter.py",
            {
                "big": 101.0,
                "delta": 0.02,
                "lr": 1e-3,
                "beta1": 0.0,
                "beta2": 0.999,
                "eps": 1e-8,
                "window": 1,
                "semantics": "optax",  # AMSGrad's maximum after the correction
                "x0": 0.0,
                "steps": 10_000_000,
            },
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._stream()  # it refuses what is not a stream of Theorem 3

    @property
    def in_words(self) -> str:
        return (
            f"slope {self.big:g} with probability (1 + {self.delta:g}) / ({self.big:g} + 1), else"
            f" -1, unconstrained, seed {self.seed}"
        )

    def parameters(self, real: Any) -> Draw:
        return self._stream().parameters(real)

    def _stream(self) -> Theorem3:
        return Theorem3(self.big, self.delta, self.seed)

    select = staticmethod(Stochastic.select)
