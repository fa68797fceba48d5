"""The fast engine: rule, problem and schedule compiled by numba into one loop."""

from collections.abc import Callable
from functools import cache
from typing import Any, no_type_check

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.base import Records, ScalarEngine, Setup, State, check_records
from amsgrad.engines.jit import compile_loop, make_callable, stretch_end
from amsgrad.regret import BLOCK, RegretSum, against_hindsight, close_block, value
from amsgrad.rules.rule import Rule
from amsgrad.schedules import constant


class Compiled(ScalarEngine):
    """A few nanoseconds per step, and the same bits as `Reference`."""

    def __init__(self, setup: Setup, rule: Rule) -> None:
        super().__init__(setup, rule)
        problem, real = setup.problem, setup.dtype
        self._kernel = _compile(
            rule.coefficients,
            rule.update,
            problem.select,
            problem.loss,
            problem.gradient,
            setup.schedule,
            setup.beta1_schedule,
            real,
            problem.hindsight,
        )
        self._constants = (
            setup.lr,
            setup.schedule_rate,
            rule.beta1,
            setup.beta1_rate,
            rule.h,
            rule.settled,
            problem.parameters(real),
            setup.first_t,
            problem.period,
            real(problem.lower),
            real(problem.upper),
            real(problem.x_star),
        )

    def advance(
        self, state: State, steps: int, record_at: NDArray[np.int64]
    ) -> tuple[State, Records]:
        check_records(record_at, state.steps, steps)
        real = self.setup.dtype
        records = Records.empty(record_at.size)
        records.step[:] = record_at
        memory = np.empty(len(state.memory), real)
        with np.errstate(all="ignore"):  # for NUMBA_DISABLE_JIT; compiled code does not warn
            done, x, finite, recorded, *sums = self._kernel(
                *state, state.steps + steps, records, memory, *self._constants
            )
        # numba hands scalars back as Python floats
        regret, slopes = RegretSum(*sums[:3]), RegretSum(*sums[3:])
        end = State(done, real(x), self.rule.memory(*memory), regret, slopes, finite)
        return end, records.part(0, recorded)


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
) -> Any:
    """Compile the loop of `Reference.advance` for these functions, in stretches (`stretch_end`)."""
    functions = (coefficients, update, select, loss, gradient, step_size, momentum)
    make_callable(*functions, against_hindsight, close_block, value, stretch_end)
    decays = step_size is not constant or momentum is not constant

    @no_type_check
    def advance(
        done, x, memory, regret, slopes, finite, end, records, memory_out,
        lr, lr_rate, beta1, beta1_rate, h, settled, p, first_t, period, lower, upper, x_star,
    ):  # fmt: skip
        recorded = 0
        while done < end:
            k = done + 1
            t = first_t + done
            phase = t % period
            alpha, beta1_k = step_size(k, lr, lr_rate), momentum(k, beta1, beta1_rate)
            c = coefficients(k, alpha, beta1_k, h, real)
            if recorded < records.step.size and records.step[recorded] == k:
                f = select(t, phase, p)
                r = loss(f, x, p) - loss(f, x_star, p)
                new_memory, delta = update(memory, gradient(f, x, p), c)
                total = RegretSum(regret.total, regret.error, regret.open + np.float64(r))
                records.x[recorded] = x
                records.regret[recorded] = r
                records.average_regret[recorded] = value(total) / k
                if hindsight:
                    slope = np.float64(gradient(f, x_star, p))
                    slope_sum = value(RegretSum(slopes.total, slopes.error, slopes.open + slope))
                    records.average_hindsight_regret[recorded] = (
                        against_hindsight(value(total), slope_sum, x_star, lower, upper) / k
                    )
                recorded += 1
                finite = np.isfinite(x) and np.isfinite(r) and np.isfinite(delta)
                for entry in new_memory:
                    finite = finite and np.isfinite(entry)
                if not finite:
                    end = k  # take this last step

            stop = stretch_end(done, end, settled, records.step, recorded)
            varies = decays or k < settled
            open_block, open_slopes = regret.open, slopes.open
            for k in range(done + 1, stop + 1):
                if varies:
                    alpha, beta1_k = step_size(k, lr, lr_rate), momentum(k, beta1, beta1_rate)
                    c = coefficients(k, alpha, beta1_k, h, real)
                f = select(t, phase, p)
                open_block += np.float64(loss(f, x, p) - loss(f, x_star, p))
                if hindsight:
                    open_slopes += np.float64(gradient(f, x_star, p))
                memory, delta = update(memory, gradient(f, x, p), c)
                x = min(max(x - delta, lower), upper)
                t += 1
                phase = phase + 1 if phase + 1 < period else 0
            done = stop
            regret = RegretSum(regret.total, regret.error, open_block)
            slopes = RegretSum(slopes.total, slopes.error, open_slopes)
            if done % BLOCK == 0:
                regret, slopes = close_block(regret), close_block(slopes)
        for i in range(len(memory)):
            memory_out[i] = memory[i]
        # Plain numbers: to return a NamedTuple numba calls its class, and a Ctrl-C that Python
        # raises there is a segmentation fault.
        return (
            done, x, finite, recorded,
            regret.total, regret.error, regret.open, slopes.total, slopes.error, slopes.open,
        )  # fmt: skip

    return compile_loop(advance)
