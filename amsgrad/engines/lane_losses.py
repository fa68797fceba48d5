"""The losses of many lanes at once, by the problems' own functions, compiled."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, no_type_check

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.base import Setup
from amsgrad.engines.batch_kernel import columns_of, reader
from amsgrad.engines.jit import compile_loop, make_callable
from amsgrad.problems.problem import Problem

Floats = NDArray[Any]  # of the run's precision


def is_linear(problem: Problem) -> bool:
    """Return whether a loss is its slope times x, so that what is shown does not depend on x."""
    return problem.gradient is Problem.gradient and problem.loss is Problem.loss


class LaneLosses:
    """What each lane is shown at each step.

    Lanes of one class of problem, one order, one period and one first t are computed in one call.

    Args:
        setups: of the lanes; all have one dtype.
    """

    def __init__(self, setups: Sequence[Setup]) -> None:
        self._lanes = len(setups)
        self._real = real = setups[0].dtype
        self.x_star = np.array([setup.problem.x_star for setup in setups], real)
        alike: dict[Any, list[int]] = {}
        for i, setup in enumerate(setups):
            key = type(setup.problem), setup.problem.select, setup.problem.period, setup.first_t
            alike.setdefault(key, []).append(i)
        self._parts = []
        for (_, select, period, first_t), places in alike.items():
            problem = setups[places[0]].problem
            numbers = [setups[i].problem.parameters(real) for i in places]
            of: Any = type(numbers[0])
            slopes = _compile_slopes(select, of)
            losses = _compile_losses(select, problem.loss, problem.gradient, of)
            part = np.array(places), first_t, period, columns_of(numbers), slopes, losses
            self._parts.append(part)

    def slopes(self, done: int, steps: int) -> Floats:
        """Return the slopes of linear losses at the steps after `done`, a row per step."""
        found = np.empty((steps, self._lanes), self._real)
        with np.errstate(over="ignore"):  # for NUMBA_DISABLE_JIT: random draws wrap modulo 2^64
            for at, first_t, period, numbers, slopes, _ in self._parts:
                own = np.empty((steps, at.size), self._real)
                slopes(first_t + done, period, own, numbers)
                found[:, at] = own
        return found

    def at(self, done: int, x: Floats) -> tuple[Floats, Floats, Floats]:
        """Return gradient and regret at x, and the gradient at x*, of the step after `done`."""
        found = np.empty((3, self._lanes), self._real)
        with np.errstate(all="ignore"):
            for at, first_t, period, numbers, _, losses in self._parts:
                own = np.empty((3, at.size), self._real)
                losses(first_t + done, period, x[at], self.x_star[at], *own, numbers)
                found[:, at] = own
        gradient, regret, slope = found
        return gradient, regret, slope


@cache
def _compile_slopes(select: Callable[..., Any], parameters_type: Any) -> Any:
    parameters_of = reader(parameters_type)
    make_callable(select, parameters_of)

    @no_type_check
    def slopes(t, period, found, numbers):
        phase = t % period
        for step in range(found.shape[0]):
            for i in range(found.shape[1]):
                found[step, i] = select(t, phase, parameters_of(numbers, i))
            t += 1
            phase = phase + 1 if phase + 1 < period else 0

    return compile_loop(slopes)


@cache
def _compile_losses(
    select: Callable[..., Any],
    loss: Callable[..., Any],
    gradient: Callable[..., Any],
    parameters_type: Any,
) -> Any:
    parameters_of = reader(parameters_type)
    make_callable(select, loss, gradient, parameters_of)

    @no_type_check
    def losses(t, period, x, x_star, gradients, regrets, slopes, numbers):
        phase = t % period
        for i in range(x.size):
            p = parameters_of(numbers, i)
            f = select(t, phase, p)
            gradients[i] = gradient(f, x[i], p)
            regrets[i] = loss(f, x[i], p) - loss(f, x_star[i], p)
            slopes[i] = gradient(f, x_star[i], p)

    return compile_loop(losses)
