"""Theorem 2 of Reddi, Kale and Kumar (ICLR 2018, section 3): for any betas, some C makes Adam fail.

    f_t(x) = C x   if t mod C = 1,   else   -x        on F = [-1, 1]

The slopes of a period sum to C - (C - 1) = 1, so x* = -1, and standing still at x costs
(x + 1) / C a step. The theorem: for every beta1 < sqrt(beta2), a C that is large enough gives Adam
an average regret that does not vanish. How large stands in the appendix: `theory/theorems.py` has
the conditions, `theory/instances.py` the smallest C.

The same losses are studied
    by Shi et al. (ICLR 2021, Figure 1), with C from 2 to 32;
    by Zhang et al. (NeurIPS 2022; here after the first author's thesis) as n = C batches, C x and
        n - 1 times -x, that begin with the first: first_t = 1 gives it;
    by Zhuang et al. (ACProp, NeurIPS 2021) as their first problem, with P for C (unverified).
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from amsgrad.field_types import Whole
from amsgrad.options import Option
from amsgrad.problems.online import Online, Slopes
from amsgrad.problems.options import PERIOD
from amsgrad.problems.problem import Problem, Published


@dataclass(frozen=True)
class Theorem2(Problem):
    """f_t(x) = period x if t mod period = 1, else -x, on F = [-1, 1].

    Args:
        period: C, a whole number >= 2. The theorem names no C: 10 is one of Zhang's.

    >>> Theorem2(period=10).parameters(float)
    Slopes(big=10.0, small=-1.0)
    """

    period: Annotated[int, Option(Whole(2), PERIOD)] = 10
    published: ClassVar[tuple[Published, ...]] = (
        Published(
            "Shi, Li, Hong and Sun, ICLR 2021, released code",
            {
                "period": list(range(2, 33)),
                "schedule": "inverse_sqrt",
                "lr": 1.0,
                "eps": 0.0,
                "steps": 1_000_000,
            },
        ),
        Published(
            "Zhang et al., NeurIPS 2022; first author's thesis",
            {"period": [10, 50], "schedule": "inverse_sqrt", "lr": 0.1, "steps": 50_000},
        ),
    )

    @property
    def in_words(self) -> str:
        return f"slope {self.period} if t mod {self.period} = 1, else -1"

    def parameters(self, real: Any) -> Slopes:
        return Slopes(real(self.period), real(-1))

    select = staticmethod(Online.select)
