"""Theorem 3 of Reddi, Kale and Kumar (ICLR 2018, section 3): Adam fails where chance decides, too.

    f_t(x) = C x   with probability (1 + delta) / (C + 1),   else   -x        on F = [-1, 1]

independently over t. E f_t(x) = [(1 + delta) C - (C - delta)] / (C + 1) x = delta x, so x* = -1,
and standing still at x costs delta (x + 1) a step on average. The theorem: for every
beta1 < sqrt(beta2), some C makes Adam fail.

The paper names no instance. C = 101 and delta = 0.02 are those of AdaShift (Zhou et al., ICLR 2019,
its released code); the probability is then 0.01, and ten times these losses are the stochastic
problem of Figure 1.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from amsgrad.problems import checks, linear
from amsgrad.problems.stochastic import Draw, Stochastic


@dataclass(frozen=True)
class Theorem3:
    """f_t(x) = big x with probability (1 + delta) / (big + 1), else -x, on F = [-1, 1].

    Args:
        big: C, above delta, or else the probability would be 1.
        delta: the mean slope, above 0.
        seed: in [0, 2^63); what is shown at t is a pure function of the seed and t.

    >>> Theorem3().probability
    0.01
    """

    big: float = 101.0
    delta: float = 0.02
    seed: int = 0
    period: ClassVar[int] = 1
    lower: ClassVar[float] = -1.0
    upper: ClassVar[float] = 1.0
    x_star: ClassVar[float] = -1.0
    random: ClassVar[bool] = True
    attained: ClassVar[bool] = True
    hindsight: ClassVar[bool] = True

    def __post_init__(self) -> None:
        checks.real("delta", self.delta, above=0)
        checks.real("big", self.big, above=self.delta)
        checks.whole("seed", self.seed, least=0)

    @property
    def probability(self) -> float:
        """How often the big slope is shown."""
        return (1 + self.delta) / (self.big + 1)

    def parameters(self, real: Any) -> Draw:
        return Stochastic(self.probability, self.big, -1.0, self.seed).parameters(real)

    select = staticmethod(Stochastic.select)
    loss = staticmethod(linear.loss)
    gradient = staticmethod(linear.gradient)
