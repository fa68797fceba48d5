"""Theorem 3 of Reddi, Kale and Kumar (ICLR 2018, section 3): Adam fails on random losses, too.

    f_t(x) = C x   with probability (1 + delta) / (C + 1),   else   -x        on F = [-1, 1]

independently over t. E f_t(x) = [(1 + delta) C - (C - delta)] / (C + 1) x = delta x, so x* = -1,
and standing still at x costs delta (x + 1) a step on average. The theorem: for every
beta1 < sqrt(beta2), some C makes Adam fail; `theory/theorems.py` has the condition of its proof,
with a sign of the page put right, and `theory/instances.py` the smallest C.

The paper names no instance. C = 101 and delta = 0.02 are those of AdaShift (Zhou et al., ICLR 2019,
its released code); the probability is then 0.01, and ten times these losses are the stochastic
problem of Figure 1.
"""

from dataclasses import dataclass
from typing import Any

from amsgrad.problems.options import Delta, Seed, Slope
from amsgrad.problems.problem import Problem
from amsgrad.problems.stochastic import Draw, Stochastic


@dataclass(frozen=True)
class Theorem3(Problem):
    """f_t(x) = big x with probability (1 + delta) / (big + 1), else -x, on F = [-1, 1].

    Args:
        big: C, above delta, or else the probability would be 1.
        delta: the mean slope, above 0.
        seed: in [0, 2^63); what is shown at t is a pure function of the seed and t.

    >>> Theorem3().probability
    0.01
    """

    big: Slope = 101.0
    delta: Delta = 0.02
    seed: Seed = 0
    random = True
    hindsight = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.big <= self.delta:  # the probability would be 1
            raise ValueError(
                f"big must be a finite number above delta, {self.delta:g}, but {self.big:g} was"
                " given"
            )

    @property
    def in_words(self) -> str:
        return (
            f"slope {self.big:g} with probability (1 + {self.delta:g}) / ({self.big:g} + 1), else"
            f" -1, seed {self.seed}"
        )

    @property
    def probability(self) -> float:
        """The probability of the big slope."""
        return (1 + self.delta) / (self.big + 1)

    def parameters(self, real: Any) -> Draw:
        return Stochastic(self.probability, self.big, -1.0, self.seed).parameters(real)

    select = staticmethod(Stochastic.select)
