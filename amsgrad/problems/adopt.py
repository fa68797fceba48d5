"""The toy problem of ADOPT (Taniguchi et al., NeurIPS 2024, Figure 1).

    f_t(x) = k^2 x   with probability 1/k,   else   -k x        on F = [-1, 1]

independently over t. E f_t(x) = k x - (k - 1) x = x, so x* = -1, and standing still at x costs
x + 1 a step on average, however large the noise k is. The paper shows k = 10 and k = 50
(unverified: the numbers).
"""

from dataclasses import dataclass
from typing import Annotated, Any

from amsgrad.field_types import Whole
from amsgrad.options import Option
from amsgrad.problems.options import PERIOD, Seed
from amsgrad.problems.problem import Problem, Published
from amsgrad.problems.stochastic import Draw, Stochastic


@dataclass(frozen=True)
class Adopt(Problem):
    """f_t(x) = period^2 x with probability 1 / period, else -period x, on F = [-1, 1].

    Args:
        period: k, a whole number >= 2: steps from one big slope to the next, on average.
        seed: in [0, 2^63); what is shown at t is a pure function of the seed and t.

    >>> Adopt(period=10).parameters(float)[:2]
    (100.0, -10.0)
    """

    period: Annotated[int, Option(Whole(2), PERIOD)] = 10
    seed: Seed = 0
    random = True
    hindsight = True
    published = (
        Published(
            "Taniguchi et al., NeurIPS 2024, Figure 1",
            {
                "period": [10, 50],
                "beta1": 0.9,
                "beta2": [0.1, 0.5, 0.9, 0.999],
                "lr": 0.01,
                "schedule": "shifted_inverse_sqrt",
                "schedule_rate": 0.01,
                "x0": 0.0,
            },
            verified=False,
        ),
    )

    @property
    def in_words(self) -> str:
        return (
            f"slope {self.period}^2 with probability 1/{self.period}, else -{self.period}, seed"
            f" {self.seed}"
        )

    def parameters(self, real: Any) -> Draw:
        k = float(self.period)
        return Stochastic(1 / k, k * k, -k, self.seed).parameters(real)

    select = staticmethod(Stochastic.select)
