"""The contract of the problems: a feasible set, a comparator, and losses f_t of one scalar x."""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from amsgrad.options import check_options


class Published(NamedTuple):
    """Settings with which a paper, or its released code, shows a problem.

    Args:
        source: the paper or the code, with year and section.
        settings: values of options; a list where several are shown.
        verified: False where the settings are stated from memory.
    """

    source: str
    settings: Mapping[str, Any]
    verified: bool = True


class Problem:
    """The losses f_t of one scalar x, by three pure functions in numba's subset of Python.

        c = select(t, phase, p)    the loss that is shown at t: for a linear problem, its slope
        f_t(x) = loss(c, x, p)
        f_t'(x) = gradient(c, x, p)

    `phase` is t mod period, counted by the engine: a division per step would cost as much as Adam.
    `loss` must also take a torch tensor for x, so that autograd can differentiate it.

    A problem is a frozen dataclass in a file with its name in lower case; it overrides what differs
    from this class. Its fields are its options, each declared as `Annotated[type, Option(...)]`; a
    field `seed` takes the seed of the run.
    """

    lower: ClassVar[float] = -1.0  # left end of the feasible set F
    upper: ClassVar[float] = 1.0  # right end
    first_t: ClassVar[int] = 1  # time of the first step by default: the papers count from 1
    x0: ClassVar[float] = 0.0  # the first x by default
    published: ClassVar[tuple[Published, ...]] = ()

    @property
    def period(self) -> int:
        """The number of steps after which the losses repeat, unless they are random."""
        return 1

    @property
    def random(self) -> bool:
        """True if the losses are random."""
        return False

    @property
    def hindsight(self) -> bool:
        """True to keep the regret against the best fixed point in hindsight, too.

        Where the losses are random it differs from x*. They must then be linear, and F bounded.
        """
        return False

    @property
    def x_star(self) -> float:
        """The comparator: the best fixed point of F in the long run; always finite."""
        return -1.0

    @property
    def attained(self) -> bool:
        """True if one point of F, and no other, is the best in the long run."""
        return True

    @property
    def in_words(self) -> str:
        """The losses, for a caption."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        """Refuse values that the options do not allow.

        Raises:
            ValueError: one sentence with the name of the option.
        """
        check_options(self)

    def parameters(self, real: Any) -> Any:
        """Return the numbers that the three functions need, in the precision of the run."""
        raise NotImplementedError

    @staticmethod
    def select(t: int, phase: int, p: Any) -> Any:
        """Return the loss that is shown at time t."""
        raise NotImplementedError

    @staticmethod
    def loss(slope: Any, x: Any, p: Any) -> Any:
        """Return f_t(x): of a linear problem, slope x."""
        return slope * x

    @staticmethod
    def gradient(slope: Any, x: Any, p: Any) -> Any:
        """Return f_t'(x): of a linear problem the slope, also at the edges of F."""
        return slope
