"""The stochastic problem of AdaShift (Zhou et al., ICLR 2019, its released code), without bounds.

    f_t(x) = C x   with probability (1 + delta) / (C + 1),   else   -x        on the whole line

It is the stream of Theorem 3 with nothing to clip x. E f_t(x) = delta x falls for ever to the left:
no point is best. A regret needs a comparator all the same, and here it is -1, the best point of
[-1, 1]. Against it, standing still at x costs delta (x + 1) a step on average, which is negative
left of -1: an optimizer that succeeds has a regret that goes to minus infinity.
"""

from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar

from amsgrad.problems import linear
from amsgrad.problems.stochastic import Draw, Stochastic
from amsgrad.problems.theorem3 import Theorem3


@dataclass(frozen=True)
class AdaShift:
    """f_t(x) = big x with probability (1 + delta) / (big + 1), else -x, for any x.

    Args:
        big: C, above delta.
        delta: the mean slope, above 0.
        seed: in [0, 2^63); with the same seed Theorem 3 shows the same losses.

    >>> AdaShift().attained
    False
    """

    big: float = 101.0
    delta: float = 0.02
    seed: int = 0
    period: ClassVar[int] = 1
    lower: ClassVar[float] = -inf
    upper: ClassVar[float] = inf
    x_star: ClassVar[float] = -1.0
    random: ClassVar[bool] = True
    attained: ClassVar[bool] = False
    hindsight: ClassVar[bool] = False  # the best point in hindsight would be infinite

    def __post_init__(self) -> None:
        self._stream()

    def parameters(self, real: Any) -> Draw:
        return self._stream().parameters(real)

    def _stream(self) -> Theorem3:
        return Theorem3(self.big, self.delta, self.seed)

    select = staticmethod(Stochastic.select)
    loss = staticmethod(linear.loss)
    gradient = staticmethod(linear.gradient)
