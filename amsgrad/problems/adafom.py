"""The eleven functions of Chen, Liu, Sun and Hong (ICLR 2019, "AdaFom"): not all of them convex.

    f_t(x) = 5.5 x^2   if t mod 11 = 1,   else   -0.5 x^2        on the whole line

A period sums to 5.5 x^2 - 10 * 0.5 x^2 = 0.5 x^2, so x* = 0, and standing still at x costs
x^2 / 22 a step. Unverified: the functions are known here from memory of the paper, and neither
their order nor whether they go on as parabolas for large x is known.

Do not start at x = 0: every gradient there is zero, and nothing moves.
"""

from dataclasses import dataclass
from math import inf
from typing import Any

from amsgrad.problems.online import Online, Slopes
from amsgrad.problems.problem import Problem, Published


@dataclass(frozen=True)
class AdaFom(Problem):
    """f_t(x) = 5.5 x^2 if t mod 11 = 1, else -0.5 x^2, for any x.

    >>> AdaFom().parameters(float)
    Slopes(big=5.5, small=-0.5)
    """

    period = 11
    lower = -inf
    upper = inf
    x_star = 0.0
    x0 = 1.0  # at its optimum 0 it would stay
    published = (
        Published(
            "Chen, Liu, Sun and Hong, ICLR 2019, AdaFom",
            {"schedule": "inverse_sqrt", "lr": 0.01, "beta1": 0.0},
            verified=False,
        ),
    )

    @property
    def in_words(self) -> str:
        return "5.5 x^2 if t mod 11 = 1, else -0.5 x^2"

    def parameters(self, real: Any) -> Slopes:
        return Slopes(real(5.5), real(-0.5))

    select = staticmethod(Online.select)

    @staticmethod
    def loss(slope: Any, x: Any, p: Slopes) -> Any:
        return slope * x * x

    @staticmethod
    def gradient(slope: Any, x: Any, p: Slopes) -> Any:
        return slope * (x + x)  # a literal 2 would widen float32 in numba
