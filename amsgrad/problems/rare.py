"""A gradient that comes every N steps: the rare token of Kar (2026, arXiv 2609.37535).

    f_t(x) = (x - X_t)^2 / 2,    X_t = 1 if t mod N = 1, else 0        on the whole line

x stands for the probability that a model gives to a token, which is shown once in N steps: at that
step the gradient is x - 1, at the others x. The period sums to (x - 1/N)^2 N/2 and a constant:
x* = 1/N, and standing still at x costs (x - x*)^2 / 2 a step.

Kar's coordinate is the logit of the token in a softmax layer. Its gradient is the same, p - 1 where
the token is shown and p elsewhere, as a function of its probability p. Here x is p itself, so that
no engine needs an exponential (ours): a mean step that is 0 at some p is 0 at x = p. The paper is
known here from its abstract and a summary of it.

RMSprop settles at x = rho x*, with rho = kappa / (2 (e^(kappa/2) - 1)) and kappa = N (1 - beta2)
for large N, **as the step size tends to 0**; SGD and AMSGrad at x* (`amsgrad/theory/level.py`). Kar
states it for every learning rate, of the logit. A step there moves p by p (1 - p) of it, a small
share of p; here it moves x itself, and must be small beside 1/N. With kappa = 1, where rho is
0.771, and a constant step of 0.004, the logit settles at 0.774 x* for N = 100 and 1000, x at
0.88 x* and 1.01 x* (`tests/theory/test_logit.py`). So Kar's published step size is none of this
problem.

With random arrivals it is `quadratic` with the targets 1,0x(N-1).
"""

from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, NamedTuple

from amsgrad.field_types import Whole
from amsgrad.options import Option
from amsgrad.problems.online import Online
from amsgrad.problems.options import PERIOD
from amsgrad.problems.problem import Problem
from amsgrad.problems.quadratic import Quadratic


class Arrival(NamedTuple):
    """The target of the rare step and of the others, and 1/2, in the precision of a run."""

    big: Any
    small: Any
    half: Any


@dataclass(frozen=True)
class Rare(Problem):
    """f_t(x) = (x - 1)^2 / 2 if t mod period = 1, else x^2 / 2, for any x.

    Args:
        period: N, a whole number >= 2.

    >>> Rare(period=500).x_star
    0.002
    """

    period: Annotated[int, Option(Whole(2), PERIOD)] = 100
    lower = -inf
    upper = inf

    @property
    def x_star(self) -> float:
        """1 / N."""
        return 1 / self.period

    @property
    def in_words(self) -> str:
        return f"(x - 1)^2 / 2 if t mod {self.period} = 1, else x^2 / 2"

    def parameters(self, real: Any) -> Arrival:
        return Arrival(real(1), real(0), real(0.5))

    select = staticmethod(Online.select)
    loss = staticmethod(Quadratic.loss)
    gradient = staticmethod(Quadratic.gradient)
