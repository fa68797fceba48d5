"""The law of a run at a decaying step: its regret at any T, and where the average regret goes.

Once x walks at an end of F for ever in the same way (`walk.py`), b, a cycle of L steps adds
Gamma (b - x*) and sums of alpha over residue classes (`class_sums.py`) to the regret: with
alpha_k = A (k + h)^-p, from K steps on,

    R_{K + n L} = R_K + n Gamma (b - x*)
                  + A L^-p sum_j w_j sum_{q < n} ((K + 1 + j + h) / L + q)^-p

    R_T / T = limit + kappa T^-p + constant / T + ...,      p < 1
    R_T / T = limit + kappa ln(T) / T + constant / T + ..., p = 1

    limit = Gamma (b - x*) / L,     kappa = A sum_j w_j / (L (1 - p))      (p = 1: without 1 - p)

at the ends of cycles, T = K + n L, up to terms that fall faster; what an unfinished cycle adds is
bounded. kappa is linear in alpha; the constant holds the whole way to the end of F, and is not.

It is a theorem on exact arithmetic from the state of the program after K steps on, with the
program's own c_i; the state and R_K are the program's. For the program itself the bits of x and of
each step's regret follow up to `bits_to`. Farther out small steps are absorbed by rounding while
big ones are not, and the program may leave the end of F.

Source: ours. Searched: Reddi, Kale and Kumar (ICLR 2018) bound R_T by a multiple of sqrt(T); no
constant of an actual run was found in the papers that cite it.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from amsgrad.engines.base import Setup
from amsgrad.laws.class_sums import ClassSums
from amsgrad.laws.decay import Between, Decay, decay_of, ln
from amsgrad.laws.walk import Walk


@dataclass(frozen=True)
class Law:
    """The law of one run.

    Args:
        setup: of the run.
        walk: at the end of F.
        start: K, at which a cycle of the walk begins, x is at the end of F and what the walk
            needs holds for ever.
        memory: the rule's state variables after K steps.
        regret: R_K of the program.
        roundings: as in `memory.Turn`.
    """

    setup: Setup
    walk: Walk
    start: int
    memory: Any
    regret: float
    roundings: int

    @property
    def decay(self) -> Decay:
        """The step size."""
        decay = decay_of(self.setup)
        assert decay is not None
        return decay

    @property
    def length(self) -> int:
        """L, the steps of a cycle."""
        return len(self.walk.steps)

    @property
    def end(self) -> float:
        """b, the end of F."""
        problem = self.setup.problem
        return problem.lower if self.walk.sign > 0 else problem.upper

    @property
    def exponent(self) -> float:
        """The power p of T in the law."""
        return float(self.decay.p)

    @cached_property
    def limit(self) -> Fraction:
        """The limit of R_T / T."""
        slopes = self.walk.slope_unit * sum(self.walk.slopes)
        return slopes * (Fraction(self.end) - Fraction(self.setup.problem.x_star)) / self.length

    @cached_property
    def sums(self) -> ClassSums:
        """The sums of alpha over residue classes, with the weights of the walk."""
        unit = self.walk.unit * self.walk.slope_unit
        return ClassSums(self.walk.weights, unit, self.decay.p)

    @cached_property
    def kappa_between(self) -> Between:
        """Kappa, enclosed."""
        share = self.length * (1 - self.decay.p if self.decay.p < 1 else 1)
        return self.decay.size.times(self.sums.total / share)

    @cached_property
    def constant_between(self) -> Between:
        """The constant, enclosed: R_T - limit T - kappa T^(1-p) tends to it."""
        decay, first = self.decay, self.start + 1 + self.decay.h
        x = first / self.length
        beyond, error = self.sums.beyond(x)
        rest = Between(beyond - error, beyond + error)
        before = Fraction(self.regret) - self.limit * self.start
        if decay.p < 1:  # A L^-p x^(1-p) is alpha_{K+1} x
            lead = rest.plus(self.sums.total / (decay.p - 1))
            return decay.at(self.start + 1).times(lead.times(x)).plus(before)
        lead = self.kappa_between.times(ln(first)).times(Fraction(-1))
        return decay.size.times(rest).times(Fraction(1, self.length)).plus(lead).plus(before)

    @property
    def kappa(self) -> float:
        """The coefficient of T^-p, or of ln(T) / T."""
        return float(self.kappa_between.lower)

    @property
    def constant(self) -> float:
        """The coefficient of 1 / T."""
        return float(self.constant_between.lower)

    @cached_property
    def bits_to(self) -> int:
        """The last step up to which x and the regret of each step are the program's bits."""
        bounds = self.setup.problem.lower, self.setup.problem.upper
        return self.walk.bits_to(self.decay, self.start, self.roundings, bounds)

    def regret_after(self, cycles: Any) -> Any:
        """Return R after `start` steps and so many cycles, an array of whole numbers.

        It is in double precision: good to some 1e-15, relative to its parts.
        """
        length, p = self.length, float(self.decay.p)
        n = np.asarray(cycles).astype(float)
        share = float(self.decay.size.lower) * length**-p
        x = float((self.start + 1 + self.decay.h) / length)
        whole = n * float(self.limit * length)
        return self.regret + whole + share * self.sums.upto(x, n)

    def average(self, steps: int) -> float:
        """Return R_T / T after any number of steps from `start` on, however large.

        The steps of an unfinished cycle are taken one by one.

        Raises:
            ValueError: there are fewer steps than `start`.
        """
        if steps < self.start:
            raise ValueError(f"the law holds from {self.start:,} steps on, not after {steps:,}")
        cycles, rest = divmod(steps - self.start, self.length)
        first = self.start + cycles * self.length + 1
        x, regret, problem = self.end, 0.0, self.setup.problem
        for i in range(rest):
            regret += float(self.walk.slopes[i] * self.walk.slope_unit) * (x - problem.x_star)
            taken = self.setup.alpha(first + i) * float(self.walk.steps[i] * self.walk.unit)
            x = min(max(x - taken, problem.lower), problem.upper)
        return float(self.regret_after(cycles) + regret) / steps
