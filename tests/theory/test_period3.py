"""The theorem of three slopes: its algebra as formulas, and its numbers against the closed form."""

import mpmath
import numpy as np
import pytest
import sympy

from amsgrad.rules import RULES
from amsgrad.rules.form import Form
from amsgrad.theory.closed_form import total
from amsgrad.theory.mean_step import mean_step
from amsgrad.theory.period3 import SLOPES, largest_sum, scaled_drift, whole_slopes

A, B, S, P, Q, E = sympy.symbols("a b s p q e", positive=True)  # betas, sum, slopes, eps
V1, V2, V3 = 1 + 4 * B + 9 * B**2, 4 + 9 * B + B**2, 9 + B + 4 * B**2
T0 = 3 / sympy.sqrt(V3) - 2 / sympy.sqrt(V2) - 1 / sympy.sqrt(V1)
T1 = 3 / sympy.sqrt(V2) - 2 / sympy.sqrt(V1) - 1 / sympy.sqrt(V3)
T2 = 3 / sympy.sqrt(V1) - 1 / sympy.sqrt(V2) - 2 / sympy.sqrt(V3)


def is_zero(formula: sympy.Expr) -> bool:
    return bool(sympy.simplify(sympy.expand(formula)) == 0)


def positive_inside(polynomial: sympy.Expr) -> bool:
    """Whether a polynomial in b has no root in (0, 1), and is positive there."""
    roots = sympy.Poly(polynomial, B).count_roots(0, 1)
    ends = sum(1 for end in (0, 1) if polynomial.subs(B, end) == 0)
    return bool(roots == ends and polynomial.subs(B, sympy.Rational(1, 2)) > 0)


def test_the_memories_are_ordered() -> None:
    assert sympy.factor(V3 - V2) == sympy.factor((1 - B) * (5 - 3 * B))
    assert sympy.factor(V2 - V1) == sympy.factor((1 - B) * (3 + 8 * B))
    assert positive_inside(V3 - V2)
    assert positive_inside(V2 - V1)
    assert not positive_inside(B - sympy.Rational(1, 3))
    assert not positive_inside(V1 - V2)


def test_the_drift_is_that_of_the_proof() -> None:
    adam = scaled_drift("adam", 0, A, B, sympy.sqrt)
    assert is_zero(adam - (T0 + A * T1 + A**2 * T2))
    assert is_zero(T0 + T1 + T2)
    assert is_zero(adam - (1 - A) * (T0 - A * T2))
    assert is_zero(scaled_drift("adopt", 0, A, B, sympy.sqrt) + T2)
    # what is above 3 - 2 - 1 = 0 and below it, as sums of positive terms where v1 < v2 < v3
    x1, x2, x3 = (1 / sympy.sqrt(v) for v in (V1, V2, V3))
    assert is_zero(T0 + 2 * (x2 - x3) + (x1 - x3))
    assert is_zero(T2 - (x1 - x2) - 2 * (x1 - x3))


def test_the_drift_is_that_of_the_rules() -> None:
    """Up to the factor (1 - beta1) / (1 - beta1^3) / sqrt((1 - beta2) / (1 - beta2^3))."""
    for a, b, s in ((0.0, 0.0, 0.1), (0.9, 0.99, 0.2), (0.3, 0.6, 0.0), (0.99, 0.5, 3.0)):
        v = np.sqrt((1 - b**3) / (1 - b))
        for rule, factor in (("adam", (1 - a) / (1 - a**3) * v), ("adopt", v)):
            form = RULES[rule].form_with(beta1=a, beta2=b, eps=0.0)
            slopes = np.add(SLOPES[rule], [0, 0, s])
            found = mean_step(RULES[rule](beta1=a, beta2=b, eps=0.0), slopes, form)
            assert factor * scaled_drift(rule, s, a, b) == pytest.approx(found.total, abs=1e-14)


def test_the_largest_sum_as_beta2_tends_to_1() -> None:
    """The first orders of the docstring: D / S at (S = 0, b = 1), and D / (1 - b) at S = 0."""
    limits = {
        "adam": (1 - A) * (17 + 37 * A) / (28 * (1 + A + A**2)),
        "adopt": sympy.Rational(37, 28),
    }
    for rule, limit in limits.items():
        drift = scaled_drift(rule, S, A, 1 - B, sympy.sqrt)
        by_sum, by_beta = (sympy.diff(drift, one).subs({S: 0, B: 0}) for one in (S, B))
        assert is_zero(-by_beta / by_sum - limit)
        number = float(limit.subs(A, 0.9))
        assert largest_sum(rule, 0.9, 1 - 1e-6) == pytest.approx(number * 1e-6, rel=1e-4)


@pytest.mark.parametrize("rule", SLOPES)
def test_the_largest_sum_is_where_the_sign_changes(rule: str) -> None:
    betas1, betas2 = np.array([[0.0], [0.5], [0.9], [0.999]]), [1e-3, 0.1, 0.9, 0.999, 1 - 1e-6]
    found = largest_sum(rule, betas1, betas2)
    with mpmath.workdps(40):
        for i, j in np.ndindex(found.shape):
            a, b, s = (mpmath.mpf(float(x)) for x in (betas1[i, 0], betas2[j], found[i, j]))
            below, above = (
                scaled_drift(rule, s * factor, a, b, mpmath.sqrt)
                for factor in (1 - mpmath.mpf("1e-5"), 1 + mpmath.mpf("1e-5"))
            )
            assert below < 0 < above
    assert largest_sum(rule, 0.0, 0.0) == pytest.approx(
        {"adam": np.inf, "adopt": 0.8719}[rule], rel=1e-4
    )


@pytest.mark.parametrize("rule", SLOPES)
@pytest.mark.parametrize("beta1", [0.0, 0.9, 0.99])
@pytest.mark.parametrize("beta2", [0.0, 0.3, 0.99, 0.9999])
def test_whole_slopes_lead_the_rule_the_wrong_way(rule: str, beta1: float, beta2: float) -> None:
    slopes = whole_slopes(rule, beta1, beta2)
    assert sum(slopes) == 1
    form = RULES[rule].form_with(beta1=beta1, beta2=beta2, eps=0.0)
    step = mean_step(RULES[rule](beta1=beta1, beta2=beta2, eps=0.0), slopes, form)
    assert step.goes_to == 1


def test_the_published_eps_does_not_help() -> None:
    for rule in SLOPES:
        slopes = 1000 * np.array(whole_slopes(rule, 0.9, 0.999))
        form = RULES[rule].form_with(beta2=0.999)
        assert mean_step(RULES[rule](beta2=0.999), slopes, form).goes_to == 1


def test_betas_that_are_not_allowed() -> None:
    with pytest.raises(ValueError, match=r"betas must lie in \[0, 1\)"):
        largest_sum("adam", 0.9, 1.0)
    for betas in ((0.9, 1 - 1e-14), (1 - 1e-11, 0.999)):
        with pytest.raises(ValueError, match="beta1 or beta2 is too near to 1"):
            largest_sum("adam", *betas)


def test_two_slopes_are_not_enough() -> None:
    """The algebra of period 2, then the float rules on many pairs."""
    vp, vq = P**2 + B * Q**2, Q**2 + B * P**2
    assert is_zero(vp - vq - (1 - B) * (P**2 - Q**2))
    assert is_zero(P**2 * vq - Q**2 * vp - B * (P**4 - Q**4))
    # with x, y the roots of vp, vq: the numerators of the differences
    x, y = sympy.symbols("x y", positive=True)
    rmsprop = sympy.together(P / (x + E) - Q / (y + E))
    assert is_zero(sympy.numer(rmsprop) - (P * y - Q * x) - E * (P - Q))
    late = sympy.together(P / (y + E) - Q / (x + E))
    assert is_zero(sympy.numer(late) - (P * x - Q * y) - E * (P - Q))
    generator = np.random.default_rng(0)
    pairs = generator.normal(size=(2000, 2)) * 10.0 ** generator.integers(-3, 4, (2000, 1))
    pairs *= np.sign(pairs.sum(-1, keepdims=True))
    for beta1, beta2, eps in ((0.9, 0.999, 1e-8), (0.0, 0.5, 0.1), (0.99, 0.1, 0.0)):
        for form in (
            Form("momentum", beta1=beta1, beta2=beta2, eps=eps),
            Form("gradient", divisor="max(root, eps)", beta2=beta2, eps=eps, lag=1),
        ):
            found = total(form, pairs)
            assert (found.total > -found.rounding).all()
