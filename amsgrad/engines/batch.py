"""The fast engine for many runs at once: one problem with many seeds or slopes, one rule."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, no_type_check

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.contract import Records, Setup
from amsgrad.engines.jit import compile_loop, make_callable, named, stretch_end
from amsgrad.engines.state import State
from amsgrad.problems.problem import Problem
from amsgrad.regret import BLOCK, RegretSum, against_hindsight, close_block, value
from amsgrad.rules.rule import Rule
from amsgrad.schedules import constant


class Batch:
    """Each run has the bits of `Compiled`; its step costs about a third, by vector instructions.

    Every entry of the state, and a row of every column of the records but `step`, is an array with
    one element a run. `finite` is False for a run once one of its records met NaN or infinity; it
    goes on all the same, as the others do.

    Args:
        setup: what the runs have in common; its problem is not used.
        rule: likewise.
        problems: one a run, of one class, feasible set, comparator and period.

    Raises:
        ValueError: the problems cannot share a loop.
    """

    def __init__(self, setup: Setup, rule: Rule, problems: Sequence[Problem]):
        if len({(type(p), p.lower, p.upper, p.x_star, p.period) for p in problems}) != 1:
            raise ValueError(
                "The problems of a batch must have one class, feasible set, comparator and period"
            )
        self.setup = replace(setup, problem=problems[0])
        self.rule = rule
        self.lanes = len(problems)
        real = setup.dtype
        self._real = real
        numbers = [problem.parameters(real) for problem in problems]
        parameters: Any = type(numbers[0])
        memory: Any = rule.memory
        columns = parameters(*map(np.array, zip(*numbers, strict=True)))
        self._kernel = _compile(
            rule.coefficients,
            rule.update,
            problems[0].select,
            problems[0].loss,
            problems[0].gradient,
            setup.schedule,
            setup.beta1_schedule,
            real,
            problems[0].hindsight,
            memory,
            parameters,
        )
        self._constants = (
            setup.lr,
            setup.schedule_rate,
            rule.beta1,
            setup.beta1_rate,
            rule.h,
            rule.settled,
            columns,
            setup.first_t,
            problems[0].period,
            real(problems[0].lower),
            real(problems[0].upper),
            real(problems[0].x_star),
        )

    def init(self) -> State:
        start = self.rule.start or (0.0 for _ in self.rule.memory._fields)
        memory = self.rule.memory(*map(self._full, start))
        regret, slopes = (RegretSum(*np.zeros((3, self.lanes))) for _ in range(2))
        return State(0, self._full(self.setup.x0), memory, regret, slopes, self._full(1) > 0)

    def advance(
        self, state: State, steps: int, record_at: NDArray[np.int64]
    ) -> tuple[State, Records]:
        shape = (record_at.size, self.lanes)
        records = Records(record_at, *(np.full(shape, np.nan) for _ in Records._fields[1:]))
        memory = type(state.memory)(*(entry.copy() for entry in state.memory))
        regret, slopes = (RegretSum(*(part.copy() for part in s)) for s in state[3:5])
        end = State(
            state.steps + steps, state.x.copy(), memory, regret, slopes, state.finite & True
        )
        with np.errstate(all="ignore"):  # for NUMBA_DISABLE_JIT; compiled code does not warn
            self._kernel(state.steps, *end[1:], end.steps, records, *self._constants)
        return end, records

    def _full(self, number: float) -> NDArray[Any]:
        return np.full(self.lanes, number, self._real)


@cache
def _compile(
    coefficients: Callable[..., Any],
    update: Callable[..., Any],
    select: Callable[..., Any],
    loss: Callable[..., Any],
    gradient: Callable[..., Any],
    step_size: Callable[..., Any],
    momentum: Callable[..., Any],
    real: Any,
    hindsight: bool,
    memory_type: Any,
    parameters_type: Any,
) -> Any:
    """The loop of `Compiled`, each step of it for all runs; it writes into its arguments."""
    functions = (coefficients, update, select, loss, gradient, step_size, momentum)
    memory_of, parameters_of = _reader(memory_type), _reader(parameters_type)
    keep = _writer(memory_type)
    helpers = (against_hindsight, close_block, value, stretch_end, memory_of, parameters_of, keep)
    make_callable(*functions, *helpers)
    decays = step_size is not constant or momentum is not constant

    @no_type_check
    def walk(
        done, stop, varies, c, x, memory, open_blocks, open_slopes,
        lr, lr_rate, beta1, beta1_rate, h, numbers, first_t, period, lower, upper, x_star,
    ):  # fmt: skip
        lanes = x.size
        t = first_t + done
        phase = t % period
        for k in range(done + 1, stop + 1):
            if varies:
                alpha, beta1_k = step_size(k, lr, lr_rate), momentum(k, beta1, beta1_rate)
                c = coefficients(k, alpha, beta1_k, h, real)
            for i in range(lanes):
                p = parameters_of(numbers, i)
                f = select(t, phase, p)
                open_blocks[i] += np.float64(loss(f, x[i], p) - loss(f, x_star, p))
                if hindsight:
                    open_slopes[i] += np.float64(gradient(f, x_star, p))
                new_memory, delta = update(memory_of(memory, i), gradient(f, x[i], p), c)
                keep(memory, i, new_memory)
                x[i] = min(max(x[i] - delta, lower), upper)
            t += 1
            phase = phase + 1 if phase + 1 < period else 0

    # A function of its own: as a part of `advance` LLVM would prove at each step, for 25 to 50 ns,
    # that the arrays do not overlap; here it does so once a stretch. No numba dispatcher: a loop
    # that calls one is never found in numba's cache.
    make_callable(named(walk))

    @no_type_check
    def advance(
        done, x, memory, regret, slopes, finite, end, records,
        lr, lr_rate, beta1, beta1_rate, h, settled, numbers, first_t, period, lower, upper, x_star,
    ):  # fmt: skip
        lanes = x.size
        recorded = 0
        while done < end:
            k = done + 1
            t = first_t + done
            phase = t % period
            alpha, beta1_k = step_size(k, lr, lr_rate), momentum(k, beta1, beta1_rate)
            c = coefficients(k, alpha, beta1_k, h, real)
            if recorded < records.step.size and records.step[recorded] == k:
                for i in range(lanes):
                    p = parameters_of(numbers, i)
                    f = select(t, phase, p)
                    r = loss(f, x[i], p) - loss(f, x_star, p)
                    new_memory, delta = update(memory_of(memory, i), gradient(f, x[i], p), c)
                    open_block = regret.open[i] + np.float64(r)
                    total = value(RegretSum(regret.total[i], regret.error[i], open_block))
                    records.x[recorded, i] = x[i]
                    records.regret[recorded, i] = r
                    records.average_regret[recorded, i] = total / k
                    if hindsight:
                        open_block = slopes.open[i] + np.float64(gradient(f, x_star, p))
                        slope = value(RegretSum(slopes.total[i], slopes.error[i], open_block))
                        records.average_hindsight_regret[recorded, i] = (
                            against_hindsight(total, slope, x_star, lower, upper) / k
                        )
                    met = np.isfinite(x[i]) and np.isfinite(r) and np.isfinite(delta)
                    for entry in new_memory:
                        met = met and np.isfinite(entry)
                    finite[i] = finite[i] and met
                recorded += 1

            stop = stretch_end(done, end, settled, records.step, recorded)
            varies = decays or k < settled
            walk(
                done,
                stop,
                varies,
                c,
                x,
                memory,
                regret.open,
                slopes.open,
                lr,
                lr_rate,
                beta1,
                beta1_rate,
                h,
                numbers,
                first_t,
                period,
                lower,
                upper,
                x_star,
            )
            done = stop
            if done % BLOCK == 0:
                for s in (regret, slopes):
                    closed = close_block(s)
                    s.total[:], s.error[:], s.open[:] = closed.total, closed.error, 0.0

    return compile_loop(advance)


def _reader(cls: type[Any]) -> Any:
    """`lambda columns, i: cls(*(column[i] for column in columns))`, in numba's subset."""
    entries = ", ".join(f"columns[{j}][i]" for j in range(len(cls._fields)))
    read = eval(f"lambda columns, i: cls({entries})", {"cls": cls})
    return named(read, cls)


def _writer(cls: type[Any]) -> Any:
    """Put a row back: `for column, entry in zip(columns, row): column[i] = entry`, likewise."""
    lines = [f"    columns[{j}][i] = row[{j}]" for j in range(len(cls._fields))]
    names: dict[str, Any] = {}
    exec("\n".join(["def write(columns, i, row):", *lines]), names)
    return named(names["write"], cls)
