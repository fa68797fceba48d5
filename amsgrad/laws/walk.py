"""The walk of x at an end of F under a decaying step: its clips, for ever, and what it costs.

The memory takes alpha_k c_i from x, and goes round with i. With D = sum c_i > 0 x is pressed
against the lower end of F, with D < 0 against the upper one (mirror: c -> -c). In units of alpha
the distance from that end walks as

    u_0 = 0,   u_{i+1} = max(0, u_i - c_i)

and comes back after a cycle; a step with c_i > u_i clips, with the margin mu_i = c_i - u_i. The
real distance y, whose step sizes fall within the cycle, has the same clips, cycle by cycle:

- In an excursion, the steps j', ..., j from one clip to the next, y_i is a sum of the differences
  alpha_k - alpha_{k+1} and of the last alpha, each times some u >= 0 (Abel): what is not clipped
  stays so, ties included; and y_i <= alpha_{j'} U with the largest u of the excursion, U.
- y_j <= alpha_j u_j + (alpha_{j'} - alpha_j) U. So the clip of step j stays if
  (alpha_{j'} / alpha_j - 1) U < mu_j, and, as (1 + z)^p <= 1 + p z, if

      k_{j'} + h > p (j - j') U / mu_j

  with the number k_{j'} of the step j': from there on for ever.

A cycle begins after the clip with the largest margin, the anchor, where x is at the end of F. What
a step alpha_k c_i adds to the sum of g x in its cycle is alpha_k w_i, with w_i = 0 for a clip, else

    w_i = -c_i sum of g over the later steps of the excursion, its clip included.

All numbers are integers in units of a power of 2, as doubles are: nothing is rounded.

Source: ours; the walk is Lindley's (1952) of a queue.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from amsgrad.laws.decay import Decay

MOST = 10**60  # the last step that is looked at
UNIT = Fraction(1, 2**53)  # a double is rounded by at most so much of its size


class Excursion(NamedTuple):
    """The steps from one clip to the next, which is the last of them."""

    first: int  # its place in the cycle
    last: int
    top: int  # U
    margin: int  # mu of its clip


@dataclass(frozen=True)
class Walk:
    """One cycle, which begins after the anchor and ends with it.

    Args:
        phase: where the first step of the walk stands in the cycle of the memory.
        slopes: g_i, in units of `slope_unit`.
        steps: c_i, in units of `unit`.
        excursions: in order; what follows also holds for `top` and `margin`, in units of `unit`.
    """

    phase: int
    slopes: list[int]
    steps: list[int]
    slope_unit: Fraction
    unit: Fraction
    excursions: list[Excursion]

    @property
    def sign(self) -> int:
        """1 if the walk is at the lower end of F, -1 at the upper one."""
        return 1 if sum(self.steps) > 0 else -1

    @cached_property
    def clips(self) -> list[int]:
        """The places of the steps that clip."""
        return [excursion.last for excursion in self.excursions]

    @cached_property
    def weights(self) -> list[int]:
        """The w_i, in units of `unit` times `slope_unit`."""
        clips = set(self.clips)
        weights, later = [], 0
        for i in reversed(range(len(self.steps))):
            if i in clips:
                later = 0
            weights.append(-self.steps[i] * later)  # 0 for a clip
            later += self.slopes[i]
        return weights[::-1]

    def holds_from(self, decay: Decay, width: Fraction) -> int:
        """Return after how many steps a walk must begin for its clips to be the same for ever.

        The other end of F, at the distance `width`, is out of reach then, too. The anchor keeps
        half of its margin, for the rounding of the program.
        """
        least, anchor = Fraction(0), self.excursions[-1]
        for excursion in self.excursions:
            first, last, top, margin = excursion
            if top:  # the number of the first step is start + 1 + first
                needed = decay.p * (last - first) * Fraction(top, margin)
                needed *= 2 if excursion is anchor else 1
                least = max(least, needed - decay.h - first - 1)
        reach = width / self.unit / max(1, *(e.top for e in self.excursions))
        return max(int(least) + 1, decay.first_below(reach, 0, MOST) - 1)

    def bits_to(self, decay: Decay, start: int, roundings: int, bounds: Sequence[float]) -> int:
        """Return the last step up to which the program, too, is at the end of F after each cycle.

        Within a cycle the program is off by at most max |F| / 2^53 for each subtraction, and by
        `roundings` + 4 roundings for each alpha_k c (4 for alpha_k itself); clipping brings nothing
        apart. It clips at the anchor as long as alpha_k times

            mu - (alpha_{j'} / alpha_j - 1) U - (roundings + 4) 2^-53 sum |c|

        (the last term with alpha_k of the cycle's first step) is more than L max |F| / 2^53.

        Args:
            decay: of the step size.
            start: the number of steps before the walk.
            roundings: as in `memory.Turn`.
            bounds: lower and upper end of F.

        Returns:
            `start` where not even the first cycle is sure.
        """
        length, (first, last, top, margin) = len(self.steps), self.excursions[-1]
        fall = decay.p * (last - first) / (start + 1 + first + decay.h)
        size = sum(map(abs, self.steps)) * (1 + decay.p * length / (start + 1 + decay.h))
        # the factor is for second orders, and for what underflows
        rest = margin - fall * top - (roundings + 4) * UNIT * size * Fraction(101, 100)
        if rest <= 0:
            return start
        least = length * UNIT * max(map(abs, map(Fraction, bounds))) / (rest * self.unit)
        return decay.last_above(least, start, MOST)


def walk_at_end(slopes: Sequence[float], steps: Sequence[float]) -> Walk | None:
    """Return the walk of a cycle of gradients and of steps c_i, or None where the c_i sum to 0.

    >>> walk_at_end([-1.0, 3.0], [-1.0, 1.5]).excursions
    [Excursion(first=0, last=1, top=2, margin=1)]
    """
    (g, slope_unit), (c, unit) = whole(slopes), whole(steps)
    if not sum(c):
        return None
    sign = 1 if sum(c) > 0 else -1
    u, margins = 0, []
    for i in range(2 * len(c)):  # the first time around u comes to its cycle
        margins.append(sign * c[i % len(c)] - u)
        u = max(0, -margins[-1])
    margins = margins[len(c) :]
    phase = (margins.index(max(margins)) + 1) % len(c)
    g, c = g[phase:] + g[:phase], c[phase:] + c[:phase]
    return Walk(phase, g, c, slope_unit, unit, list(_excursions([sign * e for e in c])))


def _excursions(steps: Sequence[int]) -> Iterator[Excursion]:
    u = top = first = 0
    for i, c in enumerate(steps):
        top = max(top, u)
        if c > u:
            yield Excursion(first, i, top, c - u)
            u, top, first = 0, 0, i + 1
        else:
            u -= c


def whole(numbers: Sequence[float]) -> tuple[list[int], Fraction]:
    """Return doubles as whole numbers of one unit."""
    ratios = [number.as_integer_ratio() for number in numbers]
    largest = max(denominator for _, denominator in ratios)
    return [a * (largest // b) for a, b in ratios], Fraction(1, largest)
