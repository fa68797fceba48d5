"""The fast sum against the closed form of the theory."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amsgrad.rules import RULES
from amsgrad.rules.form import Form
from amsgrad.search.measure import measure
from amsgrad.theory.closed_form import steps

OTHER = Form(
    "momentum", of="deviation", beta1=0.6, beta2=0.9, eps=0.1, lag=2, power=0.5, factor=3.0
)
FORMS: list[Any] = [
    *("adam", "rmsprop", "adopt", "adashift", "acprop"),
    *("adabelief", "nadam", "adamax", "signum", "lion"),
    OTHER,
    Form("mixture", share=0.3, late=2, beta1=0.7, beta2=0.9),
    Form("gradient", divisor="one", sign=True, factor=2.0),
    Form("window", beta1=1.0, beta2=0.0, eps=0.5, window=7, lag=11),
]


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("period", [1, 2, 5, 60])
def test_the_sum_is_that_of_the_closed_form(form: Any, period: int) -> None:
    if isinstance(form, str):
        form = replace(RULES[form].form_with(), smoothing=0.0)
    g = np.random.default_rng(period).integers(-9, 10, period).astype(float) + 0.25
    d = steps(form, g)
    found = measure(form, g)
    assert found == pytest.approx((d.sum(), np.abs(d).sum()), rel=1e-12, abs=1e-12)
