"""A law in words, for the terminal."""

from amsgrad.laws.certificate import LawCertificate
from amsgrad.problems.problem import Problem

LARGEST = 1_000_000  # numerators and denominators of a limit that is shown as a fraction


def formula(law: LawCertificate) -> str:
    """Return the law of R_T / T.

    >>> from fractions import Fraction
    >>> formula(LawCertificate(1, 1, 1.0, {}, 0.0, (1,), Fraction(20, 101), 31.49, 0.5, -4.0, 9))
    'R_T/T -> 20/101 + 31.49/sqrt(T) - 4/T + ...'
    """
    limit, p = law.limit, law.exponent
    short = max(abs(limit.numerator), limit.denominator) <= LARGEST
    falls = {0.5: "/sqrt(T)", 1.0: " ln(T)/T"}.get(p, f"/T^{p:g}")
    terms = [(str(limit) if short else f"{float(limit):.10g}"), _signed(law.kappa) + falls]
    return f"R_T/T -> {' '.join([*terms, _signed(law.constant) + '/T'])} + ..."


def meaning(law: LawCertificate, problem: Problem) -> str:
    """Return what the law says of the run."""
    if law.limit:
        cost = f"every step costs {float(law.limit):.4g} in the end"
        return f"x goes to {law.x:g} for ever, and {cost}: the average regret does not vanish"
    best = f"x* = {problem.x_star:g}" if problem.attained else f"{law.x:g}"
    if not law.kappa:
        return f"x goes to {best} for ever, and R_T stays bounded"
    fast = {0.5: "sqrt(T)", 1.0: "ln(T)"}.get(law.exponent, f"T^{1 - law.exponent:g}")
    return (
        f"x goes to {best} for ever, and the average regret vanishes; R_T goes as"
        f" {law.kappa:.4g} {fast}, no faster and no slower"
    )


def _signed(number: float) -> str:
    return f"{'-' if number < 0 else '+'} {abs(number):.4g}"
