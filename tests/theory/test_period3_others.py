"""The theorems of three and of two slopes, for NAdam, AdaMax, Signum and Lion."""

import numpy as np
import pytest
import sympy

from amsgrad.rules import RULES
from amsgrad.theory.closed_form import total
from amsgrad.theory.period3_others import NOT_BY_TWO, whole_slopes
from tests.theory.exact import mean_step

A, B, X, P, Q, E = sympy.symbols("a b x p q e", positive=True)
BETAS = [0.0, 0.3, 0.9, 0.99]


@pytest.mark.parametrize("opt", NOT_BY_TWO)
@pytest.mark.parametrize("beta1", BETAS)
@pytest.mark.parametrize("beta2", [0.0, 0.5, 0.999])
def test_three_slopes_at_any_betas(opt: str, beta1: float, beta2: float) -> None:
    options = {"beta1": beta1, "beta2": beta2, "eps": 0.0}
    own = {name: value for name, value in options.items() if name in RULES[opt].options}
    slopes = whole_slopes(opt, **own)
    assert sum(slopes) == 1
    assert mean_step(opt, slopes, **{name: repr(value) for name, value in own.items()}) < 0


def test_lion_on_the_curves_where_the_first_three_slopes_decide_nothing() -> None:
    """At beta2 = 0 K is 1: r = 1/3 is beta1 = 3/4, and r = 3/2 is beta1 = 2/5."""
    for beta1 in (0.75, 0.4):
        slopes = whole_slopes("lion", beta1=beta1, beta2=0.0)
        assert sum(slopes) == 1
        assert mean_step("lion", slopes, beta1=str(beta1), beta2="0") < 0


def test_the_numerators_of_the_proof() -> None:
    def averages(g: list[sympy.Expr], b: sympy.Symbol) -> list[sympy.Expr]:
        """m (1 + b + b^2)."""
        return [g[i] + b * g[i - 1] + b**2 * g[i - 2] for i in range(3)]

    signum = averages([sympy.Integer(g) for g in (3, -2, -1)], A)
    expected = (3 + 2 * A, A - 2, -1 - 3 * A)
    assert all(sympy.expand(m - (1 - A) * n) == 0 for m, n in zip(signum, expected, strict=True))
    lion = averages([sympy.Integer(1), X, -1 - X], B)
    own = (1 - B * X, X * (1 + B) + B, -1 - B - X)
    assert all(sympy.expand(m - (1 - B) * n) == 0 for m, n in zip(lion, own, strict=True))


def test_the_algebra_of_two_slopes() -> None:
    left = (P - A * Q) * (Q + E) - (Q - A * P) * (P + E)
    assert sympy.expand(left - A * (P**2 - Q**2) - E * (1 + A) * (P - Q)) == 0


@pytest.mark.parametrize("opt", NOT_BY_TWO)
def test_two_slopes_are_not_enough(opt: str) -> None:
    generator = np.random.default_rng(0)
    pairs = generator.normal(size=(2000, 2)) * 10.0 ** generator.integers(-3, 4, (2000, 1))
    pairs *= np.sign(pairs.sum(-1, keepdims=True))
    for beta1, beta2, eps in ((0.9, 0.999, 1e-8), (0.0, 0.5, 0.1), (0.99, 0.1, 0.0)):
        options = {"beta1": beta1, "beta2": beta2, "eps": eps}
        own = {name: value for name, value in options.items() if name in RULES[opt].options}
        form = RULES[opt].form_with(**own)
        assert form is not None
        found = total(form, pairs)
        assert (found.total >= -found.rounding).all()


def test_a_beta_too_near_to_one() -> None:
    with pytest.raises(ValueError, match="a beta of signum is too near to 1"):
        whole_slopes("signum", beta1=1 - 2.0**-53)
