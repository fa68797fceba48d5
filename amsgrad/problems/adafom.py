"""The eleven functions of Chen, Liu, Sun and Hong (ICLR 2019, "AdaFom"): not all of them convex.

    f_t(x) = 5.5 x^2   if t mod 11 = 1,   else   -0.5 x^2        on the whole line

A period sums to 5.5 x^2 - 10 * 0.5 x^2 = 0.5 x^2, so x* = 0, and standing still at x costs
x^2 / 22 a step. Unverified: the functions are known here from memory of the paper, and neither
their order nor whether they go on as parabolas for large x is known.

Start it off x = 0: every gradient there is zero, and nothing moves.
"""

from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar

from amsgrad.problems.online import Online, Slopes


@dataclass(frozen=True)
class AdaFom:
    """f_t(x) = 5.5 x^2 if t mod 11 = 1, else -0.5 x^2, for any x.

    >>> AdaFom().parameters(float)
    Slopes(big=5.5, small=-0.5)
    """

    period: ClassVar[int] = 11
    lower: ClassVar[float] = -inf
    upper: ClassVar[float] = inf
    x_star: ClassVar[float] = 0.0
    random: ClassVar[bool] = False
    attained: ClassVar[bool] = True
    hindsight: ClassVar[bool] = False  # not linear

    def parameters(self, real: Any) -> Slopes:
        return Slopes(real(5.5), real(-0.5))

    select = staticmethod(Online.select)

    @staticmethod
    def loss(factor: Any, x: Any, p: Slopes) -> Any:
        return factor * x * x

    @staticmethod
    def gradient(factor: Any, x: Any, p: Slopes) -> Any:
        return factor * (x + x)  # a literal 2 would widen float32 in numba
