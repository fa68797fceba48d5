"""Slopes of a given period and size on which a rule fails, by simulated annealing.

The goal is the least D / sum |d| over integers with S >= 1 and |g| <= most. What is found is an
upper bound: a shorter or smaller counterexample may have been missed. One try walks from its start
through so many moves; worse slopes are taken with the probability exp(-rise / temperature), and the
temperature falls in equal ratios (Kirkpatrick, Gelatt and Vecchi, Science 220, 1983).
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple, no_type_check

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.search.balls import Floats
from amsgrad.search.families import small_runs
from amsgrad.search.measure import LEAST, measure, measured, numbers

TRIES, MOVES = 8, 20_000
HOT, COLD = 0.02, 1e-5  # temperatures, as shares of how far D / sum |d| may go
RUNS = 4  # in the start of every other try


class Annealed(NamedTuple):
    """How far the tries have come; they can go on from there."""

    tries: int = 0
    ratio: float = 0.0  # the least D / sum |d|
    best: tuple[int, ...] | None = None  # the slopes that have it, if that is below -LEAST


def annealed(
    form: Form,
    period: int,
    most: int,
    seed: int,
    since: Annealed,
    like: tuple[int, ...] | None = None,
) -> Iterator[Annealed]:
    """Search slopes with |g| <= most; yield how far it has come, after each of TRIES tries.

    Args:
        form: with a moving average.
        period: 2 or more.
        most: 1 or more.
        seed: of the starts and the moves.
        since: where to begin.
        like: slopes of another period, whose shape every third try begins with.
    """
    for k in range(since.tries, TRIES):
        generator = np.random.default_rng([seed, period, most, k])
        if k == 0:
            start = _structured(form, period, most)
        elif k % 3 == 1 and like is not None:
            start = np.array(like, float)[np.arange(period) * len(like) // period]
        elif k % 3 == 2:
            start = generator.integers(-most, most + 1, period).astype(float)
        else:
            runs = np.sort(generator.integers(0, RUNS, period))
            start = generator.integers(-most, most + 1, RUNS).astype(float)[runs]
        while start.sum() < 1:
            i = generator.integers(period)
            start[i] = min(most, start[i] + max(1, most // 8))
        far = min(1.0, period * (1 - form.beta2))  # of that order is what w changes within a period
        ratio, slopes = _walk()(
            start, float(most), MOVES, HOT * far, COLD * far, generator, numbers(form)
        )
        since = since._replace(tries=k + 1)
        if ratio < min(since.ratio, -LEAST):
            since = Annealed(k + 1, float(ratio), tuple(map(int, slopes)))
        yield since


def _structured(form: Form, period: int, most: int) -> Floats:
    def ratio(g: Floats) -> float:
        d, size = measure(form, g)
        return d / size if size > 0 else np.inf

    ones = np.repeat([1.0, 0.0], [1, period - 1])
    return min(small_runs(period, most), key=ratio, default=ones)


@cache
def _walk() -> Any:
    from amsgrad.engines.jit import compile_loop, make_callable

    make_callable(measured, move)

    @no_type_check
    def walk(start, most, moves, hot, cold, generator, form):
        g, old, best = start.copy(), start.copy(), start.copy()
        work = np.empty((2, g.size))
        total, size = measured(g, work, form)
        now = total / size
        least = now
        for step in range(moves):
            old[:] = g
            move(g, most, generator)
            s, largest = 0.0, 0.0
            for x in g:
                s += x
                largest = max(largest, abs(x))
            rise = 0.0
            taken = s >= 1.0 and largest <= most
            if taken:
                total, size = measured(g, work, form)
                rise = total / size - now
                heat = hot * (cold / hot) ** (step / moves)
                taken = rise <= 0.0 or generator.random() < np.exp(-rise / heat)  # not if NaN
            if taken:
                now += rise
                if now < least:
                    least = now
                    best[:] = g
            else:
                g[:] = old
        return least, best

    return compile_loop(walk)


@no_type_check
def move(g, most, generator):
    """Change some slopes: one by 1, two against one another, or a whole run."""
    kind = generator.random()
    i, j = generator.integers(0, g.size), generator.integers(0, g.size)
    one = 1.0 if generator.random() < 0.5 else -1.0
    if kind < 0.3:
        g[i] += one
    elif kind < 0.5:
        g[i] += one
        g[j] -= one
    elif kind < 0.65:
        g[i], g[j] = g[j], g[i]
    elif kind < 0.75:
        g[i] = generator.integers(-int(most), int(most) + 1)
    elif kind < 0.85:  # one slope goes elsewhere
        x = g[i]
        side = 1 if i < j else -1
        while i != j:
            g[i] = g[i + side]
            i += side
        g[j] = x
    else:  # a run takes the value before it
        for k in range(1, generator.integers(2, max(3, g.size // 4 + 1))):
            g[(i + k) % g.size] = g[i]
