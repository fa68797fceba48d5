"""An oracle that imports nothing of ours: Adam and AMSGrad on the online problem, as in a textbook.

Double precision, plain Python, every formula as the papers and the libraries print it: the
corrections as mhat and vhat, the regret as a difference of losses, its sum by math.fsum.
"""

import math


def run(
    *,
    amsgrad,
    semantics,
    lr,
    beta1,
    beta2,
    eps,
    steps,
    decay=False,
    first_t=0,
    x0=0.0,
    period=101,
    big=1010.0,
    small=-10.0,
    x_star=-1.0,
):
    """One dict a step: x before it, its regret, the average regret; m, v, vmax and x after it."""
    x, m, v, vmax = x0, 0.0, 0.0, 0.0
    regrets, rows = [], []
    for k in range(1, steps + 1):
        t = first_t + k - 1

        def f(point, t=t):
            return big * point if t % period == 1 else small * point

        g = big if t % period == 1 else small
        regrets.append(f(x) - f(x_star))
        row = {"x": x, "regret": regrets[-1], "average_regret": math.fsum(regrets) / k}
        alpha = lr / math.sqrt(k) if decay else lr
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        vmax = max(vmax, v)
        second = vmax if amsgrad else v
        mhat = m / (1 - beta1**k)
        if semantics == "torch":
            x -= alpha * mhat / (math.sqrt(second / (1 - beta2**k)) + eps)
        else:  # labml: eps joins the root before its correction
            x -= alpha * mhat * math.sqrt(1 - beta2**k) / (math.sqrt(second) + eps)
        x = max(-1.0, min(1.0, x))
        rows.append({**row, "m": m, "v": v, "vmax": vmax, "x_after": x})
    return rows
