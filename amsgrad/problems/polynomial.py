"""One polynomial, the same at every step: x^k / k of Bai et al. (ICML 2026), and the parabola.

    f_t(x) = factor x^degree / degree      on the whole line, degree even

x* = 0. Of degree 4 or more its curvature vanishes at x*, so gradient descent slows down there,
while Adam's divisor forgets large gradients faster than they fall, and its steps stay large (Bai,
Zhao, Zhou, Xu and Zhang, "Towards Understanding Adam Convergence on Highly Degenerate Polynomials",
arXiv 2603.09581): `amsgrad/theory/regimes.py`. Of degree 2 it is the parabola on which Bock and
Weiss ("Non-Convergence and Limit Cycles in the Adam optimizer", arXiv 2210.02070) find cycles of
two steps: `amsgrad/theory/two_cycle.py`. Unverified: of both papers the abstract was read, and the
settings are known here from summaries.

Powers are products, in one order, and so have the same bits in every engine.
"""

from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, NamedTuple

from amsgrad.field_types import Real, Whole
from amsgrad.options import Option
from amsgrad.problems.problem import Problem, Published


class Power(NamedTuple):
    """Factor and degree in the precision of a run, and how often x^2 multiplies x in f'."""

    factor: float
    degree: float
    squares: int


@dataclass(frozen=True)
class Polynomial(Problem):
    """f_t(x) = factor x^degree / degree at every t, for any x.

    Args:
        degree: k, an even whole number from 2 to 100.
        factor: above 0; with degree 2 the curvature.

    >>> Polynomial(degree=3)
    Traceback (most recent call last):
    ValueError: degree must be an even whole number from 2 to 100, but 3 was given
    """

    degree: Annotated[int, Option(Whole(2, 100), "Degree of polynomial, an even number")] = 4
    factor: Annotated[float, Option(Real(above=0), "Factor of polynomial")] = 1.0
    lower = -inf
    upper = inf
    x_star = 0.0
    x0 = 1.0  # at its optimum 0 it would stay
    published = (
        Published(
            "Bai et al., ICML 2026, arXiv 2603.09581",
            {
                "degree": 4,
                "beta1": 0.9,
                "beta2": 0.93,
                "eps": 0.0,
                "lr": 0.001,
                "x0": 1.0,
                "memory0": "m=1,v=1",
                "steps": 100_000,
            },
            verified=False,
        ),
        Published(
            "Bock and Weiss, arXiv 2210.02070",  # betas, step size, x_1 and factor are free
            {"degree": 2, "eps": 0.0},
            verified=False,
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.degree % 2:
            raise ValueError(
                f"degree must be an even whole number from 2 to 100, but {self.degree} was given"
            )

    @property
    def in_words(self) -> str:
        factor = "" if self.factor == 1 else f"{self.factor:g} "
        return f"{factor}x^{self.degree} / {self.degree}"

    def parameters(self, real: Any) -> Power:
        return Power(real(self.factor), real(self.degree), self.degree // 2 - 1)

    @staticmethod
    def select(t: int, phase: int, p: Power) -> float:
        return p.factor

    @staticmethod
    def loss(slope: Any, x: Any, p: Power) -> Any:
        square = x * x
        power = square
        for _ in range(p.squares):
            power = power * square
        return slope * power / p.degree

    @staticmethod
    def gradient(slope: Any, x: Any, p: Power) -> Any:
        square = x * x
        power = x
        for _ in range(p.squares):
            power = power * square
        return slope * power
