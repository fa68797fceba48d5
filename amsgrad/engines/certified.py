"""The compiled engine with foresight: once a run is on its cycle, no step is computed any more."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.compiled import Compiled
from amsgrad.engines.contract import Records, Setup
from amsgrad.engines.cycle import Cycle, find_cycle, first_boundary
from amsgrad.engines.state import State
from amsgrad.regret import EMPTY, RegretSum, value
from amsgrad.rules.rule import Rule

NOTHING = np.empty(0, np.int64)


class Certified:
    """A run that costs no more than its transient, however many steps are asked for.

    On the cycle, x and the regret of each step are those of `Compiled` to the bit. The sum of
    regrets is the sum before the cycle, plus so many whole cycles, plus a part of one; it differs
    from the sum step by step in rounding alone, by less than 1e-12 relative.

    Args:
        setup, rule: a run for which `why_no_cycle` is None.
        limit: the number of steps within which to look for the cycle; without one in it, this is
            `Compiled`.
    """

    def __init__(self, setup: Setup, rule: Rule, limit: int):
        self.plain = Compiled(setup, rule)
        self.setup = setup
        self.rule = rule
        boundary, _ = self.plain.advance(self.init(), first_boundary(setup, rule), NOTHING)
        self.cycle: Cycle | None = None
        if boundary.steps < limit:
            self.cycle = find_cycle(setup, rule, boundary, limit)
        if self.cycle is not None:
            ahead = self.cycle.start - boundary.steps
            self.start, _ = self.plain.advance(boundary, ahead, NOTHING)
            every_step = np.arange(self.cycle.start + 1, self.cycle.start + self.cycle.length + 1)
            fresh = self.start._replace(regret=EMPTY)
            _, self.turn = self.plain.advance(fresh, self.cycle.length, every_step)
            self._sums = self.turn.average_regret * self.turn.step
            self.regret_a_cycle = math.fsum(self.turn.regret)

    def init(self) -> State:
        return self.plain.init()

    def advance(
        self, state: State, steps: int, record_at: NDArray[np.int64]
    ) -> tuple[State, Records]:
        end = state.steps + steps
        if self.cycle is None or end <= self.cycle.start:
            return self.plain.advance(state, steps, record_at)
        parts = []
        if state.steps < self.cycle.start:
            before = record_at[record_at <= self.cycle.start]
            state, records = self.plain.advance(state, self.cycle.start - state.steps, before)
            if not state.finite:
                return state, records
            parts.append(records)
            record_at = record_at[before.size :]
        turns, place = np.divmod(record_at - 1 - self.cycle.start, self.cycle.length)
        total = self._total(turns, self._sums[place])
        nothing = np.full(record_at.size, np.nan)
        parts.append(
            Records(
                record_at, self.turn.x[place], self.turn.regret[place], total / record_at, nothing
            )
        )
        return self._state_after(end), Records.join(parts)

    def dump(self, state: State) -> dict[str, NDArray[Any]]:
        return self.plain.dump(state)

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> State:
        return self.plain.load(arrays)

    def _total(self, turns: Any, part: Any) -> Any:
        """R after so many whole cycles and a part of one."""
        return value(self.start.regret) + (turns * self.regret_a_cycle + part)

    def _state_after(self, steps: int) -> State:
        assert self.cycle is not None
        turns, place = divmod(steps - self.cycle.start, self.cycle.length)
        there, _ = self.plain.advance(self.start, place, NOTHING)
        total = self._total(turns, self._sums[place - 1] if place else 0.0)
        return there._replace(steps=steps, regret=RegretSum(float(total), 0.0, 0.0))
