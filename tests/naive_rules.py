"""An oracle that imports none of our code: the update rules on a given list of gradients.

Double precision, plain Python, in the form of the papers and of the authors' code: hats where they
have hats, windows as lists, means as sums over a count. A rule yields, for every step, what is
subtracted from x and its state variables after the step.
"""

import math


def online(steps, first_t=1, period=101, big=1010.0, small=-10.0):
    """Return the slopes that the online problem of Reddi, Kale and Kumar shows."""
    return [big if t % period == 1 else small for t in range(first_t, first_t + steps)]


def step_sizes(steps, lr, schedule):
    """Return alpha_1, alpha_2, ..."""
    return [lr if schedule == "constant" else lr / math.sqrt(k) for k in range(1, steps + 1)]


def momenta(steps, beta1, schedule, rate):
    """Return beta1_1, beta1_2, ..."""
    by_name = {
        "constant": lambda k: beta1,
        "exponential": lambda k: beta1 * rate ** (k - 1),
        "harmonic": lambda k: beta1 / k,
    }
    return [by_name[schedule](k) for k in range(1, steps + 1)]


def run(rule, gradients, alphas, betas, x0=0.0, **options):
    """Return one dict per step: x after it, clipped to [-1, 1], and the rule's state variables."""
    rows, x = [], x0
    for moved, state in RULES[rule](gradients, alphas, betas, **options):
        x = max(-1.0, min(1.0, x - moved))
        rows.append({"x": x, **state})
    return rows


def sgd(gradients, alphas, betas):
    for g, alpha in zip(gradients, alphas, strict=True):
        yield alpha * g, {"g": g}


def rmsprop(gradients, alphas, betas, *, beta2, eps):
    v = 0.0
    for g, alpha in zip(gradients, alphas, strict=True):
        v = beta2 * v + (1 - beta2) * g**2
        yield alpha / (math.sqrt(v) + eps) * g, {"v": v}


def adagrad(gradients, alphas, betas, *, eps):
    total = 0.0  # exact: the squares are whole numbers
    for g, alpha in zip(gradients, alphas, strict=True):
        total += g**2
        yield alpha / (math.sqrt(total) + eps) * g, {"total": total}


def acprop(gradients, alphas, betas, *, beta2, eps):
    m, s = 0.0, None
    for g, alpha, b in zip(gradients, alphas, betas, strict=True):
        moved = 0.0 if s is None else alpha / (math.sqrt(s) + eps) * g
        m = b * m + (1 - b) * g
        s = beta2 * (s or 0.0) + (1 - beta2) * (g - m) ** 2
        yield moved, {"m": m, "s": s}


def adamnc(gradients, alphas, betas, *, eps):
    m, total = 0.0, 0.0
    for t, (g, alpha, b1) in enumerate(zip(gradients, alphas, betas, strict=True), start=1):
        m = b1 * m + (1 - b1) * g
        total += g**2
        v = total / t
        yield alpha * m / (math.sqrt(v) + eps), {"m": m, "v": v}


def adamx(gradients, alphas, betas, *, beta2, eps):
    m = v = vhat = 0.0
    for t, (g, alpha, b1) in enumerate(zip(gradients, alphas, betas, strict=True), start=1):
        m = b1 * m + (1 - b1) * g
        v = beta2 * v + (1 - beta2) * g**2
        vhat = v if t == 1 else max((1 - b1) ** 2 / (1 - betas[t - 2]) ** 2 * vhat, v)
        yield alpha * m / (math.sqrt(vhat) + eps), {"m": m, "v": v, "vmax": vhat}


def adopt(gradients, alphas, betas, *, beta2, eps):
    """Count from 0, as the authors do: g_0 makes v_0, and the first step is t = 1."""
    m, v = 0.0, gradients[0] ** 2
    yield 0.0, {"m": m, "v": v}
    for t in range(1, len(gradients)):
        g, b1, c = gradients[t], betas[t], t**0.25
        normed = g / max(math.sqrt(v), eps)
        m = b1 * m + (1 - b1) * max(-c, min(c, normed))
        moved = alphas[t] * m
        v = beta2 * v + (1 - beta2) * g**2
        yield moved, {"m": m, "v": v}


def adopt_unclipped(gradients, alphas, betas, *, beta2, eps):
    """Follow the first version of the paper: v_0 = g_0^2, m_1 = g_1 / max(sqrt(v_0), eps)."""
    v = gradients[0] ** 2
    yield 0.0, {"m": 0.0, "v": v}
    m = gradients[1] / max(math.sqrt(v), eps)
    for t in range(1, len(gradients)):
        if t > 1:
            m = betas[t] * m + (1 - betas[t]) * gradients[t] / max(math.sqrt(v), eps)
        v = beta2 * v + (1 - beta2) * gradients[t] ** 2
        yield alphas[t] * m, {"m": m, "v": v}


def adashift(gradients, alphas, betas, *, beta2, eps, window):
    v = 0.0
    for t, (alpha, b1) in enumerate(zip(alphas, betas, strict=True), start=1):
        moved = 0.0
        if t > window:
            v = beta2 * v + (1 - beta2) * gradients[t - window - 1] ** 2
            latest = gradients[t - window : t]
            weights = [b1 ** (window - i) for i in range(1, window + 1)]
            m = math.fsum(w * g for w, g in zip(weights, latest, strict=True)) / math.fsum(weights)
            moved = alpha * m / math.sqrt(v / (1 - beta2 ** (t - window)) + eps)
        ages = range(window)
        kept = {f"g{age}": gradients[t - 1 - age] if age < t else 0.0 for age in ages}
        yield moved, {"v": v, **kept}


def yogi(gradients, alphas, betas, *, beta2, eps):
    m = v = 1e-6
    for t, (g, alpha, b1) in enumerate(zip(gradients, alphas, betas, strict=True), start=1):
        m = b1 * m + (1 - b1) * g
        if v > g**2:
            v = v - (1 - beta2) * g**2
        elif v < g**2:
            v = v + (1 - beta2) * g**2
        mhat, vhat = m / (1 - b1**t), v / (1 - beta2**t)
        yield alpha * mhat / (math.sqrt(vhat) + eps), {"m": m, "v": v}


def padam(gradients, alphas, betas, *, beta2, eps, power):
    m = v = vhat = 0.0
    for t, (g, alpha, b1) in enumerate(zip(gradients, alphas, betas, strict=True), start=1):
        m = b1 * m + (1 - b1) * g
        v = beta2 * v + (1 - beta2) * g**2
        vhat = max(vhat, v)
        step_size = alpha * math.sqrt(1 - beta2**t) / (1 - b1**t)
        state = {"m": m, "v": v, "vmax": vhat}
        yield step_size * m / (math.sqrt(vhat) + eps) ** (2 * power), state


def bounded(gradients, alphas, betas, *, lr, beta2, eps, final_lr, gamma, amsbound):
    m = v = vhat = 0.0
    for t, (g, alpha, b1) in enumerate(zip(gradients, alphas, betas, strict=True), start=1):
        m = b1 * m + (1 - b1) * g
        v = beta2 * v + (1 - beta2) * g**2
        vhat = max(vhat, v)
        step_size = alpha * math.sqrt(1 - beta2**t) / (1 - b1**t)
        rate = step_size / (math.sqrt(vhat if amsbound else v) + eps)
        final = final_lr * alpha / lr
        lower, upper = final * (1 - 1 / (gamma * t + 1)), final * (1 + 1 / (gamma * t))
        rate = lower if rate < lower else upper if rate > upper else rate
        yield rate * m, {"m": m, "v": v, "vmax": vhat}


def adabound(*sequences, **options):
    return bounded(*sequences, **options, amsbound=False)


def amsbound(*sequences, **options):
    return bounded(*sequences, **options, amsbound=True)


def sign(number):
    return (number > 0) - (number < 0)


def signum(gradients, alphas, betas):
    m = 0.0
    for g, alpha, b in zip(gradients, alphas, betas, strict=True):
        m = b * m + (1 - b) * g
        yield alpha * sign(m), {"m": m}


def ef_signum(gradients, alphas, betas):
    """Keep the error as what should have been taken so far, less what was."""
    m = wanted = taken = 0.0
    for g, alpha, b in zip(gradients, alphas, betas, strict=True):
        m = b * m + (1 - b) * g
        wanted += alpha * m
        moved = alpha * sign(wanted - taken)
        taken += moved
        yield moved, {"m": m, "e": wanted - taken}


def lion(gradients, alphas, betas, *, beta2):
    m = 0.0
    for g, alpha, b in zip(gradients, alphas, betas, strict=True):
        moved = alpha * sign(b * m + (1 - b) * g)
        m = beta2 * m + (1 - beta2) * g
        yield moved, {"m": m}


def adabelief(gradients, alphas, betas, *, beta2, eps):
    m = s = 0.0
    for t, (g, alpha, b) in enumerate(zip(gradients, alphas, betas, strict=True), start=1):
        m = b * m + (1 - b) * g
        s = beta2 * s + (1 - beta2) * (g - m) ** 2 + eps
        mhat, shat = m / (1 - b**t), s / (1 - beta2**t)
        yield alpha * mhat / (math.sqrt(shat) + eps), {"m": m, "s": s}


def nadam(gradients, alphas, betas, *, beta2, eps, momentum_decay):
    m, v, product = 0.0, 0.0, 1.0
    for t, (g, alpha, b) in enumerate(zip(gradients, alphas, betas, strict=True), start=1):
        mu, after = (b * (1 - 0.5 * 0.96 ** (k * momentum_decay)) for k in (t, t + 1))
        product *= mu
        m = b * m + (1 - b) * g
        v = beta2 * v + (1 - beta2) * g**2
        mbar = (1 - mu) * g / (1 - product) + after * m / (1 - product * after)
        moved = alpha * mbar / (math.sqrt(v / (1 - beta2**t)) + eps)
        yield moved, {"m": m, "v": v, "weight": 1 - product}


def adamax(gradients, alphas, betas, *, beta2, eps):
    m = u = 0.0
    for t, (g, alpha, b) in enumerate(zip(gradients, alphas, betas, strict=True), start=1):
        m = b * m + (1 - b) * g
        u = max(beta2 * u, abs(g) + eps)
        yield alpha / (1 - b**t) * m / u, {"m": m, "u": u}


RULES = {
    rule.__name__: rule
    for rule in (
        sgd,
        rmsprop,
        adagrad,
        adamnc,
        adamx,
        adopt,
        adopt_unclipped,
        adashift,
        acprop,
        yogi,
        padam,
        adabound,
        amsbound,
        signum,
        ef_signum,
        lion,
        adabelief,
        nadam,
        adamax,
    )
}
