"""Theorem 6 of Reddi, Kale and Kumar (ICLR 2018, appendix): eps inside the root does not help.

    f_t(x) = C sqrt(eps) x   if t mod 3 = 1,   else   -sqrt(eps) x    on F = [-1, 1], with C > 2

These are the losses of Theorem 1 in units of sqrt(eps), so that eps joins v as if it were 1. The
slopes of a period sum to (C - 2) sqrt(eps) > 0, so x* = -1. The theorem, for every eps > 0 and
x_{t+1} = clip(x_t - alpha_t g_t / sqrt(v_t + eps)): with beta1 = 0, beta2 = 2 / ((1 + C^2) C^2),
alpha < sqrt(1 - beta2) and x_1 = 1 the regret is at least (2 C - 4) sqrt(eps) T / 3. The rule is
`amsgrad.variants:eps_inside`.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from amsgrad.field_types import Real
from amsgrad.options import Option
from amsgrad.problems.online import Online, Slopes
from amsgrad.problems.options import BIG
from amsgrad.problems.problem import Problem, Published


@dataclass(frozen=True)
class Theorem6(Problem):
    """f_t(x) = big unit x if t mod 3 = 1, else -unit x, on F = [-1, 1].

    Args:
        big: C > 2, in units; the paper names no instance, and 3 is the smallest whole one.
        unit: sqrt(eps) of the rule; 1e-4 is that of eps = 1e-8.

    >>> Theorem6(big=4).parameters(float)
    Slopes(big=0.0004, small=-0.0001)
    """

    big: Annotated[float, Option(Real(above=2), BIG)] = 3.0
    unit: Annotated[float, Option(Real(above=0), "The unit of the slopes, sqrt(eps)")] = 1e-4
    period = 3
    published = (
        Published(
            "Reddi, Kale and Kumar, ICLR 2018, proof of Theorem 6",  # beta2 is 2 / ((1 + C^2) C^2)
            {"beta1": 0.0, "x0": 1.0, "schedule": "inverse_sqrt"},
        ),
    )

    @property
    def in_words(self) -> str:
        return f"slope {self.big:g} * {self.unit:g} if t mod 3 = 1, else -{self.unit:g}"

    def parameters(self, real: Any) -> Slopes:
        return Slopes(real(self.big * self.unit), real(-self.unit))

    select = staticmethod(Online.select)
