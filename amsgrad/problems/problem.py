"""What a problem is: a feasible set, a comparator, and losses f_t of one scalar x."""

from collections.abc import Callable
from typing import Any, Protocol


class Problem(Protocol):
    """At time t the problem shows f_t. Three pure functions, in numba's subset of Python:

        c = select(t, phase, p)    which loss is shown: for a linear problem, its slope
        f_t(x) = loss(c, x, p)
        f_t'(x) = gradient(c, x, p)

    `phase` is t mod period, counted by the engine: a division a step would cost as much as Adam.
    `loss` must also take a torch tensor for x, so that autograd can differentiate it.
    """

    @property
    def period(self) -> int:
        """The losses repeat after this many steps, unless they are random."""
        ...

    @property
    def random(self) -> bool:
        """Whether the losses are drawn."""
        ...

    @property
    def lower(self) -> float:
        """Left end of the feasible set F."""
        ...

    @property
    def upper(self) -> float:
        """Right end of the feasible set F."""
        ...

    @property
    def x_star(self) -> float:
        """The comparator: the best fixed point of F in the long run; finite in any case."""
        ...

    @property
    def attained(self) -> bool:
        """Whether x* is the best of F in the long run; False where F has no best point."""
        ...

    @property
    def hindsight(self) -> bool:
        """Whether to keep the regret against the best fixed point in hindsight, too.

        It differs from x* where the losses are random; the losses must then be linear, and F
        bounded.
        """
        ...

    def parameters(self, real: Any) -> Any:
        """The numbers that the three functions need, rounded to the precision of the run."""
        ...

    @property
    def select(self) -> Callable[[int, int, Any], Any]: ...

    @property
    def loss(self) -> Callable[[Any, Any, Any], Any]: ...

    @property
    def gradient(self) -> Callable[[Any, Any, Any], Any]: ...
