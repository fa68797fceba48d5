"""The first-order law of random orders: its formulas, and what the rules do."""

from itertools import permutations

import numpy as np
import pytest

from amsgrad.rules import RULES
from amsgrad.rules.form import Form
from amsgrad.theory.first_order import first_order
from amsgrad.theory.mean_step import mean_step
from tests.marks import needs_jit

BETA2, C = 0.999, 20
SLOPES = np.array([-C] + (C + 1) * [1.0])
SQUARE = float(np.mean(SLOPES**2))
RMS, C3 = SQUARE**0.5, float(np.mean(SLOPES**3) - np.mean(SLOPES) * SQUARE)
FIRST = (1 - BETA2) * SLOPES.size * C3 / (4 * SQUARE)  # below 0


def test_the_law_in_its_short_form() -> None:
    """Where P (1 - beta2) is small; the sum of the slopes is 1."""
    small = 1e-7
    first = small * SLOPES.size * C3 / (4 * SQUARE)
    rmsprop = Form("gradient", beta2=1 - small)
    adopt = Form("gradient", divisor="max(root, eps)", beta2=1 - small, lag=1, smoothing=0.9)
    adam = Form("momentum", beta1=0.9, beta2=1 - small)
    kappa = (1 - 0.9) / (1 - 0.9 * (1 - small))
    for form, order, factor in (
        (rmsprop, "shuffled", -1),
        (adopt, "shuffled", 1),
        (rmsprop, "drawn", -2),
        (adopt, "drawn", 0),
        (adam, "drawn", -2 * kappa),
    ):
        found = RMS * first_order(form, SLOPES, order) - 1
        assert found == pytest.approx(factor * first, rel=1e-5, abs=1e-13)


@pytest.mark.parametrize(
    ("form", "a"),
    [
        (Form("momentum", beta1=0.5, beta2=0.7), [0.5 * 0.5**k for k in range(60)]),
        (
            Form("mixture", share=0.4, late=2, beta1=0.5, beta2=0.7),
            [0.6, 0.0, *(0.4 * 0.5 * 0.5**k for k in range(60))],
        ),
        (Form("gradient", beta2=0.7, lag=1), [1.0]),
        (Form("window", beta1=0.5, beta2=0.7, lag=2, window=2), [2 / 3, 1 / 3]),
    ],
)
def test_the_covariances_by_all_orders(form: Form, a: list[float]) -> None:
    """sum_t E[n_t u_t] by its definition, each expectation as the mean over all 24 orders."""
    slopes = np.array([-3.0, 1.0, 2.0, 0.5])
    orders = np.array(list(permutations(slopes)))
    squares = orders**2 - np.mean(slopes**2)
    w = {j: 0.3 * 0.7 ** (j - form.lag) for j in range(form.lag, 60)}
    total = 0.0
    for t in range(4):
        for k, weight in enumerate(a):
            for j, other in w.items():
                if (t - k) // 4 == (t - j) // 4:  # of one epoch; others are independent
                    pair = orders[:, (t - k) % 4] * squares[:, (t - j) % 4]
                    total += weight * other * float(np.mean(pair))
    square = float(np.mean(slopes**2))
    expected = (slopes.sum() - total / (2 * square)) / square**0.5
    assert first_order(form, slopes, "shuffled") == pytest.approx(expected, rel=1e-8)


@needs_jit
@pytest.mark.parametrize("name", ["rmsprop", "adopt", "adam", "nadam", "adashift"])
@pytest.mark.parametrize("order", ["shuffled", "drawn"])
def test_the_law_is_what_the_rules_do(name: str, order: str) -> None:
    options = {"beta2": BETA2, "eps": 1e-8, **({"window": 3} if name == "adashift" else {})}
    rule, form = RULES[name](**options), RULES[name].form_with(**options)
    assert form is not None
    found = mean_step(rule, SLOPES, order=order)
    law = first_order(form, SLOPES, order)
    second = (1 - BETA2) * C * abs(FIRST) / RMS  # the range that the module states
    assert abs(found.total - law) <= found.error + second
    if order == "shuffled":  # the effect is seen
        assert 10 * (found.error + second) < abs(law - 1 / RMS)


def test_what_the_law_does_not_cover() -> None:
    for name in ("amsgrad", "acprop", "adabelief", "adamax", "signum", "lion"):
        form = RULES[name].form_with()
        assert form is not None
        with pytest.raises(ValueError, match="needs a memory that is the mean of the squares"):
            first_order(form, SLOPES, "drawn")
    with pytest.raises(ValueError, match="order must be shuffled or drawn"):
        first_order(Form("gradient"), SLOPES, "cyclic")
    adamnc, sgd = RULES["adamnc"].form_with(), RULES["sgd"].form_with()
    assert adamnc is not None
    assert sgd is not None
    assert first_order(adamnc, SLOPES, "shuffled") == pytest.approx(1 / RMS)
    assert first_order(sgd, SLOPES, "drawn") == 1
