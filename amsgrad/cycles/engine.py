"""The compiled engine, but without computing any step once the run is on its cycle."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.cycles.certificate import Certificate, first_boundary
from amsgrad.cycles.search import find_cycle
from amsgrad.engines.base import NOTHING, Records, ScalarEngine, Setup, State
from amsgrad.engines.compiled import Compiled
from amsgrad.regret import EMPTY, RegretSum, value
from amsgrad.rules.rule import Rule


class Certified(ScalarEngine):
    """A run that costs no more than its transient, however many steps are asked for.

    On the cycle, x and the regret of each step are those of `Compiled` to the bit. The sum of
    regrets is the sum before the cycle, plus so many whole cycles, plus a part of one; it differs
    from the sum step by step in rounding alone, by less than 1e-12 relative.

    Args:
        setup, rule: a run for which `why_no_cycle` is None.
        limit: the number of steps within which to look for the cycle; without one in it, this is
            `Compiled`.
    """

    certificate: Certificate | None  # of the cycle, where one was found

    def __init__(self, setup: Setup, rule: Rule, limit: int) -> None:
        super().__init__(setup, rule)
        self.plain = Compiled(setup, rule)
        self.certificate = None
        settled = first_boundary(setup, rule)
        if settled >= limit:
            return
        boundary, _ = self.plain.advance(self.init(), settled, NOTHING)
        cycle = find_cycle(setup, rule, boundary, limit)
        if cycle is None:
            return
        ahead = cycle.start - boundary.steps
        self._start, _ = self.plain.advance(boundary, ahead, NOTHING)
        every_step = np.arange(cycle.start + 1, cycle.start + cycle.length + 1)
        fresh = self._start._replace(regret=EMPTY)
        end, self._turn = self.plain.advance(fresh, cycle.length, every_step)
        # a state with infinity repeats, too: a cycle that meets it is cut short, and proves nothing
        if not end.finite or not np.isfinite(self._start.memory).all():
            return
        try:
            regret = math.fsum(self._turn.regret)
        except OverflowError:  # such a sum proves nothing, either
            return
        self._sums = self._turn.average_regret * self._turn.step
        self.certificate = Certificate(
            *cycle,
            x=float(self._start.x),
            memory={name: float(e) for name, e in self._start.memory._asdict().items()},
            regret=regret,
            lowest=float(self._turn.x.min()),
            highest=float(self._turn.x.max()),
        )

    def advance(
        self, state: State, steps: int, record_at: NDArray[np.int64]
    ) -> tuple[State, Records]:
        end, cycle = state.steps + steps, self.certificate
        if cycle is None or end <= cycle.start:
            return self.plain.advance(state, steps, record_at)
        before = int(np.searchsorted(record_at, cycle.start, side="right"))
        first = Records.empty(0)
        if state.steps < cycle.start:
            ahead = cycle.start - state.steps
            state, first = self.plain.advance(state, ahead, record_at[:before])
            if not state.finite:
                return state, first
        after = record_at[before:]
        turns, place = np.divmod(after - 1 - cycle.start, cycle.length)
        average = self._total(turns, self._sums[place]) / after
        nothing = np.full(after.size, np.nan)
        second = Records(after, self._turn.x[place], self._turn.regret[place], average, nothing)
        whole, part = divmod(end - cycle.start, cycle.length)
        there, _ = self.plain.advance(self._start, part, NOTHING)
        total = float(self._total(whole, self._sums[part - 1] if part else 0.0))
        last = there._replace(steps=end, regret=RegretSum(total, 0.0, 0.0))
        return last, Records.join([first, second])

    def _total(self, turns: Any, part: Any) -> Any:
        """Return R after so many whole cycles and a part of one."""
        assert self.certificate is not None
        return value(self._start.regret) + (turns * self.certificate.regret + part)
