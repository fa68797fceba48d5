"""A random permutation one place at a time, with nothing stored: the swap-or-not shuffle.

Hoang, Morris and Rogaway ("An enciphering scheme based on a card shuffle", CRYPTO 2012). A round
draws a number K and pairs each place x with K - x modulo the size; a coin of the pair decides
whether the two change places. A round is one to one whatever K and the coins are, and so is their
composition.

With ideal coins the distance from a uniform permutation in total variation is, by the exact Markov
chain (ours), 1e-5 at size 3, 3.6e-4 at 4, 2.4e-4 at 5, 2.8e-4 at 6, and of a pair of places at most
9e-5 from size 7 on: a mean over permutations is off by at most this share of its range. The coins
here are a product and a sum; the tests compare.
"""

from typing import Any

import numpy as np

from amsgrad.problems.draws import bits

ROUNDS = 16
LARGEST = 2**20  # size, so that K is uniform but for 2^-12, and a place fits beside another

_ROOM = np.uint64(32)  # counters of one permutation: at least ROUNDS
_HALF, _LOW, _TO_COIN = np.uint64(32), np.uint64(2**32 - 1), np.uint64(26)


def place(x: Any, size: Any, key: Any, number: Any) -> Any:
    """Return the place of x, in [0, size), in the permutation of this number.

    Permutations of other numbers are independent of it. Arrays and numbers are taken alike; all are
    unsigned 64-bit integers, whose sums and products wrap.

    Args:
        x: in [0, size).
        size: in [1, LARGEST].
        key: from `draws.key`.
        number: of the permutation.

    >>> with np.errstate(over="ignore"):
    ...     sorted(place(np.arange(5, dtype=np.uint64), np.uint64(5), np.uint64(1), np.uint64(9)))
    [np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)]
    """
    for i in range(ROUNDS):
        word = bits(key, number * _ROOM + np.uint64(i))
        upper = word >> _HALF
        other = (upper * size >> _HALF) - x
        other = np.minimum(other, other + size)  # one of them is below 0, and so wraps
        coin = word * np.maximum(x, other) + upper  # its bit 31
        # other if the coin shows 1, else x; as a choice of two it would be a branch, which the
        # processor guesses wrong every second time: 6 ns a round instead of 3
        x = (other << _HALF | x) >> (coin >> _TO_COIN & _HALF) & _LOW
    return x
