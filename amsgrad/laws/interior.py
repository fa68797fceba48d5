"""The way of x through the interior of F under a decaying step: where it is, R, and the arrival.

As long as nothing clips, x and R after K + n L steps are sums over residue classes
(`class_sums.py`). With the steps c_j of a cycle that begins after K steps, a = (K + 1 + h) / L,
a_j = a + j / L, and s = A L^-p,

    S(n) = sum_j c_j sum_{q < n} (a_j + q)^-p,     x_n = x_K - s S(n)
    R_n  = R_K + n Gamma (x_K - x*)
           - s sum_j c_j (g_{j+1} + ... + g_{L-1}) sum_{q < n} (a_j + q)^-p
           - s Gamma [(n - 1 + a) S(n) + sum_j c_j (j / L) sum_{q < n} (a_j + q)^-p - T(n)]

where T is S with 1 - p for -p: the bracket is S(0) + ... + S(n - 1).

Arrival. With D = sum c_j, each place of the cycle comes nearer to its end of F from cycle to cycle
once k + h >= p (L - 1) W / |D|, where W is the largest way back that the c_j make within a cycle
(Abel summation). From there on the first cycle with a clip is found by bisection.

D = 0. Then S(n) has a limit, and x rests where it leads. What is left of the way after step k is at
most alpha_k times the range of c_0 + ... + c_j, so it is known from when on no step clips.

All this is exact arithmetic, from the state of the program after K steps and with its own c_j, and
is computed to some 12 digits. The program itself rounds x at each step: it goes this way up to an
error that grows with the steps, and has other bits.

Source: ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.base import Setup
from amsgrad.laws.class_sums import LEAST, ClassSums
from amsgrad.laws.decay import Decay, decay_of
from amsgrad.laws.walk import MOST, whole


@dataclass(frozen=True)
class Interior:
    """A run without a clip from K steps on.

    Args:
        setup: of the run.
        slopes, steps: g_j and c_j of a cycle that begins with step K + 1.
        start: K.
        x: after K steps.
        regret: R_K.
    """

    setup: Setup
    slopes: Sequence[float]
    steps: Sequence[float]
    start: int
    x: float
    regret: float

    @property
    def length(self) -> int:
        """L, the steps of a cycle."""
        return len(self.steps)

    @property
    def decay(self) -> Decay:
        """The step size."""
        decay = decay_of(self.setup)
        assert decay is not None
        return decay

    @property
    def holds(self) -> bool:
        """True if K is large enough for the sums, and for the places to come nearer to an end."""
        return self.start >= holds_from(self.steps, self.decay)

    def x_after(self, cycles: Any) -> Any:
        """Return x after so many cycles, an array of whole numbers, if nothing clips."""
        return self.x - self._share * self._drift.upto(self._a, cycles)

    def regret_after(self, cycles: Any) -> Any:
        """Return R after so many cycles, an array of whole numbers, if nothing clips."""
        n, a, p = np.asarray(cycles, float), self._a, self.decay.p
        (g, slope_unit), (c, unit) = self._g, self._c
        later = [sum(g) - before for before in accumulate(g)]
        within = [e * rest for e, rest in zip(c, later, strict=True)]
        turned = [j * e for j, e in enumerate(c)]
        gamma = float(slope_unit * sum(g))
        before = (
            (n - 1 + a) * self._drift.upto(a, n)
            + ClassSums(turned, unit / self.length, p).upto(a, n)
            - ClassSums(c, unit, p - 1).upto(a, n)
        )
        cost = ClassSums(within, unit * slope_unit, p).upto(a, n) + gamma * before
        return self.regret + n * gamma * (self.x - self.setup.problem.x_star) - self._share * cost

    def arrival(self) -> int | None:
        """Return after how many steps the first cycle with a clip begins, at most 10^60.

        None where that is not known: `holds` is False, or x is still at the other end of F.
        """
        if not self.holds:
            return None
        first = self._clips(0)
        if first:
            return self.start if first == self._side else None
        low, high = 0, 1
        while not self._clips(high):
            low, high = high, 2 * high
            if high * self.length > MOST:
                return MOST
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._clips(middle) else (middle, high)
        return self.start + high * self.length

    def rest(self) -> float | None:
        """Return the limit of x where the c_j sum to 0, or None where a step may still clip.

        A sum that rounding has left over is taken as 0.
        """
        if self.start < LEAST * self.length:
            return None
        a = (self.start + 1 + self.decay.h) / self.length
        tail, _ = self._drift.beyond(a)
        alpha = float(self.decay.at(self.start + 1).lower)  # s a^-p
        x: float = self.x - alpha * float(a * tail)
        partial = [0, *accumulate(self._c[0])]
        room = alpha * float(self._c[1] * (max(partial) - min(partial)))
        problem = self.setup.problem
        return x if problem.lower + room < x < problem.upper - room else None

    @cached_property
    def _g(self) -> tuple[list[int], Fraction]:
        return whole(self.slopes)

    @cached_property
    def _c(self) -> tuple[list[int], Fraction]:
        return whole(self.steps)

    @cached_property
    def _drift(self) -> ClassSums:
        return ClassSums(*self._c, self.decay.p)

    @property
    def _side(self) -> int:
        return -1 if sum(self._c[0]) > 0 else 1

    @property
    def _a(self) -> float:
        return float((self.start + 1 + self.decay.h) / self.length)

    @property
    def _share(self) -> float:
        power: float = self.length ** -float(self.decay.p)
        return float(self.decay.size.lower) * power

    def _clips(self, cycle: int) -> int:
        """Return the end of F at which this cycle clips, if none before did: -1, 1, or 0 for none.

        Where it clips at both, that is the end from which x drifts away.
        """
        problem = self.setup.problem
        after = self._path(float(self.x_after(cycle)), self.start + cycle * self.length)
        sides = [-1] * bool(after.min() < problem.lower) + [1] * bool(after.max() > problem.upper)
        return min(sides, key=lambda side: side == self._side, default=0)

    def _path(self, x: float, done: int) -> NDArray[np.float64]:
        """Return x after each step of a cycle that begins after `done` steps with this x."""
        k = np.arange(1, self.length + 1, dtype=float) + float(done + self.decay.h)
        alpha = float(self.decay.size.lower) * k ** -float(self.decay.p)
        return x - np.cumsum(alpha * np.asarray(self.steps, float))


def holds_from(steps: Sequence[float], decay: Decay) -> int:
    """Return after how many steps an `Interior` holds with these c_j, or MOST for D = 0."""
    c, _ = whole(steps)
    total, length = sum(c), len(c)
    if not total:
        return MOST
    top = back = here = 0
    for e in [*c, *c]:
        here += e if total > 0 else -e
        top = max(top, here)
        back = max(back, top - here)
    least = decay.p * (length - 1) * Fraction(back, abs(total)) - decay.h
    return max(LEAST * length, int(least) + 1)
