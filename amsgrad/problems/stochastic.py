"""The stochastic problem of Reddi, Kale and Kumar (ICLR 2018, section 3, Theorem 3, Figure 1)."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from amsgrad.problems import checks, linear
from amsgrad.problems.draws import bits, key, threshold


class Draw(NamedTuple):
    """The two slopes, in the precision of a run, and what decides between them."""

    big: float
    small: float
    key: Any
    threshold: Any


@dataclass(frozen=True)
class Stochastic:
    """f_t(x) = big x with this probability, else small x, on F = [-1, 1]; independent over t.

    With the paper's numbers E f_t(x) = .01 * 1010 x - .99 * 10 x = 0.2 x, so x* = -1.

    Args:
        probability: of the big slope, in [0, 1).
        big: the slope that is shown rarely.
        small: the slope that is shown else.
        seed: in [0, 2^63); what is shown at t is a pure function of the seed and t.

    >>> Stochastic().x_star
    -1.0
    """

    probability: float = 0.01
    big: float = 1010.0
    small: float = -10.0
    seed: int = 0
    period: ClassVar[int] = 1
    lower: ClassVar[float] = -1.0
    upper: ClassVar[float] = 1.0
    random: ClassVar[bool] = True
    attained: ClassVar[bool] = True
    hindsight: ClassVar[bool] = True

    def __post_init__(self) -> None:
        allowed = 0 <= self.probability < 1
        checks.check(allowed, "probability", self.probability, "a number in [0, 1)")
        checks.real("big", self.big)
        checks.real("small", self.small)
        checks.whole("seed", self.seed, least=0)

    @property
    def x_star(self) -> float:
        """-1 if the mean slope is positive (or zero: then every x is best)."""
        mean = self.probability * self.big + (1 - self.probability) * self.small
        return self.lower if mean >= 0 else self.upper

    def parameters(self, real: Any) -> Draw:
        return Draw(real(self.big), real(self.small), key(self.seed), threshold(self.probability))

    @staticmethod
    def select(t: int, phase: int, p: Draw) -> float:
        return p.big if bits(p.key, t) < p.threshold else p.small

    loss = staticmethod(linear.loss)
    gradient = staticmethod(linear.gradient)
