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

BITS = 3  # of a number of squares
MOST = 2**BITS * 2  # the largest degree


class Power(NamedTuple):
    """Factor and degree in the precision of a run, and how often x^2 multiplies x in f'."""

    factor: float
    degree: float
    squares: int


def odd_power(x: Any, squares: int) -> Any:
    """Return x (x^2)^squares, squares from 0 to 7: so many multiplications for each of them.

    A loop of `squares` turns keeps LLVM from vector instructions: with it a step of a batch takes
    four times as long.
    """
    if squares == 1:  # the published degree: the loop has the same bits, and takes longer
        return x * (x * x)
    power, square = x, x * x
    for _ in range(BITS):
        power = power * square if squares & 1 else power
        square = square * square
        squares = squares >> 1
    return power


@dataclass(frozen=True)
class Polynomial(Problem):
    """f_t(x) = factor x^degree / degree at every t, for any x.

    Args:
        degree: k, an even whole number from 2 to 16.
        factor: above 0; with degree 2 the curvature.

    >>> Polynomial(degree=3)
    Traceback (most recent call last):
    ValueError: degree must be an even whole number from 2 to 16, but 3 was given
    """

    degree: Annotated[int, Option(Whole(2, MOST), "Degree of polynomial, an even number")] = 4
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
                f"degree must be an even whole number from 2 to 16, but {self.degree} was given"
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
        return slope * (x * odd_power(x, p.squares)) / p.degree

    @staticmethod
    def gradient(slope: Any, x: Any, p: Power) -> Any:
        return slope * odd_power(x, p.squares)
