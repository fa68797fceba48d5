"""What public programs run that is no rule and no problem here: no F, NumPy's draws, no root."""

from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amsgrad.field_types import Real, Whole
from amsgrad.options import Option
from amsgrad.problems.online import Online
from amsgrad.problems.problem import Problem
from amsgrad.rules.adam import Hyper, Memory
from amsgrad.rules.amsgrad import Memory as WithMaximum
from amsgrad.rules.bias import correction
from amsgrad.rules.method import method
from amsgrad.rules.options import Beta1, Beta2, Eps
from amsgrad.rules.rule import NEVER, Rule


@dataclass(frozen=True)
class Unbounded(Online):
    """The online losses on the whole line; the regret is against -1 all the same."""

    lower = -inf
    upper = inf
    x_star = -1.0


class Table(NamedTuple):
    slopes: NDArray[Any]  # at t = 0, 1, ..., steps - 1


@dataclass(frozen=True)
class NumpyDraws(Problem):
    """Theorem 3's losses from the generator `number` of NumPy's seed `root`; C is `big`."""

    big: Annotated[float, Option(Real(above=2), "C")] = 10.0
    delta: Annotated[float, Option(Real(above=0), "Mean slope")] = 0.1
    period: Annotated[int, Option(Whole(2), "Number of draws, from time 1 on")] = 550
    root: Annotated[int, Option(Whole(0), "NumPy's seed")] = 0
    number: Annotated[int, Option(Whole(0), "Which of its generators")] = 0

    @property
    def in_words(self) -> str:
        return f"NumPy's draws {self.number} of seed {self.root}, C = {self.big:g}"

    def parameters(self, real: Any) -> Table:
        seed = np.random.SeedSequence(self.root).spawn(self.number + 1)[self.number]
        draws = np.random.default_rng(seed).uniform(size=self.period)
        slopes = np.where(draws < (1 + self.delta) / (self.big + 1), self.big, -1.0)
        return Table(np.roll(slopes, 1).astype(real))  # the last is that of time 0

    @staticmethod
    def select(t: int, phase: int, p: Table) -> Any:
        return p.slopes[phase]


class Coefficients(NamedTuple):
    step: float
    eps: float
    beta1: float
    rest1: float
    beta2: float
    rest2: float


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    return Coefficients(
        real(alpha), real(h.eps), real(beta1), real(1 - beta1), real(h.beta2), real(1 - h.beta2)
    )


def corrected(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    """Take mhat / (vhat + eps), numerator and divisor times 1 - beta2^k."""
    c2 = correction(h.beta2, k)
    lifted = Hyper(h.beta2, h.eps * c2, h.settled)
    return coefficients(k, alpha * c2 / correction(beta1, k), beta1, lifted, real)


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * (g * g)
    return Memory(m, v), c.step * m / (v + c.eps)


def update_maximum(memory: WithMaximum, g: float, c: Coefficients) -> tuple[WithMaximum, float]:
    m = c.beta1 * memory.m + c.rest1 * g
    v = c.beta2 * memory.v + c.rest2 * (g * g)
    vmax = max(memory.vmax, v)
    return WithMaximum(m, v, vmax), c.step * m / (vmax + c.eps)


@method(formula="x - alpha_k mhat_k / (vhat_k + eps)")
def adam_without_root(*, beta1: Beta1 = 0.0, beta2: Beta2 = 1 / 226, eps: Eps = 1e-7) -> Rule:
    h = Hyper(beta2, eps, NEVER)
    return Rule("adam_without_root", Memory, h, corrected, update, NEVER, beta1)


@method(formula="x - alpha_k m_k / (vmax_k + eps)")
def amsgrad_without_root(*, beta1: Beta1 = 0.0, beta2: Beta2 = 1 / 226, eps: Eps = 1e-7) -> Rule:
    h = Hyper(beta2, eps, 1)
    return Rule("amsgrad_without_root", WithMaximum, h, coefficients, update_maximum, 1, beta1)
