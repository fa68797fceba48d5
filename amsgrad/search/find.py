"""A find: periodic slopes on which a rule goes to the worse end of F, and what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from amsgrad.theory.enclosure import Enclosure

ORDERS = ("cyclic", "shuffled", "drawn")


@dataclass(frozen=True)
class Minimal:
    """How minimal a find is, and how that is known.

    Args:
        claim: "smallest": no sequence of this period with smaller slopes is a find; "shortest": no
            shorter sequence with slopes up to the largest of this one is; both of those that were
            tried. "upper bound": there may be smaller ones, and shorter ones.
        method: in words; by exhaustion, where one of the first two is claimed.
        first: the least max |g| that was tried for "smallest", the least period for "shortest".
        sums: all sums |S| = 1, ..., sums were tried.
        seen: number of sequences tried.
    """

    claim: Literal["smallest", "shortest", "upper bound"] = "upper bound"
    method: str = "given"
    first: int = 0
    sums: int = 0
    seen: int = 0

    def __post_init__(self) -> None:
        if self.claim not in ("smallest", "shortest", "upper bound"):
            raise ValueError(f"it claims {self.claim}, not smallest, shortest or upper bound")
        if min(self.first, self.sums, self.seen) < 0:
            raise ValueError("of how minimal it is, first, sums and seen must be 0 or more")
        if self.claim != "upper bound" and not min(self.first, self.sums, self.seen):
            raise ValueError(f"it claims to be {self.claim}, but not within which range")


@dataclass(frozen=True)
class Find:
    """A counterexample: the sum S of the slopes and the mean step D have opposite signs.

    The losses are f_t(x) = g_{t mod P} x on F = [-1, 1]; x* is at the end -sign(S), and x goes to
    the end -sign(D) (`amsgrad/theory/enclosure.py` has the theorem).

    Args:
        opt: the name of the rule, or `package.module:Name`.
        options: the values of all of its options. A float stands for the decimal that Python
            prints, 0.1 for 1/10.
        slopes: g_0, ..., g_{P-1}.
        mean_step: two decimals around D at alpha = 1, per period, or per epoch of another order.
        proved: True if D lies between them by interval arithmetic from the exact numbers; False if
            D was measured, and they are estimate minus and plus error.
        source: how D was measured; empty if proved.
        order: cyclic; or shuffled or drawn, where D is an expectation.
        minimal: how minimal the find is.

    Raises:
        ValueError: an argument is not as described, or the slopes are not a counterexample.

    >>> find = Find("adam", {}, (3, -1, -1), Enclosure("-0.02", "-0.01"), proved=True)
    >>> find.period, find.largest, find.sum, find.price, find.horizon
    (3, 3, 1, 0.1111111111111111, 600.0)
    """

    opt: str
    options: Mapping[str, Any]
    slopes: tuple[int, ...]
    mean_step: Enclosure
    proved: bool
    source: str = ""
    order: Literal["cyclic", "shuffled", "drawn"] = "cyclic"
    minimal: Minimal = field(default_factory=Minimal)

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise ValueError(f"its order must be {', '.join(ORDERS)}, but is {self.order}")
        if self.proved and (self.order != "cyclic" or self.source):
            raise ValueError(
                "it cannot be both proved and measured; only D of cyclic order is proved"
            )
        if not self.slopes or not all(type(g) is int for g in self.slopes):
            raise ValueError("its slopes must be whole numbers, at least one")
        if not self.sum:
            raise ValueError("its slopes sum to 0, so that every x is best")
        if not self.mean_step.sign:
            raise ValueError("its bounds of D do not have one sign")
        if self.mean_step.sign * self.sum > 0:
            raise ValueError("D has the sign of the sum of its slopes: x goes to the best x")
        if self.minimal.claim == "smallest" and self.minimal.first > self.largest:
            raise ValueError("the least max |g| that was tried is larger than its own")
        if self.minimal.claim == "shortest" and self.minimal.first > self.period:
            raise ValueError("the shortest period that was tried is longer than its own")
        if self.minimal.claim != "upper bound" and self.minimal.sums < abs(self.sum):
            raise ValueError("the sums that were tried do not include its own")

    @property
    def period(self) -> int:
        """P, in steps."""
        return len(self.slopes)

    @property
    def largest(self) -> int:
        """The largest |g|."""
        return max(abs(g) for g in self.slopes)

    @property
    def sum(self) -> int:
        """S, of the slopes of a period."""
        return sum(self.slopes)

    @property
    def price(self) -> float:
        """|S| / (P max |g|): how unlevel the losses are although the rule goes the wrong way.

        At the worse end of F the average regret is 2 |S| / P.
        """
        return abs(self.sum) / (self.period * self.largest)

    @property
    def horizon(self) -> float:
        """T* = P^2 / |D|, the order of the number of steps before which a run shows nothing.

        A period moves x by alpha D, and alpha is at most of the order 1 / P, since x swings by P
        alpha within a period.
        """
        lower, upper = self.mean_step
        return float(2 * self.period**2 / abs(Fraction(lower) + Fraction(upper)))
