"""Theorem 1 of Reddi, Kale and Kumar (ICLR 2018, section 3): Adam without momentum fails.

    f_t(x) = C x   if t mod 3 = 1,   else   -x        on F = [-1, 1], with C > 2

The slopes of a period sum to C - 2 > 0, so x* = -1, and standing still at x costs
(C - 2)(x + 1) / 3 a step. The theorem sets beta1 = 0 and beta2 = 1 / (1 + C^2): Adam, started at
x_1 = +1 with alpha / sqrt(t), alpha < sqrt(1 - beta2), is there again at every t = 3k + 1 and pays
at least 2 C - 4 in three steps (appendix).
"""

from dataclasses import dataclass
from typing import Annotated, Any

from amsgrad.field_types import Real
from amsgrad.options import Option
from amsgrad.problems.online import Online, Slopes
from amsgrad.problems.options import BIG
from amsgrad.problems.problem import Problem, Published


@dataclass(frozen=True)
class Theorem1(Problem):
    """f_t(x) = big x if t mod 3 = 1, else -x, on F = [-1, 1].

    Args:
        big: C > 2; the paper names no instance, and 3 is the smallest whole one.

    >>> Theorem1(big=2)
    Traceback (most recent call last):
    amsgrad.options.ConfigError: big must be a finite number above 2, but 2 was given
    """

    big: Annotated[float, Option(Real(above=2), BIG)] = 3.0
    period = 3
    published = (
        Published(
            "Reddi, Kale and Kumar, ICLR 2018, proof of Theorem 1",  # beta2 is 1 / (1 + C^2)
            {"beta1": 0.0, "x0": 1.0, "schedule": "inverse_sqrt"},
        ),
    )

    @property
    def in_words(self) -> str:
        return f"slope {self.big:g} if t mod 3 = 1, else -1"

    def parameters(self, real: Any) -> Slopes:
        return Slopes(real(self.big), real(-1))

    select = staticmethod(Online.select)
