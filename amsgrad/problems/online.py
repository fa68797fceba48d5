"""The online problem of Reddi, Kale and Kumar (ICLR 2018, section 3 and Figure 1)."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, NamedTuple

from amsgrad.field_types import Whole
from amsgrad.options import Option
from amsgrad.problems.options import PERIOD, Slope, Small
from amsgrad.problems.problem import Problem, Published


class Slopes(NamedTuple):
    """The two slopes, in the precision of a run."""

    big: float
    small: float


@dataclass(frozen=True)
class Online(Problem):
    """f_t(x) = big x if t mod period = 1, else small x, on F = [-1, 1].

    With the paper's numbers the slopes of a period sum to 1010 - 100 * 10 = 10, so x* = -1, and
    standing still at x costs 10 (x + 1) / 101 a step.

    >>> Online().x_star
    -1.0
    >>> Online(period=103).x_star
    1.0
    """

    period: Annotated[int, Option(Whole(1), PERIOD)] = 101
    big: Slope = 1010.0
    small: Small = -10.0
    first_t = 0  # the seed program's; from time 1 on x* is the best point at any T
    published = (
        Published(
            "Reddi, Kale and Kumar, ICLR 2018, Figure 1",  # it states no more than these
            {"beta1": 0.9, "beta2": 0.99},
        ),
    )

    @property
    def in_words(self) -> str:
        return f"slope {self.big:g} if t mod {self.period} = 1, else {self.small:g}"

    @property
    def attained(self) -> bool:
        return self._sum != 0

    @property
    def x_star(self) -> float:
        """-1 if the slopes of a period sum to more than zero (or to zero: then every x is best)."""
        return self.lower if self._sum >= 0 else self.upper

    @property
    def _sum(self) -> Fraction:
        # of the decimals as they are written: in floating point 0.3 - 3 * 0.1 is not 0
        big, small = Fraction(str(self.big)), Fraction(str(self.small))
        # t mod 1 is never 1: with a period of one step the big slope is never shown.
        once = big if self.period > 1 else small
        return once + (self.period - 1) * small

    def parameters(self, real: Any) -> Slopes:
        return Slopes(real(self.big), real(self.small))

    @staticmethod
    def select(t: int, phase: int, p: Slopes) -> float:
        return p.big if phase == 1 else p.small
