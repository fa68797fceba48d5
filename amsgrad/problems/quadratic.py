"""Quadratic losses with random targets, of the Adam symmetry theorem (Dereich et al., 2025).

    f_t(x) = (x - X_t)^2 / 2        on the whole line

X_t is drawn from a list of targets, any of them with the same chance, independently over t: a law
that takes a value more often has it more often in the list. The targets 1,0x9 are Bernoulli's with
p = 1/10; 0,1 are symmetric. The mean loss is (x - E X)^2 / 2 and a constant: x* = E X, and standing
still at x costs (x - x*)^2 / 2 a step.

Dereich, Do, Jentzen and von Wurstemberger (arXiv 2511.06675; known here from its abstract) show of
simple quadratic problems with random data that Adam converges to the minimiser if and only if the
law of the data is symmetric, and that otherwise its error is of the order 1 - beta2. Which
quadratic problems they take, and with which numbers, is not known here: this one is the plainest,
and its laws are ours. `amsgrad/theory/level.py` says where Adam goes.

It starts at x = 1/2, which is no target by default: where x is at a target the gradient is 0, and
0/0 at the first step of a rule without eps.
"""

from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, NamedTuple

from numpy.typing import NDArray

from amsgrad.options import Option, options_of
from amsgrad.problems.options import Seed
from amsgrad.problems.problem import Problem
from amsgrad.problems.sequence import Sequence, drawn
from amsgrad.problems.slope_text import SlopeText, exact_sum, runs


class Targets(NamedTuple):
    """The targets in a run's precision, random bits, and the number that halves a square."""

    slopes: NDArray[Any]  # the name by which `drawn` takes them
    key: Any
    half: Any


@dataclass(frozen=True)
class Quadratic(Problem):
    """f_t(x) = (x - X_t)^2 / 2 for any x, with targets X_t that are drawn from a list.

    Args:
        targets: a text, or numbers, not all 0; kept as the shortest text.
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

    @property
    def x_star(self) -> float:
        """The mean of the targets, of the decimals as they are written."""
        return float(exact_sum(self.targets) / sum(run.times for run in runs(self.targets)))

    @property
    def in_words(self) -> str:
        shown = Sequence(self.targets).in_words.removeprefix("slopes ")
        targets = shown.removesuffix(" in cyclic order")
        return f"(x - X)^2 / 2, targets X drawn from {targets}, seed {self.seed}"

    def parameters(self, real: Any) -> Targets:
        shown = Sequence(self.targets, "drawn", self.seed).parameters(real)
        return Targets(*shown, real(0.5))  # a literal 0.5 would widen float32 in numba

    select = staticmethod(drawn)

    @staticmethod
    def loss(target: Any, x: Any, p: Any) -> Any:
        return p.half * (x - target) * (x - target)

    @staticmethod
    def gradient(target: Any, x: Any, p: Any) -> Any:
        return x - target
