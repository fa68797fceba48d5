"""The unconstrained problem of Zhang et al. (NeurIPS 2022; here after the first author's thesis).

n batches, smooth and piecewise quadratic, on the whole line:

    f_0(x) = (1 + (n - 1) a) h(x),   f_1(x) = ... = f_{n-1}(x) = -a h(x)

    h(x) = x   if x >= -1,   else   (x + 2)^2 / 2 - 3/2

The sum over an epoch is h(x), whatever a is: x* = -2, where h is -3/2. Standing still at x costs
(h(x) + 3/2) / n a step: (x + 3/2) / n right of -1, and (x + 2)^2 / (2 n) left of it.

In cyclic order f_0 is shown if t mod n = 1, so that with first_t = 1 each epoch begins with it; in
random order it is shown with probability 1/n, independently over t (unverified: it may be a
permutation of each epoch). The thesis shows n = 10 and
n = 50; the value of its a is not known here. With a = 1, the default, the slopes right of -1 are n
and -1, as in the same authors' problem on [-1, 1] (`theorem2`).
"""

from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, NamedTuple

from amsgrad.field_types import OneOf, Real, Whole
from amsgrad.options import Option
from amsgrad.problems.online import Online
from amsgrad.problems.options import PERIOD, Seed
from amsgrad.problems.problem import Problem, Published
from amsgrad.problems.stochastic import Stochastic

by_turns, by_chance = Online.select, Stochastic.select

Order = Annotated[str, Option(OneOf(("cyclic", "random")), "Order of zhang's batches")]


class Batches(NamedTuple):
    """The factors of h, what decides between them, and the constants of h, in a run's precision."""

    big: float
    small: float
    key: Any
    threshold: Any
    random: bool
    two: float
    three_halves: float


@dataclass(frozen=True)
class Zhang(Problem):
    """f_0 once and f_1 period - 1 times per epoch, in cyclic or random order, for any x.

    Args:
        period: n, the number of batches, a whole number >= 2.
        a: above 0; the batches disagree the more, the larger it is.
        order: "cyclic" or "random".
        seed: of the random order, in [0, 2^63).

    >>> Zhang(order="reversed")
    Traceback (most recent call last):
    amsgrad.options.ConfigError: order must be cyclic or random, but reversed was given
    """

    period: Annotated[int, Option(Whole(2), PERIOD)] = 10
    a: Annotated[float, Option(Real(above=0), "Size of the disagreement of zhang's batches")] = 1.0
    order: Order = "cyclic"
    seed: Seed = 0
    lower = -inf
    upper = inf
    x_star = -2.0
    published = (
        Published(
            "Zhang et al., NeurIPS 2022; first author's thesis",
            {
                "period": [10, 50],
                "order": ["cyclic", "random"],
                "schedule": "inverse_sqrt",
                "lr": 0.1,
                "steps": 50_000,
            },
        ),
    )

    @property
    def in_words(self) -> str:
        return (
            f"Zhang's {self.period} batches in {self.order} order, a = {self.a:g}, seed {self.seed}"
        )

    @property
    def random(self) -> bool:
        """True in random order."""
        return self.order == "random"

    def parameters(self, real: Any) -> Batches:
        n, a = self.period, self.a
        draw = Stochastic(1 / n, 1 + (n - 1) * a, -a, self.seed).parameters(real)
        return Batches(*draw, self.random, real(2), real(1.5))

    @staticmethod
    def select(t: int, phase: int, p: Any) -> float:
        return by_chance(t, phase, p) if p.random else by_turns(t, phase, p)

    @staticmethod
    def loss(slope: Any, x: Any, p: Batches) -> Any:
        if x >= -1:
            return slope * x
        return slope * ((x + p.two) * (x + p.two) / p.two - p.three_halves)

    @staticmethod
    def gradient(slope: Any, x: Any, p: Batches) -> Any:
        return slope if x >= -1 else slope * (x + p.two)
