"""The loop of `Compiled` for run i of n: one thread of the device.

Each stretch of steps (`stretch_end`) is walked in the quickest of three ways, with the same bits:

- Before the last settling step each step has coefficients of its own, with powers.
- Later, where step size or beta1 depend on the step, the coefficients are computed as if the step
  were `NEVER`: LLVM then sees that no power is needed.
- Later, at a constant step, they are computed once.
"""

from typing import Any, no_type_check

import numpy as np

from amsgrad.cuda.parts import Parts
from amsgrad.engines.jit import make_callable, named, stretch_end
from amsgrad.regret import BLOCK, RegretSum, against_hindsight, close_block, value
from amsgrad.rules.rule import NEVER


def make_lane(parts: Parts) -> Any:
    """Return the loop, a plain function in numba's subset of Python; it writes into its arguments.

    Arguments of the loop: the number of the run; the steps taken before and after; first t, period,
    largest settling step; lower, upper and x*; the buffers of `columns.py`; the steps to record,
    and their records, (quantity, step, run).
    """
    coefficients, update, select, loss, gradient, step_size, momentum = parts.functions
    real, hindsight, decays, at_rest = parts.real, parts.hindsight, parts.decays, parts.at_rest
    accessors = parts.accessors()
    memory_of, keep, parameters_of, hyper_of, settled_hyper_of = accessors

    @no_type_check
    def take(t, phase, x, memory, open_block, open_slopes, c, p, lower, upper, x_star):
        f = select(t, phase, p)
        open_block += np.float64(loss(f, x, p) - loss(f, x_star, p))
        if hindsight:
            open_slopes += np.float64(gradient(f, x_star, p))
        memory, delta = update(memory, gradient(f, x, p), c)
        return min(max(x - delta, lower), upper), memory, open_block, open_slopes

    named(take)
    make_callable(*parts.functions, *accessors)
    make_callable(take, against_hindsight, close_block, value, stretch_end)

    @no_type_check
    def lane(
        i, done, end, first_t, period, settled, lower, upper, x_star,
        reals, doubles, words, step, records,
    ):  # fmt: skip
        x = reals[0, i]
        memory = memory_of(reals, doubles, words, i)
        p = parameters_of(reals, doubles, words, i)
        h = hyper_of(reals, doubles, words, i)
        later_h = settled_hyper_of(reals, doubles, words, i)
        regret = RegretSum(doubles[0, i], doubles[1, i], doubles[2, i])
        slopes = RegretSum(doubles[3, i], doubles[4, i], doubles[5, i])
        lr, lr_rate = doubles[6, i], doubles[7, i]
        beta1, beta1_rate = doubles[8, i], doubles[9, i]
        finite = words[0, i] != 0
        recorded = 0
        while done < end:
            k = done + 1
            t = first_t + done
            # a division of 64 bits is some 70 instructions, but there is one a stretch
            phase = np.int32(0 if at_rest else t % period)
            alpha, beta1_k = step_size(k, lr, lr_rate), momentum(k, beta1, beta1_rate)
            if k < settled:
                c = coefficients(k, alpha, beta1_k, h, real)
            else:
                c = coefficients(NEVER, alpha, beta1_k, later_h, real)
            if recorded < step.size and step[recorded] == k:
                f = select(t, phase, p)
                r = loss(f, x, p) - loss(f, x_star, p)
                total = value(RegretSum(regret.total, regret.error, regret.open + np.float64(r)))
                records[0, recorded, i] = x
                records[1, recorded, i] = r
                records[2, recorded, i] = total / k
                if hindsight:
                    slope = np.float64(gradient(f, x_star, p))
                    slope_sum = value(RegretSum(slopes.total, slopes.error, slopes.open + slope))
                    records[3, recorded, i] = (
                        against_hindsight(total, slope_sum, x_star, lower, upper) / k
                    )
                recorded += 1
                new_memory, delta = update(memory, gradient(f, x, p), c)
                finite = finite and np.isfinite(x) and np.isfinite(r) and np.isfinite(delta)
                for entry in new_memory:
                    finite = finite and np.isfinite(entry)
            stop = stretch_end(done, end, settled, step, recorded)
            open_block, open_slopes = regret.open, slopes.open
            while done < stop:
                # the rest of the stretch, or of the period: inside it a phase needs no look at the
                # end of the period
                left = stop - done
                if not at_rest:
                    left = min(left, period - phase)
                last = np.int32(phase + left)
                if k < settled:
                    for q in range(phase, last):
                        k = t - first_t + 1
                        alpha, beta1_k = step_size(k, lr, lr_rate), momentum(k, beta1, beta1_rate)
                        c = coefficients(k, alpha, beta1_k, h, real)
                        x, memory, open_block, open_slopes = take(
                            t, np.int32(0) if at_rest else q, x, memory, open_block, open_slopes,
                            c, p, lower, upper, x_star,
                        )  # fmt: skip
                        t += 1
                elif decays:
                    for q in range(phase, last):
                        k = t - first_t + 1
                        alpha, beta1_k = step_size(k, lr, lr_rate), momentum(k, beta1, beta1_rate)
                        c = coefficients(NEVER, alpha, beta1_k, later_h, real)
                        x, memory, open_block, open_slopes = take(
                            t, np.int32(0) if at_rest else q, x, memory, open_block, open_slopes,
                            c, p, lower, upper, x_star,
                        )  # fmt: skip
                        t += 1
                else:
                    for q in range(phase, last):
                        x, memory, open_block, open_slopes = take(
                            t, np.int32(0) if at_rest else q, x, memory, open_block, open_slopes,
                            c, p, lower, upper, x_star,
                        )  # fmt: skip
                        t += 1
                done += left
                phase = np.int32(0)
            regret = RegretSum(regret.total, regret.error, open_block)
            slopes = RegretSum(slopes.total, slopes.error, open_slopes)
            if done % BLOCK == 0:
                regret, slopes = close_block(regret), close_block(slopes)
        reals[0, i] = x
        keep(reals, i, memory)
        doubles[0, i], doubles[1, i], doubles[2, i] = regret.total, regret.error, regret.open
        doubles[3, i], doubles[4, i], doubles[5, i] = slopes.total, slopes.error, slopes.open
        words[0, i] = finite

    return named(lane)
