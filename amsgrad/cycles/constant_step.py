"""The constant step sizes that fail: those whose cycle lies at the wrong end of F.

With a step size that tends to zero the end to which x goes is decided by the drift alone
(`amsgrad/theory`). At a constant step x also moves within the period, is clipped at the ends, and
so may stay at another end: the boundary depends on the step size. Each answer is a certificate.
"""

import math
from collections.abc import Callable, Sequence

from amsgrad.cycles.certificate import Certificate
from amsgrad.problems.problem import Problem

Certify = Callable[[float], Certificate | None]


def fails(certificate: Certificate, problem: Problem) -> bool:
    """Return True if the middle of the orbit is further from x* than the middle of F is."""
    middle = (certificate.lowest + certificate.highest) / 2
    centre = (problem.lower + problem.upper) / 2
    return abs(middle - problem.x_star) > abs(centre - problem.x_star)


def failing_step_sizes(
    certify: Certify, problem: Problem, lrs: Sequence[float], accuracy: float = 1e-3
) -> list[tuple[float, float]]:
    """Return the ranges of the step size, among `lrs` and between them, in which the cycle fails.

    Args:
        certify: from a step size to the certificate of its run; None where no cycle was found.
        problem: gives F, bounded, and x*.
        lrs: increasing step sizes; a range that lies between two neighbours is not seen.
        accuracy: to which the ends of a range are bisected, relative.

    Raises:
        ValueError: `lrs` is empty, or one step size has no certificate, so that it is not known
            whether it fails.
    """
    if not lrs:
        raise ValueError("at least one step size must be given")

    def failing(lr: float) -> bool:
        certificate = certify(lr)
        if certificate is None:
            raise ValueError(f"no cycle was found at the step size {lr}; allow more steps")
        return fails(certificate, problem)

    answers = [failing(lr) for lr in lrs]
    ranges = []
    begin = lrs[0]
    for i in range(1, len(lrs)):
        if answers[i] == answers[i - 1]:
            continue
        edge = _edge(failing, answers[i - 1], lrs[i - 1], lrs[i], accuracy)
        if answers[i]:
            begin = edge
        else:
            ranges.append((begin, edge))
    if answers[-1]:
        ranges.append((begin, lrs[-1]))
    return ranges


def _edge(
    failing: Callable[[float], bool], before: bool, low: float, high: float, accuracy: float
) -> float:
    """Bisect in the logarithm from the step size `low`, with the answer `before`, to another."""
    while high / low > 1 + accuracy:
        middle = math.sqrt(low * high)
        if failing(middle) == before:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)
