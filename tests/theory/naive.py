"""An oracle that imports none of our code: the drift by brute force, and exactly."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction


def periodic_state(values, beta):
    """Iterate s = beta s + (1 - beta) value over the period until s repeats to the last bits."""
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
    """The periodic state as fractions, by the sum over one period.

    With beta = p / q the weights (1 - beta) beta^j / (1 - beta^P) are (q - p) p^j q^(P-1-j) over
    q^P - p^P: sums of whole numbers are a hundred times as fast as sums of fractions.
    """
    (p, q), period = Fraction(beta).as_integer_ratio(), len(values)
    weights = [(q - p) * p**j * q ** (period - 1 - j) for j in range(period)]
    unit = math.lcm(*(Fraction(value).denominator for value in values))
    whole = [int(Fraction(value) * unit) for value in values]
    sums = [sum(weights[j] * whole[i - j] for j in range(period)) for i in range(period)]
    return [Fraction(s, (q**period - p**period) * unit) for s in sums]


def exact_drift(slopes, beta1, beta2, eps=0.0):
    """Return D to 60 digits."""
    m = exact_averages(slopes, beta1)
    v = exact_averages([Fraction(g) ** 2 for g in slopes], beta2)
    with localcontext() as context:
        context.prec = 60

        def decimal(fraction):
            return Decimal(fraction.numerator) / Decimal(fraction.denominator)

        terms = (decimal(a) / (decimal(b).sqrt() + Decimal(eps)) for a, b in zip(m, v, strict=True))
        return sum(terms)
