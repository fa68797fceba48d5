"""Structured slopes: runs of one value each. Rules that fail at all mostly fail on some of them."""

from collections.abc import Collection, Iterator
from itertools import product

import numpy as np

from amsgrad.search.balls import Floats

SMALLER = (1, 2, 3, 5, 10, 10**2, 10**3, 10**4, 10**5, 10**6)  # of the two values
SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)  # of the period, in the shorter run
EXCESSES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)  # S over the sum of the smaller ones
LENGTHS = 25  # of one run, evenly over the logarithm


def two_runs(
    period: int,
    most: int,
    smaller: Collection[int] = SMALLER,
    shares: Collection[float] = SHARES,
    excesses: Collection[float] = EXCESSES,
) -> Iterator[Floats]:
    """Yield slopes with S >= 1 that have one value in a first run and another in all other steps.

    The shorter run, of one step at least, has the larger value: 'C once, -1 otherwise' and 'the
    mirrored -C once, 1 otherwise' are among them.

    Args:
        period: 2 or more.
        most: of max|g|.
        smaller: sizes of the smaller value.
        shares: of the period, for the shorter run.
        excesses: how far one run outweighs the other, as a share.
    """
    lengths = dict.fromkeys(max(1, round(share * period)) for share in shares)
    for p, size, excess in product(lengths, smaller, excesses):
        other = size * (period - p)
        up = max(other // p + 1, round(other / p * (1 + excess)))
        down = min(-(-other // p) - 1, round(other / p / (1 + excess)))
        for first, rest in ((up, -size), (-down, size)):
            if size < abs(first) <= most and np.gcd(first, rest) == 1:
                yield np.repeat([float(first), float(rest)], [p, period - p])


def small_runs(period: int, most: int) -> Iterator[Floats]:
    """Yield slopes with a run of zeros, one of -b and one of a, with max(a, b) = most and S small.

    Both directions of time are among them. With most = 1 they are zeros, n times -1 and n + 1 times
    1. Zeros may be missing.
    """
    values = {*np.geomspace(1, most, LENGTHS // 2).round().astype(int).tolist(), most - 1} - {0}
    pairs = {(v, most) for v in values} | {(most, v) for v in values}
    lengths = np.unique(np.geomspace(1, period, LENGTHS).round().astype(int)).tolist()
    for (a, b), length in product(sorted(pairs), lengths):
        for p, q in sorted({(length, (a * length - 1) // b), (b * length // a + 1, length)}):
            if np.gcd(a, b) == 1 and q >= 1 and p + q <= period:
                zeros = period - p - q
                yield np.repeat([0.0, -float(b), float(a)], [zeros, q, p])
                yield np.repeat([0.0, float(a), -float(b)], [zeros, p, q])
