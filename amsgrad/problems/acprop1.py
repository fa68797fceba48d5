"""The first problem of ACProp (Zhuang et al., NeurIPS 2021): the losses of Theorem 2, P for C.

Unverified: the problem and its settings are known here from memory of the paper.
"""

from dataclasses import dataclass

from amsgrad.problems.problem import Published
from amsgrad.problems.theorem2 import Theorem2


@dataclass(frozen=True)
class ACProp1(Theorem2):
    """f_t(x) = period x if t mod period = 1, else -x, on F = [-1, 1].

    >>> ACProp1(period=10).x_star
    -1.0
    """

    published = (
        Published(
            "Zhuang et al., NeurIPS 2021, ACProp", {"schedule": "inverse_sqrt"}, verified=False
        ),
    )
