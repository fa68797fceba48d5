"""The second problem of ACProp (Zhuang et al., NeurIPS 2021), where most gradients are zero.

    f_t(x) = (P/2) x   if t mod P = 1,   -x   if t mod P = P - 2,   else   0        on F = [-1, 1]

The slopes of a period sum to P/2 - 1 > 0, so x* = -1, and standing still at x costs
(P/2 - 1)(x + 1) / P a step. Unverified: the problem is known here from memory of the paper.

Start it at t = 1. From t = 0 the first slope is zero, and Adam without eps divides 0 by 0.
"""

from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from amsgrad.field_types import Whole
from amsgrad.options import Option
from amsgrad.problems.options import PERIOD
from amsgrad.problems.problem import Problem, Published


class Sparse(NamedTuple):
    """The three slopes, in the precision of a run, and when the small one comes."""

    big: float
    small: float
    zero: float
    late: int


@dataclass(frozen=True)
class ACProp2(Problem):
    """f_t(x) = period/2 x if t mod period = 1, -x if it is period - 2, else 0, on F = [-1, 1].

    Args:
        period: P, a whole number >= 4. With 3 both slopes would fall on the same step, and with 2
            they would sum to zero; the paper's P are not known here.

    >>> ACProp2(period=10).parameters(float)
    Sparse(big=5.0, small=-1.0, zero=0.0, late=8)
    """

    period: Annotated[int, Option(Whole(4), PERIOD)] = 10
    published = (
        Published(
            "Zhuang et al., NeurIPS 2021, ACProp", {"schedule": "inverse_sqrt"}, verified=False
        ),
    )

    @property
    def in_words(self) -> str:
        return (
            f"slope {self.period}/2 if t mod {self.period} = 1, -1 if t mod {self.period} ="
            f" {self.period} - 2, else 0"
        )

    def parameters(self, real: Any) -> Sparse:
        return Sparse(real(self.period / 2), real(-1), real(0), self.period - 2)

    @staticmethod
    def select(t: int, phase: int, p: Sparse) -> float:
        if phase == 1:
            return p.big
        return p.small if phase == p.late else p.zero
