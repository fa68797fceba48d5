"""Linear losses of any slopes, in three orders (setting of Reddi, Kale and Kumar, ICLR 2018).

    f_t(x) = g_i x        on F = [-1, 1],        i = (t - 1) mod P    in cyclic order

g_0, ..., g_{P-1} are the slopes as they are written, so that with time from 1, the default, they
come in their order. Shuffled, the steps 1 to P, P + 1 to 2 P and so on show each of them once, in
an order of their own, which is a function of the seed and t alone. Drawn, each step shows any of
them with chance 1/P, independently over t.

In every order the mean loss is S x / P with the sum S of the slopes: x* is the end of F that has
the other sign, and standing still at x costs |S| |x - x*| / P a step on average. With S = 0 every x
is best; x* is then -1, and nothing is said to converge. Slopes that are all 0 are refused: there is
nothing to learn from them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amsgrad.field_types import OneOf
from amsgrad.options import Option, options_of
from amsgrad.problems.draws import bits, key
from amsgrad.problems.options import Seed
from amsgrad.problems.problem import Problem
from amsgrad.problems.shuffle import place
from amsgrad.problems.slope_text import SlopeText, exact_sum, numbers_of, runs, text_of

__all__ = ["Sequence", "numbers_of", "text_of"]

LONGEST_IN_WORDS = 60  # characters of slopes in a caption
_UPPER, _REST = np.uint64(20), np.uint64(44)  # a period is below 2^20


class Shown(NamedTuple):
    """The slopes in a run's precision, at t = 0, 1, ..., P - 1 in cyclic order, and random bits."""

    slopes: NDArray[Any]
    key: Any


def cyclic(t: int, phase: int, p: Shown) -> Any:
    """Return the slope at time t."""
    return p.slopes[phase]


def shuffled(t: int, phase: int, p: Shown) -> Any:
    """Return the slope at time t; its epoch is known by its first step."""
    period = p.slopes.size
    step = phase - 1 if phase > 0 else period - 1
    epoch = np.uint64(t - step + period)  # from t = 0 the first step is 1 - period
    return p.slopes[place(np.uint64(step), np.uint64(period), p.key, epoch)]


def drawn(t: int, phase: int, p: Shown) -> Any:
    """Return the slope at time t, drawn with a chance that is exact but for 6e-8 of it."""
    return p.slopes[(bits(p.key, t) >> _UPPER) * np.uint64(p.slopes.size) >> _REST]


ORDERS: dict[str, Callable[..., Any]] = {"cyclic": cyclic, "shuffled": shuffled, "drawn": drawn}


@dataclass(frozen=True)
class Sequence(Problem):
    """f_t(x) = g x on F = [-1, 1], with the slopes g of a list in some order.

    Args:
        slopes: a text, or numbers; kept as the shortest text. The default has the losses of the
            paper's Figure 1: shuffled, they show what their order does.
        order: "cyclic", "shuffled" or "drawn".
        seed: in [0, 2^63), of the random orders.

    >>> Sequence(slopes=[3, -1, -1]).slopes
    '3,-1x2'
    >>> Sequence(slopes="0.3, -0.1, -0.1, -0.1").attained
    False
    """

    slopes: Annotated[str, Option(SlopeText(), "The slopes of sequence")] = "1010,-10x100"
    order: Annotated[str, Option(OneOf(ORDERS), "Order of the slopes of sequence")] = "cyclic"
    seed: Seed = 0

    def __post_init__(self) -> None:
        own: Any = type(self)
        slopes = options_of(own)["slopes"].read(self.slopes, "slopes")
        object.__setattr__(self, "slopes", slopes)
        super().__post_init__()

    @property
    def total(self) -> Fraction:
        """The sum S of the slopes, exact."""
        return exact_sum(self.slopes)

    @property
    def period(self) -> int:
        return sum(run.times for run in runs(self.slopes))

    @property
    def random(self) -> bool:
        return self.order != "cyclic"

    @property
    def hindsight(self) -> bool:
        """True in a random order."""
        return self.random

    @property
    def attained(self) -> bool:
        return self.total != 0

    @property
    def x_star(self) -> float:
        """-1 if the slopes sum to more than zero (or to zero: then every x is best)."""
        return self.lower if self.total >= 0 else self.upper

    @property
    def in_words(self) -> str:
        slopes = _short(self.slopes, self.period)
        return {
            "cyclic": f"slopes {slopes} in cyclic order",
            "shuffled": f"slopes {slopes} shuffled in each period, seed {self.seed}",
            "drawn": f"slopes drawn from {slopes}, seed {self.seed}",
        }[self.order]

    def parameters(self, real: Any) -> Shown:
        slopes = np.array([real(number) for number in numbers_of(self.slopes)])
        return Shown(np.roll(slopes, 1), key(self.seed))

    @property
    def select(self) -> Callable[..., Any]:  # type: ignore[override]  # a property, not a method
        """The function of the order: a loop is compiled for one order, without a branch."""
        return ORDERS[self.order]


def _short(slopes: str, period: int) -> str:
    if len(slopes) <= LONGEST_IN_WORDS:
        return slopes
    first, last = slopes[: LONGEST_IN_WORDS - 25].rpartition(",")[0], slopes.rpartition(",")[2]
    return f"{first},...,{last} ({period:,} in all)"
