"""Theorem 2 of Reddi, Kale and Kumar (ICLR 2018, section 3): for any betas, some C makes Adam fail.

    f_t(x) = C x   if t mod C = 1,   else   -x        on F = [-1, 1]

The slopes of a period sum to C - (C - 1) = 1, so x* = -1, and standing still at x costs
(x + 1) / C a step. The theorem: for every beta1 < sqrt(beta2), a C that is large enough gives Adam
an average regret that does not vanish. (Unverified: how large; the statement is the paper's.)

The same losses are studied
    by Shi et al. (ICLR 2021, Figure 1), with C from 2 to 32;
    by Zhang et al. (NeurIPS 2022; here after the first author's thesis) as n = C batches, C x and
        n - 1 times -x, that begin with the first: first_t = 1 gives it;
    by Zhuang et al. (ACProp, NeurIPS 2021) as their first problem, with P for C (unverified).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from amsgrad.problems import checks, linear
from amsgrad.problems.online import Online, Slopes


@dataclass(frozen=True)
class Theorem2:
    """f_t(x) = period x if t mod period = 1, else -x, on F = [-1, 1].

    Args:
        period: C, a whole number >= 2. The theorem names no C: 10 is one of Zhang's.

    >>> Theorem2(period=10).parameters(float)
    Slopes(big=10.0, small=-1.0)
    """

    period: int = 10
    lower: ClassVar[float] = -1.0
    upper: ClassVar[float] = 1.0
    x_star: ClassVar[float] = -1.0
    random: ClassVar[bool] = False
    attained: ClassVar[bool] = True
    hindsight: ClassVar[bool] = False

    def __post_init__(self) -> None:
        checks.whole("period", self.period, least=2)

    def parameters(self, real: Any) -> Slopes:
        return Slopes(real(self.period), real(-1))

    select = staticmethod(Online.select)
    loss = staticmethod(linear.loss)
    gradient = staticmethod(linear.gradient)
