"""A law as numbers that anyone can check (`check.py`)."""

import math
from dataclasses import dataclass
from fractions import Fraction

from amsgrad.laws.law import Law
from amsgrad.laws.walk import MOST


@dataclass(frozen=True)
class LawCertificate:
    """What a law states of one run.

    Args:
        start: K, steps after which x is at the end of F, and from which on the law holds.
        length: L, steps of a cycle.
        x: the end of F.
        memory: the rule's state variables after K steps, by name.
        regret: R_K of the program.
        clips: the steps of a cycle that clip, numbered from 1 to L, the last one among them.
        limit: of R_T / T, exactly.
        kappa: R_T / T is limit + kappa T^-exponent + constant / T up to what falls faster, at the
            ends of cycles; with exponent 1 limit + kappa ln(T) / T + constant / T.
        exponent: p.
        constant: as above; both are correctly rounded.
        bits_to: up to this step the program is at the end of F after each cycle, to the bit.
    """

    start: int
    length: int
    x: float
    memory: dict[str, float]
    regret: float
    clips: tuple[int, ...]
    limit: Fraction
    kappa: float
    exponent: float
    constant: float
    bits_to: int

    def near(self, share: float) -> int:
        """Return a step from which on R_T / T is so near to its limit, at the ends of cycles.

        Args:
            share: of the limit that kappa and constant may add to it, in size, at most.

        Returns:
            `start` or later; at most 10^60, which is also the answer for a limit of 0.
        """

        def far(steps: int) -> bool:
            fall = math.log(steps) / steps if self.exponent == 1 else steps**-self.exponent
            more = abs(self.kappa) * fall + abs(self.constant) / steps
            return more > share * abs(self.limit)

        low, high = self.start - 1, self.start
        while high < MOST and far(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if far(middle) else (low, middle)
        return min(high, MOST)


def certificate_of(law: Law) -> LawCertificate:
    """Return the certificate of a law."""
    return LawCertificate(
        start=law.start,
        length=law.length,
        x=law.end,
        memory={name: float(e) for name, e in law.memory._asdict().items()},
        regret=law.regret,
        clips=tuple(place + 1 for place in law.walk.clips),
        limit=law.limit,
        kappa=law.kappa,
        exponent=law.exponent,
        constant=law.constant,
        bits_to=law.bits_to,
    )
