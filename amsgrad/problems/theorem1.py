"""Theorem 1 of Reddi, Kale and Kumar (ICLR 2018, section 3): Adam without momentum fails.

    f_t(x) = C x   if t mod 3 = 1,   else   -x        on F = [-1, 1], with C > 2

The slopes of a period sum to C - 2 > 0, so x* = -1, and standing still at x costs
(C - 2)(x + 1) / 3 a step. The theorem sets beta1 = 0 and beta2 = 1 / (1 + C^2): Adam, started at
x_1 = +1, is there again at every t = 3k + 1 and pays at least 2 C - 4 in three steps.
(Unverified: the details of the proof; the statement is the paper's.)
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from amsgrad.problems import checks, linear
from amsgrad.problems.online import Online, Slopes


@dataclass(frozen=True)
class Theorem1:
    """f_t(x) = big x if t mod 3 = 1, else -x, on F = [-1, 1].

    Args:
        big: C > 2; the paper names no instance, and 3 is the smallest whole one.

    >>> Theorem1(big=2)
    Traceback (most recent call last):
    ValueError: big must be a finite number above 2, but 2 was given
    """

    big: float = 3.0
    period: ClassVar[int] = 3
    lower: ClassVar[float] = -1.0
    upper: ClassVar[float] = 1.0
    x_star: ClassVar[float] = -1.0
    random: ClassVar[bool] = False
    attained: ClassVar[bool] = True
    hindsight: ClassVar[bool] = False

    def __post_init__(self) -> None:
        checks.real("big", self.big, above=2)

    def parameters(self, real: Any) -> Slopes:
        return Slopes(real(self.big), real(-1))

    select = staticmethod(Online.select)
    loss = staticmethod(linear.loss)
    gradient = staticmethod(linear.gradient)
