"""The stochastic problem of Reddi, Kale and Kumar (ICLR 2018, section 3, Theorem 3, Figure 1)."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, NamedTuple

from amsgrad.field_types import Real
from amsgrad.options import Option
from amsgrad.problems.draws import bits, key, threshold
from amsgrad.problems.options import Seed, Slope, Small
from amsgrad.problems.problem import Problem, Published


class Draw(NamedTuple):
    """The two slopes, in the precision of a run, and what decides between them."""

    big: float
    small: float
    key: Any
    threshold: Any


@dataclass(frozen=True)
class Stochastic(Problem):
    """f_t(x) = big x with this probability, else small x, on F = [-1, 1]; independent over t.

    With the paper's numbers E f_t(x) = .01 * 1010 x - .99 * 10 x = 0.2 x, so x* = -1.

    Args:
        probability: of the big slope, in [0, 1).
        big: the slope that is shown rarely.
        small: the slope that is shown at the other steps.
        seed: in [0, 2^63); what is shown at t is a pure function of the seed and t.

    >>> Stochastic().x_star
    -1.0
    """

    probability: Annotated[
        float, Option(Real(0, below=1), "Probability of the big slope of stochastic")
    ] = 0.01
    big: Slope = 1010.0
    small: Small = -10.0
    seed: Seed = 0
    random = True
    hindsight = True
    published = (
        Published(
            "Reddi, Kale and Kumar, ICLR 2018, Figure 1",  # it states no more than these
            {"beta1": 0.9, "beta2": 0.99},
        ),
    )

    @property
    def in_words(self) -> str:
        return (
            f"slope {self.big:g} with probability {self.probability:g}, else {self.small:g}, seed"
            f" {self.seed}"
        )

    @property
    def attained(self) -> bool:
        return self._mean != 0

    @property
    def x_star(self) -> float:
        """-1 if the mean slope is positive (or zero: then every x is best)."""
        return self.lower if self._mean >= 0 else self.upper

    @property
    def _mean(self) -> Fraction:
        # of the decimals as they are written, as in the online problem
        numbers = (self.probability, self.big, self.small)
        probability, big, small = (Fraction(str(number)) for number in numbers)
        return probability * big + (1 - probability) * small

    def parameters(self, real: Any) -> Draw:
        return Draw(real(self.big), real(self.small), key(self.seed), threshold(self.probability))

    @staticmethod
    def select(t: int, phase: int, p: Draw) -> float:
        return p.big if bits(p.key, t) < p.threshold else p.small
