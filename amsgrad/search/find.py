"""A find: periodic slopes on which a rule goes to the worse end of F, and what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from amsgrad.theory.enclosure import Enclosure

ORDERS = ("cyclic", "shuffled", "drawn")
CLAIMS = ("smallest", "shortest", "upper bound")


@dataclass(frozen=True)
class Minimal:
    """How minimal a find is, and how that is known.

    Args:
        claim: "smallest": no slopes of its period with a max |g| from first to last fail.
            "shortest": no slopes of a period from first to last with a max |g| up to its own fail.
            In both, last is one below its own. "upper bound": smaller or shorter ones may fail.
        method: how the others were excluded, or how it was found, in words.
        first, last: the range of the claim; 0 without one.
    """

    claim: Literal["smallest", "shortest", "upper bound"] = "upper bound"
    method: str = "given"
    first: int = 0
    last: int = 0

    def __post_init__(self) -> None:
        if not all(type(number) is int for number in (self.first, self.last)):
            raise ValueError("the range of what it claims must be whole numbers")
        if self.claim not in CLAIMS:
            raise ValueError(f"its claim must be {', '.join(CLAIMS)}, but is {self.claim}")


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
        if not self.slopes or not all(type(g) is int and abs(g) < 2**53 for g in self.slopes):
            raise ValueError("its slopes must be whole numbers below 2^53 in size, at least one")
        if not self.sum:
            raise ValueError("its slopes sum to 0, so that every x is best")
        lower, upper = map(Fraction, self.mean_step)
        if not self.mean_step.sign or lower > upper:
            raise ValueError("its bounds of D are not two numbers of one sign, in order")
        if self.mean_step.sign * self.sum > 0:
            raise ValueError("D has the sign of the sum of its slopes: x goes to the best x")
        self._check_minimal()

    def _check_minimal(self) -> None:
        found = self.minimal
        if found.claim == "upper bound":
            if found.first or found.last:
                raise ValueError("it claims to be an upper bound, but states what was excluded")
            return
        own = self.largest if found.claim == "smallest" else self.period
        if not 0 < found.first <= own:
            raise ValueError(f"it claims to be the {found.claim}, but from {found.first} on")
        if found.last != own - 1:
            raise ValueError(
                f"it claims to be the {found.claim}, but up to {found.last}, not {own - 1}"
            )

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
    def extent(self) -> str:
        """How minimal it is, as a sentence without a full stop."""
        found = self.minimal
        if found.claim == "upper bound":
            return f"smaller or shorter slopes may fail, too ({found.method})"
        many = f"from {found.first:,} to {found.last:,}"
        if found.claim == "smallest":
            what = f"no {self.period} slopes with a max |g| {many}"
        else:
            what = f"no slopes with a max |g| up to {self.largest:,} and a period {many}"
        if found.first > found.last:
            what = "no smaller slopes" if found.claim == "smallest" else "no shorter ones"
        return f"{what} fail ({found.method})"

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
