"""An oracle that imports none of our code: D of the rules that can fail, by mpmath to 60 digits.

The moving averages are summed as the plain geometric series, over the whole past until its rest is
below 1e-70; where that takes too long, over one period, with the weights of the later ones added.
"""

import mpmath

LONGEST = 8_000  # terms of a plain series


def averages(values, beta):
    beta, period = mpmath.mpf(beta), len(values)
    terms = 1 if beta == 0 else int(mpmath.ceil(-70 / mpmath.log10(beta)))
    share = 1
    if terms * period > LONGEST:
        terms, share = period, 1 - beta**period
    weights = [(1 - beta) * beta**j / share for j in range(terms)]
    return [
        mpmath.fsum(weight * values[(i - j) % period] for j, weight in enumerate(weights))
        for i in range(period)
    ]


def mean_step(opt, slopes, beta1="0.9", beta2="0.999", eps="1e-8", window=10):
    """Return D; the numbers are texts, so that they are the decimals themselves."""
    with mpmath.workdps(80):
        g, eps = [mpmath.mpf(slope) for slope in slopes], mpmath.mpf(eps)
        m = averages(g, beta1)
        centred = opt in ("acprop", "adabelief")
        squares = [(a - b) ** 2 for a, b in zip(g, m, strict=True)] if centred else None
        v = averages(squares or [a * a for a in g], beta2)
        weights = [mpmath.mpf(beta1) ** age for age in range(window)]
        steps = []
        for i in range(len(g)):
            if opt == "adam":
                d = m[i] / (mpmath.sqrt(v[i]) + eps)
            elif opt == "rmsprop":
                d = g[i] / (mpmath.sqrt(v[i]) + eps)
            elif opt.startswith("adopt"):
                d = g[i] / max(mpmath.sqrt(v[i - 1]), eps)
            elif opt == "acprop":
                d = g[i] / (mpmath.sqrt(v[i - 1]) + eps)
            elif opt == "adabelief":
                s = v[i] + eps / (1 - mpmath.mpf(beta2))
                d = m[i] / (mpmath.sqrt(s) + eps)
            elif opt == "nadam":
                n = mpmath.mpf(beta1) * m[i] + (1 - mpmath.mpf(beta1)) * g[i]
                d = n / (mpmath.sqrt(v[i]) + eps)
            elif opt == "adamax":
                past = range(len(g))
                d = m[i] / max(mpmath.mpf(beta2) ** j * (abs(g[i - j]) + eps) for j in past)
            elif opt == "signum":
                d = mpmath.sign(m[i])
            elif opt == "lion":
                late = averages(g, beta2)[i - 1]
                d = mpmath.sign(mpmath.mpf(beta1) * late + (1 - mpmath.mpf(beta1)) * g[i])
            else:
                late = [g[(i - age) % len(g)] for age in range(window)]
                mean = mpmath.fdot(weights, late) / mpmath.fsum(weights)
                d = mean / mpmath.sqrt(v[(i - window) % len(g)] + eps)
            steps.append(d)
        return mpmath.fsum(steps)
