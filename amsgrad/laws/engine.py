"""The compiled engine at a decaying step, but without computing any step where the law holds."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, no_type_check

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.base import NOTHING, Records, ScalarEngine, Setup, State
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.jit import compile_loop, make_callable
from amsgrad.laws.later import later
from amsgrad.laws.law import Law
from amsgrad.laws.memory import NoLaw
from amsgrad.laws.settle import way_to_law
from amsgrad.regret import EMPTY, RegretSum
from amsgrad.rules.form import Form
from amsgrad.rules.rule import Rule

AT_ONCE = 100_000_000  # steps: half a second; a longer way to the law is part of the run


class Lawful(ScalarEngine):
    """A run that costs no more than the way to its law, however many steps are asked for.

    The law is looked for after fixed numbers of steps, whatever the pieces of the run are: in
    `__init__` up to AT_ONCE, later in `advance`. `dump` keeps what was found, for an engine that
    goes on.

    Under the law, up to its `bits_to`, x and the regret of each step are those of `Compiled` to
    the bit: a cycle begins at the end of F, and its steps are taken plainly up to the one asked
    for. The sum of regrets is the law's; it differs from the sum step by step in rounding alone, by
    less than 1e-12 relative.

    Args:
        setup, rule: a run for which `why_no_law` is None.
        limit: the number of steps within which to look for the law; without one in it, this is
            `Compiled`.
        form: of the rule, where it has one.
    """

    law: Law | None  # as soon as it is found

    def __init__(self, setup: Setup, rule: Rule, limit: int, form: Form | None = None) -> None:
        super().__init__(setup, rule)
        self.plain = Compiled(setup, rule)
        self.law = None
        try:
            self._way = way_to_law(setup, rule, limit, form)
        except NoLaw as why:
            self.no_law = str(why)
            return
        self.stepped_to = self._way.start
        state = self.init()
        while self.stepped_to is not None and self.stepped_to <= AT_ONCE:
            state, _ = self.plain.advance(state, self.stepped_to - state.steps, NOTHING)
            self._look_at(state)

    def dump(self, state: State) -> dict[str, NDArray[Any]]:
        law = self.law
        found = {
            "law_look": self.stepped_to or 0,
            "law_start": 0 if law is None else law.start,
            "law_regret": np.nan if law is None else law.regret,
            "no_law": self.no_law or "",
        }
        return {**super().dump(state), **{name: np.asarray(e) for name, e in found.items()}}

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> State:
        start, why = int(arrays["law_start"]), str(arrays["no_law"])
        if self.stepped_to is not None:
            self.stepped_to = int(arrays["law_look"]) or None
            self.no_law = why or None
            if start:
                self._take(self._way.law_after(start, float(arrays["law_regret"]), self.plain))
        return super().load(arrays)

    def _look_at(self, state: State) -> None:
        self.stepped_to = None
        try:
            law = self._way.law(state)
            if law is None:
                self.stepped_to = self._way.next_look(state)
            else:
                self._take(law)
        except NoLaw as why:
            self.no_law = str(why)

    def _take(self, law: Law) -> None:
        self.law = law
        setup, problem, real = self.setup, self.setup.problem, self.setup.dtype
        _, rule = later(setup, self.rule)
        self._kernel = _compile(
            rule.coefficients,
            rule.update,
            problem.select,
            problem.loss,
            problem.gradient,
            setup.schedule,
            real,
        )
        self._constants = (
            law.start,
            law.length,
            real(law.end),
            law.memory,
            setup.lr,
            setup.schedule_rate,
            rule.beta1,
            rule.h,
            problem.parameters(real),
            setup.first_t,
            problem.period,
            real(problem.lower),
            real(problem.upper),
            real(problem.x_star),
        )
        self._records(law, np.array([law.start + 1]))  # compiles, or reads numba's cache

    def advance(
        self, state: State, steps: int, record_at: NDArray[np.int64]
    ) -> tuple[State, Records]:
        parts, end = [], state.steps + steps
        while self.stepped_to is not None and state.steps < self.stepped_to <= end:
            ahead = self.stepped_to - state.steps
            before = int(np.searchsorted(record_at, self.stepped_to, side="right"))
            state, records = self.plain.advance(state, ahead, record_at[:before])
            parts.append(records)
            if not state.finite:
                return state, Records.join(parts)
            record_at = record_at[before:]
            self._look_at(state)
        state, records = self._advance(state, end - state.steps, record_at)
        return state, Records.join([*parts, records])

    def _advance(
        self, state: State, steps: int, record_at: NDArray[np.int64]
    ) -> tuple[State, Records]:
        end, law = state.steps + steps, self.law
        if law is None or end <= law.start:
            return self.plain.advance(state, steps, record_at)
        before = int(np.searchsorted(record_at, law.start, side="right"))
        first = Records.empty(0)
        if state.steps < law.start:
            ahead = law.start - state.steps
            state, first = self.plain.advance(state, ahead, record_at[:before])
            if not state.finite:
                return state, first
        second, _ = self._records(law, record_at[before:])
        _, regret = self._records(law, np.array([end]))
        cycles, part = divmod(end - law.start, law.length)
        done = law.start + cycles * law.length
        begin = State(done, self.setup.dtype(law.end), law.memory, EMPTY, EMPTY)
        last, _ = self.plain.advance(begin, part, NOTHING)
        return last._replace(regret=RegretSum(regret[-1], 0.0, 0.0)), Records.join([first, second])

    def _records(self, law: Law, at: NDArray[np.int64]) -> tuple[Records, NDArray[np.float64]]:
        """Return the records of these steps, and R after each."""
        records = Records.empty(at.size)
        records.step[:] = at
        with np.errstate(all="ignore"):  # for NUMBA_DISABLE_JIT; compiled code does not warn
            self._kernel(records, *self._constants)
        part = records.average_regret  # the kernel's sum of the cycle
        regret = law.regret_after((at - 1 - law.start) // law.length) + part
        return records._replace(average_regret=regret / at), regret


@cache
def _compile(
    coefficients: Callable[..., Any],
    update: Callable[..., Any],
    select: Callable[..., Any],
    loss: Callable[..., Any],
    gradient: Callable[..., Any],
    step_size: Callable[..., Any],
    real: Any,
) -> Any:
    """Compile the loop of `Reference.advance` for these functions, cycle by cycle.

    For average_regret it records the sum of the regrets of its cycle, up to the step itself.
    """
    make_callable(coefficients, update, select, loss, gradient, step_size)

    @no_type_check
    def record(
        records, start, length, x_start, memory_start,
        lr, lr_rate, beta1, h, p, first_t, period, lower, upper, x_star,
    ):  # fmt: skip
        done = -1  # steps, up to the last record
        begin, x, memory, total = -1, x_start, memory_start, 0.0
        for i in range(records.step.size):
            k = records.step[i]
            cycle = start + (k - 1 - start) // length * length
            if cycle != begin:
                begin, done, x, memory, total = cycle, cycle, x_start, memory_start, 0.0
            while done < k:
                done += 1
                t = first_t + done - 1
                f = select(t, t % period, p)
                c = coefficients(done, step_size(done, lr, lr_rate), beta1, h, real)
                here = x
                r = loss(f, x, p) - loss(f, x_star, p)
                total += np.float64(r)
                memory, delta = update(memory, gradient(f, x, p), c)
                x = min(max(x - delta, lower), upper)
            records.x[i] = here
            records.regret[i] = r
            records.average_regret[i] = total

    return compile_loop(record)
