"""The fast engine for many runs at once: one rule on one kind of problem, all numbers free."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.base import Engine, Records, Setup, State, check_records
from amsgrad.engines.batch_kernel import columns_of, compile_lanes
from amsgrad.engines.kind import check_one_kind, steps_repeat
from amsgrad.regret import RegretSum
from amsgrad.rules.rule import Rule


class Batch(Engine[State]):
    """Each run has the bits of `Compiled`; its step costs a fraction, by vector instructions.

    Every entry of the state, and a row of every column of the records but `step`, is an array with
    one element per run. `finite` is False for a run once one of its records met NaN or infinity; it
    still goes on, and so do the others.

    Args:
        setups: one per run.
        rules: one per run, all made by one method.

    Raises:
        ValueError: the list is empty, or the runs are not of one kind: class, period, feasible set,
            comparator and functions of the problem, schedules, first t, dtype, functions of the
            rule.
    """

    def __init__(self, setups: Sequence[Setup], rules: Sequence[Rule]):
        check_one_kind(setups, rules)
        self.setups = list(setups)
        self.rules = list(rules)
        setup, rule = setups[0], rules[0]
        problem, real = setup.problem, setup.dtype
        self._real = real
        numbers = [setup.problem.parameters(real) for setup in setups]
        own = [
            (s.lr, s.schedule_rate, r.beta1, s.beta1_rate)
            for s, r in zip(setups, rules, strict=True)
        ]
        hypers = [rule.h for rule in rules]
        alike = all(one == own[0] for one in own) and all(h == hypers[0] for h in hypers)
        c = rule.coefficients(rule.settled, setup.lr, rule.beta1, rule.h, real)
        functions: Any = (
            *(rule.coefficients, rule.update, problem.select, problem.loss, problem.gradient),
            *(setup.schedule, setup.beta1_schedule),
        )
        types: Any = (rule.memory, type(numbers[0]), type(c), None if alike else type(rule.h))
        tabled = steps_repeat(setup)
        self._kernel = compile_lanes(*functions, real, problem.hindsight, tabled, *types)
        self._constants = (
            *(own[0] if alike else np.array(own).T.copy()),
            rule.h if alike else columns_of(hypers),
            columns_of([c for _ in rules]),
            max(rule.settled for rule in rules),
            columns_of(numbers),
            setup.first_t,
            problem.period,
            real(problem.lower),
            real(problem.upper),
            real(problem.x_star),
        )

    def init(self) -> State:
        real, lanes = self._real, len(self.setups)
        x = np.array([setup.x0 for setup in self.setups], real)
        fields = self.rules[0].memory._fields
        starts = np.array([rule.start or [0.0] * len(fields) for rule in self.rules], real)
        memory = self.rules[0].memory(*starts.T.copy())
        regret, slopes = (RegretSum(*np.zeros((3, lanes))) for _ in range(2))
        return State(0, x, memory, regret, slopes, np.full(lanes, True))

    def advance(
        self, state: State, steps: int, record_at: NDArray[np.int64]
    ) -> tuple[State, Records]:
        check_records(record_at, state.steps, steps)
        shape = (record_at.size, len(self.setups))
        records = Records(record_at, *(np.full(shape, np.nan) for _ in Records._fields[1:]))
        x, memory, regret, slopes, finite = state[1:]
        memory = type(memory)(*(entry.copy() for entry in memory))
        regret, slopes = (RegretSum(*(part.copy() for part in s)) for s in (regret, slopes))
        end = State(state.steps + steps, x.copy(), memory, regret, slopes, finite.copy())
        with np.errstate(all="ignore"):  # for NUMBA_DISABLE_JIT; compiled code does not warn
            self._kernel(state.steps, *end[1:], end.steps, records, *self._constants)
        return end, records
