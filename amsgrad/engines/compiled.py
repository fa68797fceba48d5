"""The fast engine: rule, problem and schedule compiled by numba into one loop."""

import hashlib
import inspect
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, no_type_check

import numba
import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

import amsgrad
from amsgrad.engines import state as scalar
from amsgrad.engines.contract import Records, Setup
from amsgrad.engines.state import State
from amsgrad.regret import BLOCK, RegretSum, against_hindsight, close_block, value
from amsgrad.rules.rule import Rule
from amsgrad.schedules import constant

# Division by zero gives inf or nan, as numpy's does, instead of a branch before each division.
# No fastmath: it would reorder the rule's operations, and change the bits.
ERROR_MODEL: Final = "numpy"


class Compiled:
    """A few nanoseconds a step, and the same bits as `Reference`."""

    def __init__(self, setup: Setup, rule: Rule):
        self.setup = setup
        self.rule = rule
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

    def init(self) -> State:
        return scalar.initial(self.setup, self.rule)

    def advance(
        self, state: State, steps: int, record_at: NDArray[np.int64]
    ) -> tuple[State, Records]:
        real = self.setup.dtype
        records = Records.empty(record_at.size)
        records.step[:] = record_at
        with np.errstate(all="ignore"):  # for NUMBA_DISABLE_JIT; compiled code does not warn
            done, x, memory, regret, slopes, finite, recorded = self._kernel(
                *state, state.steps + steps, records, *self._constants
            )
        # numba hands scalars back as Python floats
        memory = self.rule.memory(*map(real, memory))
        end = State(done, real(x), memory, RegretSum(*regret), RegretSum(*slopes), finite)
        return end, records.part(0, recorded)

    def dump(self, state: State) -> dict[str, NDArray[Any]]:
        return scalar.dump(state)

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> State:
        return scalar.load(arrays, self.rule)


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
    """The loop of `Reference.advance` for these functions.

    It is cut into stretches inside which no step is recorded, no block of the regret closes, and
    either every step or no step needs coefficients of its own.
    """
    functions = (coefficients, update, select, loss, gradient, step_size, momentum)
    for function in (*functions, against_hindsight, close_block, value):
        _register(function)
    decays = step_size is not constant or momentum is not constant

    @no_type_check
    def advance(
        done, x, memory, regret, slopes, finite, end, records,
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

            stop = min(end, (done // BLOCK + 1) * BLOCK)
            if recorded < records.step.size:
                stop = min(stop, records.step[recorded] - 1)
            varies = decays or k < settled
            if k < settled:
                stop = min(stop, settled - 1)

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
        return done, x, memory, regret, slopes, finite, recorded

    # numba's cache watches this file alone. A digest of all the sources that go into the loop is
    # part of its name, so that an edited rule is compiled again, never answered from the cache.
    advance.__qualname__ = f"advance_{_source_digest(functions)}"
    return numba.njit(cache=True, error_model=ERROR_MODEL)(advance)


def _register(function: Callable[..., Any]) -> None:
    """Make a plain function, and the plain functions that it calls, callable from compiled code."""
    for callee in inspect.getclosurevars(function).globals.values():
        if inspect.isfunction(callee):
            _register(callee)
    register_jitable(error_model=ERROR_MODEL)(function)


def _source_digest(functions: tuple[Callable[..., Any], ...]) -> str:
    files = set(Path(amsgrad.__file__).parent.rglob("*.py"))
    files.update(Path(inspect.getfile(function)) for function in functions)
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.read_bytes())
    names = "/".join(f"{f.__module__}.{f.__qualname__}" for f in functions)
    digest.update(names.encode())
    return digest.hexdigest()[:16]
