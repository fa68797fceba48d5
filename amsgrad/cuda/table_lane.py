"""The loop of `lane.py` for linear losses in order and a constant step, with `Batch`'s table.

Once the memory after a period is the memory before it, bit for bit, what each step takes from x
repeats with the period. It is then in a table, and a step is x = clip(x - table[phase]).
"""

from typing import Any, no_type_check

import numpy as np

from amsgrad.cuda.parts import Parts
from amsgrad.engines.jit import make_callable, named, stretch_end
from amsgrad.regret import BLOCK, RegretSum, close_block, value
from amsgrad.rules.rule import NEVER


def make_table_lane(parts: Parts) -> Any:
    """Return the loop; beside the arguments of `make_lane`'s it has a table.

    The table holds the phases of a run `width` numbers apart, from `slot` on.
    """
    coefficients, update, select, loss, gradient, step_size, momentum = parts.functions
    real = parts.real
    accessors = parts.accessors()
    memory_of, keep, parameters_of, hyper_of, settled_hyper_of = accessors

    @no_type_check
    def lane(
        i, done, end, first_t, period, settled, lower, upper, x_star,
        reals, doubles, words, step, records, table, width, slot,
    ):  # fmt: skip
        x = reals[0, i]
        memory = memory_of(reals, doubles, words, i)
        p = parameters_of(reals, doubles, words, i)
        h = hyper_of(reals, doubles, words, i)
        later_h = settled_hyper_of(reals, doubles, words, i)
        regret = RegretSum(doubles[0, i], doubles[1, i], doubles[2, i])
        lr, lr_rate = doubles[6, i], doubles[7, i]
        beta1, beta1_rate = doubles[8, i], doubles[9, i]
        # at a constant step these are the coefficients of every settled step
        alpha, beta1_k = step_size(NEVER, lr, lr_rate), momentum(NEVER, beta1, beta1_rate)
        later_c = coefficients(NEVER, alpha, beta1_k, later_h, real)
        finite = words[0, i] != 0
        recorded = 0
        on_table, wait = False, period
        start = max(done, settled)
        next_try = start + (-(first_t + start)) % period
        while done < end:
            k = done + 1
            t = first_t + done
            phase = np.int32(t % period)
            if done == next_try:
                if not on_table and end - done > period:
                    at = slot
                    after = memory
                    repeats = True
                    for q in range(np.int32(0), np.int32(period)):
                        after, delta = update(after, gradient(select(q, q, p), x_star, p), later_c)
                        table[at] = delta
                        at = np.uint32(at + width)
                        repeats = repeats and np.isfinite(delta)
                    for j in range(len(after)):
                        same = after[j] == memory[j] and np.signbit(after[j]) == np.signbit(
                            memory[j]
                        )
                        repeats = repeats and same and np.isfinite(after[j])
                    on_table = repeats
                next_try += wait
                wait *= 2
            if recorded < step.size and step[recorded] == k:
                f = select(t, phase, p)
                r = loss(f, x, p) - loss(f, x_star, p)
                total = value(RegretSum(regret.total, regret.error, regret.open + np.float64(r)))
                records[0, recorded, i] = x
                records[1, recorded, i] = r
                records[2, recorded, i] = total / k
                recorded += 1
                finite = finite and np.isfinite(x) and np.isfinite(r)
                if not on_table:  # there the memory is finite
                    c = later_c if k >= settled else coefficients(k, alpha, beta1_k, h, real)
                    new_memory, delta = update(memory, gradient(f, x, p), c)
                    finite = finite and np.isfinite(delta)
                    for entry in new_memory:
                        finite = finite and np.isfinite(entry)
            stop = stretch_end(done, end, settled, step, recorded)
            if not on_table and next_try > done:
                stop = min(stop, next_try)
            open_block = regret.open
            while done < stop:
                # the rest of the stretch, or of the period
                last = np.int32(phase + min(stop - done, period - phase))
                if on_table:
                    at = np.uint32(np.uint32(phase) * width + slot)
                    for q in range(phase, last):
                        f = select(t, q, p)
                        open_block += np.float64(loss(f, x, p) - loss(f, x_star, p))
                        x = min(max(x - table[at], lower), upper)
                        at = np.uint32(at + width)
                        t += 1
                elif k < settled:
                    for q in range(phase, last):
                        c = coefficients(t - first_t + 1, alpha, beta1_k, h, real)
                        f = select(t, q, p)
                        open_block += np.float64(loss(f, x, p) - loss(f, x_star, p))
                        memory, delta = update(memory, gradient(f, x, p), c)
                        x = min(max(x - delta, lower), upper)
                        t += 1
                else:
                    for q in range(phase, last):
                        f = select(t, q, p)
                        open_block += np.float64(loss(f, x, p) - loss(f, x_star, p))
                        memory, delta = update(memory, gradient(f, x, p), later_c)
                        x = min(max(x - delta, lower), upper)
                        t += 1
                done += last - phase
                phase = np.int32(0)
            regret = RegretSum(regret.total, regret.error, open_block)
            if done % BLOCK == 0:
                regret = close_block(regret)
        if on_table:  # the memory stands where a period begins: bring it to where x is
            for q in range(np.int32(0), np.int32((first_t + done) % period)):
                memory, delta = update(memory, gradient(select(q, q, p), x_star, p), later_c)
        reals[0, i] = x
        keep(reals, i, memory)
        doubles[0, i], doubles[1, i], doubles[2, i] = regret.total, regret.error, regret.open
        words[0, i] = finite

    make_callable(*parts.functions, *accessors)
    make_callable(close_block, value, stretch_end)
    return named(lane)
