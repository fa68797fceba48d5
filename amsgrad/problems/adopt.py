"""The toy problem of ADOPT (Taniguchi et al., NeurIPS 2024, Figure 1).

    f_t(x) = k^2 x   with probability 1/k,   else   -k x        on F = [-1, 1]

independently over t. E f_t(x) = k x - (k - 1) x = x, so x* = -1, and standing still at x costs
x + 1 a step on average, however large the noise k is. The paper shows k = 10 and k = 50
(unverified: the numbers).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from amsgrad.problems import checks, linear
from amsgrad.problems.stochastic import Draw, Stochastic


@dataclass(frozen=True)
class Adopt:
    """f_t(x) = period^2 x with probability 1 / period, else -period x, on F = [-1, 1].

    Args:
        period: k, a whole number >= 2: steps from one big slope to the next, on average.
        seed: in [0, 2^63); what is shown at t is a pure function of the seed and t.

    >>> Adopt(period=10).parameters(float)[:2]
    (100.0, -10.0)
    """

    period: int = 10
    seed: int = 0
    lower: ClassVar[float] = -1.0
    upper: ClassVar[float] = 1.0
    x_star: ClassVar[float] = -1.0
    random: ClassVar[bool] = True
    attained: ClassVar[bool] = True
    hindsight: ClassVar[bool] = True

    def __post_init__(self) -> None:
        checks.whole("period", self.period, least=2)
        checks.whole("seed", self.seed, least=0)

    def parameters(self, real: Any) -> Draw:
        k = float(self.period)
        return Stochastic(1 / k, k * k, -k, self.seed).parameters(real)

    select = staticmethod(Stochastic.select)
    loss = staticmethod(linear.loss)
    gradient = staticmethod(linear.gradient)
