"""Random numbers that are a pure function of (seed, t): the same for every optimizer and engine.

A counter-based generator (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011)
has no state to carry, so that any step can be drawn first, again, or on another machine. This one
is the output function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), applied twice: to the
seed, and to the seed's key plus t times the golden gamma.
"""

from typing import Any

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)


def mix(z: Any) -> Any:
    """Scramble 64 bits, one to one; products wrap modulo 2^64."""
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return z ^ (z >> _S31)


def key(seed: int) -> Any:
    """Return the 64 bits that stand for a seed in [0, 2^63)."""
    with np.errstate(over="ignore"):
        return mix(np.uint64(seed) + _GOLDEN)


def bits(key: Any, t: Any) -> Any:
    """Return 64 random bits for time t >= 0."""
    return mix(key + np.uint64(t) * _GOLDEN)


def threshold(probability: float) -> Any:
    """Return the number below which `bits` are with this probability, in [0, 1)."""
    return np.uint64(int(probability * 2.0**64))
