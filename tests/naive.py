"""An oracle that imports none of our code: textbook Adam and AMSGrad on the online problem.

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
    schedule="constant",
    schedule_rate=0.0,
    beta1_schedule="constant",
    beta1_rate=0.0,
    first_t=0,
    x0=0.0,
    period=101,
    big=1010.0,
    small=-10.0,
    x_star=-1.0,
):
    """Return a dict per step: x before it, its regret, their average; m, v, vmax and x after it."""
    x, m, v, vmax = x0, 0.0, 0.0, 0.0
    regrets, rows = [], []
    for k in range(1, steps + 1):
        t = first_t + k - 1

        def f(point, t=t):
            return big * point if t % period == 1 else small * point

        g = big if t % period == 1 else small
        regrets.append(f(x) - f(x_star))
        row = {"x": x, "regret": regrets[-1], "average_regret": math.fsum(regrets) / k}
        alpha = {
            "constant": lr,
            "inverse_sqrt": lr / k**0.5,
            "shifted_inverse_sqrt": lr / (1 + schedule_rate * k) ** 0.5,
            "inverse_power": lr / k**schedule_rate,
        }[schedule]
        b1 = {
            "constant": beta1,
            "exponential": beta1 * beta1_rate ** (k - 1),
            "harmonic": beta1 / k,
        }[beta1_schedule]
        m = b1 * m + (1 - b1) * g
        v = beta2 * v + (1 - beta2) * g**2
        mhat, vhat = m / (1 - b1**k), v / (1 - beta2**k)
        vmax = max(vmax, vhat if semantics == "optax" else v)
        if semantics == "paper":
            x -= alpha * m / (math.sqrt(vmax if amsgrad else v) + eps)
        elif semantics == "torch":
            second = vmax / (1 - beta2**k) if amsgrad else vhat
            x -= alpha * mhat / (math.sqrt(second) + eps)
        elif semantics == "optax":
            x -= alpha * mhat / (math.sqrt(vmax if amsgrad else vhat) + eps)
        else:  # labml, keras: the root is corrected through the step size, after eps
            step_size = alpha * math.sqrt(1 - beta2**k) / (1 - b1**k)
            x -= step_size * m / (math.sqrt(vmax if amsgrad else v) + eps)
        x = max(-1.0, min(1.0, x))
        rows.append({**row, "m": m, "v": v, "vmax": vmax, "x_after": x})
    return rows
