"""The loop of `Batch`: that of `Compiled`, with each step taken for all runs (the lanes).

Some paths through it are quicker than the plain one, with the same bits:

- Where all runs have one step size and one set of hyper-parameters, coefficients are computed once.
- From the last settling step on, the coefficients of each run are computed as if the step were
  `NEVER`, without powers, so that LLVM can use vector instructions; at a constant step, not at all.
- Of linear losses with a period the gradients do not depend on x, and at a constant step neither do
  the memory and what is taken from x. Once the memory after a period is the memory before it, bit
  for bit, these numbers are in a table: a step is x = clip(x - table).
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, no_type_check

import numpy as np

from amsgrad.engines.jit import compile_loop, make_callable, named, stretch_end
from amsgrad.regret import BLOCK, RegretSum, against_hindsight, close_block, value
from amsgrad.rules.rule import NEVER
from amsgrad.schedules import constant

LONGEST_TABLE = 4096  # steps


@cache
def compile_lanes(
    coefficients: Callable[..., Any],
    update: Callable[..., Any],
    select: Callable[..., Any],
    loss: Callable[..., Any],
    gradient: Callable[..., Any],
    step_size: Callable[..., Any],
    momentum: Callable[..., Any],
    real: Any,
    hindsight: bool,
    tabled: bool,
    memory_type: Any,
    parameters_type: Any,
    coefficients_type: Any,
    hyper_type: Any,
) -> Any:
    """Compile the loop for these functions; it writes into its arguments.

    Args:
        hyper_type: None where lr, rates, beta1 and h are one number each, for all lanes.
    """
    decays = step_size is not constant or momentum is not constant
    alike = hyper_type is None
    memory_of, keep = reader(memory_type), writer(memory_type)
    parameters_of = reader(parameters_type)
    coefficients_of, keep_coefficients = reader(coefficients_type), writer(coefficients_type)
    hyper_of = named(lambda h, i: h) if alike else reader(hyper_type)
    # with a settling step of 0 LLVM sees that no power is needed
    settled_hyper_of = hyper_of if alike else reader(hyper_type, settled="0")
    make_callable(coefficients, update, select, loss, gradient, step_size, momentum)
    make_callable(against_hindsight, close_block, value, stretch_end)
    make_callable(memory_of, keep, parameters_of, coefficients_of, keep_coefficients)
    make_callable(hyper_of, settled_hyper_of)

    # Each walk is a function of its own: as a part of `advance` LLVM would prove at each step, for
    # 25 to 50 ns, that the arrays do not overlap; here it does so once a stretch. None is a numba
    # dispatcher: a loop that calls one is never found in numba's cache.

    @no_type_check
    def walk_alike(
        done, stop, varies, x, memory, open_blocks, open_slopes,
        lr, lr_rate, beta1, beta1_rate, h, numbers, first_t, period, lower, upper, x_star,
    ):  # fmt: skip
        lanes = x.size
        t = first_t + done
        phase = t % period
        k = done + 1
        c = coefficients(k, step_size(k, lr, lr_rate), momentum(k, beta1, beta1_rate), h, real)
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

    @no_type_check
    def walk_own(
        done, stop, c, x, memory, open_blocks, open_slopes, numbers, first_t, period,
        lower, upper, x_star,
    ):  # fmt: skip
        lanes = x.size
        t = first_t + done
        phase = t % period
        for _ in range(done, stop):
            for i in range(lanes):
                p = parameters_of(numbers, i)
                f = select(t, phase, p)
                open_blocks[i] += np.float64(loss(f, x[i], p) - loss(f, x_star, p))
                if hindsight:
                    open_slopes[i] += np.float64(gradient(f, x_star, p))
                own = coefficients_of(c, i)
                new_memory, delta = update(memory_of(memory, i), gradient(f, x[i], p), own)
                keep(memory, i, new_memory)
                x[i] = min(max(x[i] - delta, lower), upper)
            t += 1
            phase = phase + 1 if phase + 1 < period else 0

    @no_type_check
    def walk_table(
        done, stop, table, x, open_blocks, numbers, first_t, period, lower, upper, x_star
    ):  # fmt: skip
        lanes = x.size
        t = first_t + done
        phase = t % period
        for _ in range(done, stop):
            for i in range(lanes):
                p = parameters_of(numbers, i)
                f = select(t, phase, p)
                open_blocks[i] += np.float64(loss(f, x[i], p) - loss(f, x_star, p))
                x[i] = min(max(x[i] - table[phase, i], lower), upper)
            t += 1
            phase = phase + 1 if phase + 1 < period else 0

    @no_type_check
    def set_coefficients(k, c, settled, lr, lr_rate, beta1, beta1_rate, h):
        if k >= settled:
            for i in range(lr.size):
                alpha = step_size(k, lr[i], lr_rate[i])
                beta1_k = momentum(k, beta1[i], beta1_rate[i])
                own = settled_hyper_of(h, i)
                keep_coefficients(c, i, coefficients(NEVER, alpha, beta1_k, own, real))
        else:
            for i in range(lr.size):
                alpha = step_size(k, lr[i], lr_rate[i])
                beta1_k = momentum(k, beta1[i], beta1_rate[i])
                keep_coefficients(c, i, coefficients(k, alpha, beta1_k, hyper_of(h, i), real))

    @no_type_check
    def fill_table(table, c, memory, numbers, x_star, phases):
        # what the first so many phases of a period take from x, and the memory after them
        repeats = True
        for i in range(table.shape[1]):
            p = parameters_of(numbers, i)
            own = coefficients_of(c, i)
            before = memory_of(memory, i)
            after = before
            for phase in range(phases):
                f = select(phase, phase, p)
                after, table[phase, i] = update(after, gradient(f, x_star, p), own)
                repeats = repeats and np.isfinite(table[phase, i])
            for j in range(len(after)):
                same = after[j] == before[j] and np.signbit(after[j]) == np.signbit(before[j])
                repeats = repeats and same and np.isfinite(after[j])
            if phases < table.shape[0]:
                keep(memory, i, after)
        return repeats

    for function in (walk_alike, walk_own, walk_table, set_coefficients, fill_table):
        make_callable(named(function))

    @no_type_check
    def advance(
        done, x, memory, regret, slopes, finite, end, records,
        lr, lr_rate, beta1, beta1_rate, h, c, settled,
        numbers, first_t, period, lower, upper, x_star,
    ):  # fmt: skip
        lanes = x.size
        recorded = 0
        table = np.empty((period if tabled and period <= LONGEST_TABLE else 0, lanes), x.dtype)
        on_table, wait = False, period
        next_try = max(done, settled) + (-(first_t + max(done, settled))) % period
        while done < end:
            k = done + 1
            t = first_t + done
            phase = t % period
            if alike:
                alpha, beta1_k = step_size(k, lr, lr_rate), momentum(k, beta1, beta1_rate)
                shared = coefficients(k, alpha, beta1_k, h, real)
                if tabled:
                    for i in range(lanes):
                        keep_coefficients(c, i, shared)
            elif not on_table:
                set_coefficients(k, c, settled, lr, lr_rate, beta1, beta1_rate, h)
            if (
                tabled
                and not on_table
                and done == next_try
                and table.shape[0]
                and end - done > period
            ):
                on_table = fill_table(table, c, memory, numbers, x_star, period)
                next_try += wait
                wait *= 2

            if recorded < records.step.size and records.step[recorded] == k:
                for i in range(lanes):
                    p = parameters_of(numbers, i)
                    f = select(t, phase, p)
                    r = loss(f, x[i], p) - loss(f, x_star, p)
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
                    met = np.isfinite(x[i]) and np.isfinite(r)
                    if not on_table:  # there the memory is finite
                        own = shared if alike else coefficients_of(c, i)
                        new_memory, delta = update(memory_of(memory, i), gradient(f, x[i], p), own)
                        met = met and np.isfinite(delta)
                        for entry in new_memory:
                            met = met and np.isfinite(entry)
                    finite[i] = finite[i] and met
                recorded += 1

            stop = stretch_end(done, end, settled, records.step, recorded)
            if tabled and not on_table and next_try > done:
                stop = min(stop, next_try)
            if on_table:
                walk_table(
                    done, stop, table, x, regret.open, numbers, first_t, period,
                    lower, upper, x_star,
                )  # fmt: skip
            elif alike:
                varies = decays or k < settled
                walk_alike(
                    done, stop, varies, x, memory, regret.open, slopes.open,
                    lr, lr_rate, beta1, beta1_rate, h, numbers, first_t, period,
                    lower, upper, x_star,
                )  # fmt: skip
            elif decays or k < settled:
                for k in range(done + 1, stop + 1):
                    set_coefficients(k, c, settled, lr, lr_rate, beta1, beta1_rate, h)
                    walk_own(
                        k - 1, k, c, x, memory, regret.open, slopes.open, numbers, first_t, period,
                        lower, upper, x_star,
                    )  # fmt: skip
            else:
                walk_own(
                    done, stop, c, x, memory, regret.open, slopes.open, numbers, first_t, period,
                    lower, upper, x_star,
                )  # fmt: skip
            done = stop
            if done % BLOCK == 0:
                for s in (regret, slopes):
                    closed = close_block(s)
                    s.total[:], s.error[:], s.open[:] = closed.total, closed.error, 0.0
        if on_table:  # the memory stands where a period begins: bring it to where x is
            fill_table(table, c, memory, numbers, x_star, (first_t + done) % period)

    return compile_loop(advance)


def columns_of(rows: Sequence[Any]) -> Any:
    """Return a NamedTuple of arrays, run by run, from NamedTuples of numbers or of arrays.

    The numbers of one step lie side by side, where a step of all runs finds them.
    """
    cls: Any = type(rows[0])
    return cls(*(np.array(column, order="F") for column in zip(*rows, strict=True)))


def reader(cls: type[Any], **fixed: str) -> Any:
    """Return `lambda columns, i: cls(*(column[i] for column in columns))`, in numba's subset."""
    entries = [fixed.get(name, f"columns[{j}][i]") for j, name in enumerate(cls._fields)]
    read = eval(f"lambda columns, i: cls({', '.join(entries)})", {"cls": cls})
    return named(read, cls, fixed)


def writer(cls: type[Any]) -> Any:
    """Return the inverse: `for column, entry in zip(columns, row): column[i] = entry`, likewise."""
    lines = [f"    columns[{j}][i] = row[{j}]" for j in range(len(cls._fields))]
    names: dict[str, Any] = {}
    exec("\n".join(["def write(columns, i, row):", *lines]), names)
    return named(names["write"], cls)
