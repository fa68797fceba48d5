"""The mean step of Yogi, proved: its v has no closed form, but moves on a lattice.

Where the slopes are g_0, ..., g_{P-1}, v takes steps of -(1 - beta2) g_i^2, 0 or +(1 - beta2) g_i^2
by the sign of v - g_i^2. So all v are the first one plus multiples of one number, and v stays
between 0 and a bound: after so many periods it comes back to where it was before, exactly, and from
there on it repeats. m comes to its periodic state (`periodic.averages`). With a cycle of n periods

    D = (1 / n) sum_k m_k / (sqrt(v_k) + eps)        over the n P steps of the cycle

and the theorem of `enclosure.py` holds, with the cycle as the period. Unlike Adam's, this v never
forgets its start, 1e-6, and n may be of the order sum g^2 / gcd(g^2): for some slopes it is 1, for
others no computer goes round. Then nothing is proved.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from amsgrad.rules.yogi import INITIAL
from amsgrad.theory.enclosure import DIGITS, HALF, Enclosure, decimals
from amsgrad.theory.intervals import Intervals, Number, exactly

MOST_STEPS = 3_000_000  # to find the cycle, in about a second
LONGEST = 300_000  # steps of a cycle, for one more second


def enclose_yogi(
    slopes: Sequence[Number], beta1: float, beta2: float, eps: float, digits: int = DIGITS
) -> Enclosure:
    """Return bounds of D per period at alpha = 1, proved.

    Args:
        slopes: of one period, exact; a float stands for the decimal that Python prints.
        beta1, beta2, eps: of the rule; they stand for decimals, too.
        digits: of the bounds, which agree but for the last, unless D may be 0.

    Raises:
        ValueError: v does not repeat soon enough; or eps and some v are 0.

    >>> enclose_yogi(41 * [6] + 49 * [-5], 0.9, 0.999, 1e-3).sign
    -1
    """
    exact = [exactly(g) for g in slopes]
    unit, cycle = _cycle([g * g for g in exact], 1 - exactly(beta2))
    bits = 128 + 4 * digits
    units = Intervals(bits)
    gap = units.around(exactly(eps))
    m = units.averages([units.around(g) for g in exact], exactly(beta1))
    low = high = 0
    for k, v in enumerate(cycle):
        root = units.power(units.around(v * unit), HALF)
        step = units.quotient(m[k % len(m)], (root[0] + gap[0], root[1] + gap[1]))
        low, high = low + step[0], high + step[1]
    return decimals((low, high), Fraction(len(m), len(cycle) << bits), digits)


def _cycle(squares: list[Fraction], rest: Fraction) -> tuple[Fraction, list[int]]:
    """Return a unit, and in it v after each step of the cycle, found by Brent's algorithm."""
    start = exactly(INITIAL)
    numbers = [start, *squares, *(rest * square for square in squares)]
    unit = Fraction(1, lcm(*(number.denominator for number in numbers)))
    moves = [(int(square / unit), int(rest * square / unit)) for square in squares]

    def around(v: int) -> list[int]:
        path = []
        for square, move in moves:
            v += move * ((v < square) - (v > square))
            path.append(v)
        return path

    here = anchor = int(start / unit)
    length, room = 0, 1
    for _ in range(MOST_STEPS // len(moves)):
        if length == room:
            anchor, length, room = here, 0, 2 * room
        here = around(here)[-1]
        length += 1
        if here == anchor:
            break
    else:
        raise ValueError(f"v of yogi does not repeat within {MOST_STEPS:,} steps")
    if length * len(moves) > LONGEST:
        raise ValueError(f"v of yogi repeats after {length * len(moves):,} steps, a long cycle")
    cycle: list[int] = []
    for _ in range(length):
        cycle += around(cycle[-1] if cycle else here)
    return unit, cycle
