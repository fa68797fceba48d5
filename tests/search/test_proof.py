"""Proofs by the name of a rule, and what is only measured."""

from fractions import Fraction

import pytest

from amsgrad.rules import RULES
from amsgrad.rules.method import method
from amsgrad.rules.rule import Rule
from amsgrad.search.proof import Unproved, prove
from amsgrad.theory.closed_form import total
from amsgrad.theory.enclosure import enclose


@method(formula="as rmsprop, but without a form")
def silent() -> Rule:
    """Return a rule that states no form."""
    return RULES["rmsprop"]()


FAILING = {
    "adam": [37996, -18650, -19345],
    "rmsprop": [226, -76, -149],
    "adopt": [-22699, 15203, 7497],
    "adopt_unclipped": [-400] + 401 * [1],
    "adashift": 60 * [0] + 100 * [-1] + 101 * [1],
    "acprop": 60 * [0] + 100 * [-1] + 101 * [1],
    "yogi": 41 * [6] + 49 * [-5],
    "signum": [11, -10, 0],
    "lion": [8, -4, -3],
    "adabelief": [37980, -17871, -20108],
    "nadam": [15232, -5872, -9359],
    # slopes of -1, 0 and 1: D of what is repeated is -0.07, and one step more does little
    "adamax": 16 * (22 * [-1] + 35 * [0] + 22 * [1]) + [1],
}


@pytest.mark.parametrize("opt", list(RULES))
def test_every_rule_is_proved_to_fail_or_goes_to_the_best_x(opt: str) -> None:
    options = {"beta2": 0.999, "eps": 1e-8} if opt == "adam" else {}
    slopes = FAILING.get(opt, [5, -3, -1])
    assert sum(slopes) > 0
    assert prove(opt, options, slopes).sign == (-1 if opt in FAILING else 1)


def test_options_are_those_of_the_rule() -> None:
    given = prove("adam", {"beta2": 0.999, "eps": 1e-8, "semantics": "torch"}, FAILING["adam"], 30)
    form = RULES["adam"].form_with(beta2=0.999, eps=1e-8)
    assert form is not None
    assert given == enclose(form, FAILING["adam"], 30)


@pytest.mark.parametrize("opt", ["adabound", "amsbound"])
@pytest.mark.parametrize(
    ("lr", "final_lr"), [(0.003, 0.1), (0.07, 0.3), (0.01, 0.1), (1e-310, 1e-9)]
)
def test_the_limit_of_the_bounds_is_a_quotient_of_decimals(
    opt: str, lr: float, final_lr: float
) -> None:
    """0.1 / 0.003 is no decimal: D of a rounded one would be proved, which is not D."""
    slopes = [1, 1, 1]
    found = prove(opt, {"lr": lr, "final_lr": final_lr}, slopes)
    exact = 3 * Fraction(str(final_lr)) / Fraction(str(lr))
    assert Fraction(found.lower) <= exact <= Fraction(found.upper)
    form = RULES[opt].form_with(lr=lr, final_lr=final_lr)
    assert form is not None
    assert total(form, slopes).total == pytest.approx(float(exact), rel=1e-15)


@pytest.mark.parametrize(("lr", "final_lr"), [(0.0, 0.1), (0.1, 0.0), (1e-310, 0.1), (10, 5e-324)])
def test_bounds_without_a_limit_in_double_precision_have_no_form(
    lr: float, final_lr: float
) -> None:
    assert RULES["adabound"].form_with(lr=lr, final_lr=final_lr) is None


@pytest.mark.parametrize(
    ("opt", "options", "slopes", "why"),
    [
        ("torch.optim:Adam", {}, [3, -1, -1], "torch.optim:Adam is code of another package"),
        ("rmsprop", {"beta2": 0, "eps": 0}, [3, 0, -1], "eps is 0 and some v is 0"),
        ("yogi", {}, [1010] + 100 * [-10], "v of yogi does not repeat within 3,000,000 steps"),
        ("tests.search.test_proof:silent", {}, [3, -1, -1], "states no closed form of its steps"),
    ],
)
def test_what_cannot_be_proved_is_said(
    opt: str, options: dict[str, float], slopes: list[int], why: str
) -> None:
    with pytest.raises(Unproved, match=why):
        prove(opt, options, slopes)
