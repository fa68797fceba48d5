"""The running regret R_T = sum_t [f_t(x_t) - f_t(x*)], summed so that rounding does not matter.

A plain sum of 10^7 terms loses about nine digits to rounding in the worst case (and in single
precision its spacing is 0.5). Terms are therefore added in double precision to a short `open`
sum, which every `BLOCK` steps is closed into a compensated `total` (Knuth's TwoSum: the rounding
error of each addition is computed exactly and kept). Blocks are aligned to the step count, so the
sum does not depend on how a run is cut into pieces.

Error: at most BLOCK * 2^-53 * sum_t |r_t|, however long the run.
"""

from typing import Any, NamedTuple

BLOCK = 128


class RegretSum(NamedTuple):
    """A sum in three double-precision parts; of a batch, each is an array with an entry per run."""

    total: Any  # closed blocks, rounded
    error: Any  # what rounding took from `total`
    open: Any  # the block under way


EMPTY = RegretSum(0.0, 0.0, 0.0)


def close_block(s: RegretSum) -> RegretSum:
    """Move the open block into the total: TwoSum (Knuth, TAOCP vol. 2, section 4.2.2)."""
    total = s.total + s.open
    rounded = total - s.total
    error = (s.total - (total - rounded)) + (s.open - rounded)
    return RegretSum(total, s.error + error, 0.0)


def value(s: RegretSum) -> Any:
    """Return R_T as one double."""
    return s.total + (s.error + s.open)


def against_hindsight(
    regret: float, slopes: float, x_star: float, lower: float, upper: float
) -> float:
    """Return the regret of linear losses against the best fixed point in hindsight.

    It is sum_t f_t(x_t) - min_{x in F} sum_t f_t(x), the regret of the paper, from the regret
    against x* and the sum of all slopes so far: the two differ by slopes x* - min(slopes x over F),
    which is never negative. F is [lower, upper].
    """
    return regret + (slopes * x_star - min(slopes * lower, slopes * upper))
