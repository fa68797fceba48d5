"""An oracle that imports nothing of ours: the drift by brute force, and exactly."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction


def periodic_state(values, beta):
    """Iterate s = beta s + (1 - beta) value over the period until it repeats to the last bits."""
    s, before = 0.0, None
    while True:
        states = []
        for value in values:
            s = beta * s + (1 - beta) * value
            states.append(s)
        scale = max(map(abs, values))
        if before and max(abs(a - b) for a, b in zip(states, before, strict=True)) < 1e-16 * scale:
            return states
        before = states


def drift(slopes, beta1, beta2, eps=0.0, rule="adam"):
    m = periodic_state(slopes, 0.0 if rule == "rmsprop" else beta1)
    v = periodic_state([g * g for g in slopes], beta2)
    if rule == "amsgrad":
        v = [max(v)] * len(v)
    if rule == "adamnc":
        v = [sum(g * g for g in slopes) / len(slopes)] * len(v)
    return math.fsum(a / (math.sqrt(b) + eps) for a, b in zip(m, v, strict=True))


def exact_averages(values, beta):
    """The periodic state as fractions, by the sum over one period."""
    values, beta, period = [Fraction(value) for value in values], Fraction(beta), len(values)
    weights = [(1 - beta) * beta**j / (1 - beta**period) for j in range(period)]
    return [sum(weights[j] * values[i - j] for j in range(period)) for i in range(period)]


def exact_drift(slopes, beta1, beta2, eps=0.0):
    """D to 60 digits."""
    m = exact_averages(slopes, beta1)
    v = exact_averages([Fraction(g) ** 2 for g in slopes], beta2)
    with localcontext() as context:
        context.prec = 60

        def decimal(fraction):
            return Decimal(fraction.numerator) / Decimal(fraction.denominator)

        terms = (decimal(a) / (decimal(b).sqrt() + Decimal(eps)) for a, b in zip(m, v, strict=True))
        return sum(terms)
