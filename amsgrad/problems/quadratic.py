"""Quadratic losses with random targets, of the Adam symmetry theorem (Dereich et al., 2025).

    f_t(x) = (x - X_t)^2 / 2        on the whole line

X_t is drawn from a list of targets, any of them with the same chance, independently over t. The
targets 1,0x9 are Bernoulli's with p = 1/10; 0,1 are symmetric. The mean loss is (x - E X)^2 / 2 and
a constant: x* = E X, and standing still at x costs (x - x*)^2 / 2 a step. A list has at most three
different targets, so that a step costs little more than one of `stochastic`.

Dereich, Do, Jentzen and von Wurstemberger (arXiv 2511.06675; known here from its abstract) show of
simple quadratic problems with random data that Adam converges to the minimiser if and only if the
law of the data is symmetric, and that otherwise its error is of the order 1 - beta2. Which
quadratic problems they take, and with which numbers, is not known here: this one is the plainest,
and its laws are ours. `amsgrad/theory/level.py` says where Adam goes.

It starts at x = 1/2, which is no target by default: where x is at a target the gradient is 0, and
0/0 at the first step of a rule without eps.
"""

from collections import Counter
from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, NamedTuple

from amsgrad.options import ConfigError, Option, options_of, shown
from amsgrad.problems.draws import bits, key, threshold
from amsgrad.problems.options import Seed
from amsgrad.problems.problem import Problem
from amsgrad.problems.slope_text import SlopeText, exact_sum, runs

MOST = 3  # different targets


class Law(NamedTuple):
    """The targets from low to high, in the precision of a run, and what decides between them.

    A target is a loss, in the place of the slope of a linear one.
    """

    low: Any
    middle: Any
    high: Any
    key: Any
    below_middle: Any
    below_high: Any
    half: Any


@dataclass(frozen=True)
class Quadratic(Problem):
    """f_t(x) = (x - X_t)^2 / 2 for any x, with targets X_t that are drawn from a list.

    Args:
        targets: a text, or numbers, not all 0 and at most three different ones; kept as the
            shortest text.
        seed: in [0, 2^63); X_t is a pure function of the seed and t.

    >>> Quadratic(targets=[1, 0, 0, 0]).x_star
    0.25
    """

    targets: Annotated[str, Option(SlopeText(), "The targets of quadratic")] = "1,0x3"
    seed: Seed = 0
    random = True
    lower = -inf
    upper = inf
    x0 = 0.5

    def __post_init__(self) -> None:
        own: Any = type(self)
        targets = options_of(own)["targets"].read(self.targets, "targets")
        object.__setattr__(self, "targets", targets)
        super().__post_init__()
        if len(self.times) > MOST:
            raise ConfigError(
                f"targets must be at most {MOST} different numbers, but {shown(targets)} was given"
            )

    @property
    def times(self) -> Counter[float]:
        """How often each target stands in the list."""
        found: Counter[float] = Counter()
        for run in runs(self.targets):
            found[run.slope] += run.times
        return found

    @property
    def x_star(self) -> float:
        """The mean of the targets, of the decimals as they are written."""
        return float(exact_sum(self.targets) / self.times.total())

    @property
    def in_words(self) -> str:
        return f"(x - X)^2 / 2 with X drawn from {self.targets}, seed {self.seed}"

    def parameters(self, real: Any) -> Law:
        targets = sorted(self.times)
        targets = targets[:1] * (MOST - len(targets)) + targets
        low, middle, high = targets
        total = self.times.total()
        # of two targets the lower stands for low and middle
        least = self.times[low] if low < middle else 0
        most = total - self.times[high]
        return Law(
            real(low),
            real(middle),
            real(high),
            key(self.seed),
            threshold(least / total),
            threshold(most / total),
            real(0.5),  # a literal 0.5 would widen float32 in numba
        )

    @staticmethod
    def select(t: int, phase: int, p: Law) -> Any:
        random = bits(p.key, t)
        if random < p.below_high:
            return p.low if random < p.below_middle else p.middle
        return p.high

    @staticmethod
    def loss(slope: Any, x: Any, p: Any) -> Any:
        return p.half * (x - slope) * (x - slope)

    @staticmethod
    def gradient(slope: Any, x: Any, p: Any) -> Any:
        return x - slope
