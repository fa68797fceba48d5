"""The price of a rule: its gradient, slopes that attain it, and their proofs."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from amsgrad.rules import RULES
from amsgrad.rules.form import Form
from amsgrad.search import price
from amsgrad.search.price import costliest, costs, whole, without_eps
from amsgrad.theory.closed_form import steps
from amsgrad.theory.enclosure import enclose

FAILING = ("rmsprop", "adam", "adopt", "adashift", "acprop")


def form(opt: str, beta2: float) -> Form:
    found = RULES[opt].form_with(beta2=beta2, eps=1e-8)
    assert found is not None
    return found


@pytest.mark.parametrize("opt", FAILING)
def test_the_gradient_is_that_of_the_closed_form(opt: str) -> None:
    rule = replace(form(opt, 0.9), eps=0.0)
    g = np.random.default_rng(1).normal(size=14)
    total, gradient = without_eps(rule, g)
    assert total == pytest.approx(steps(rule, g).sum(), rel=1e-12)
    away = 1e-6 * np.eye(14)
    differences = (steps(rule, g + away).sum(-1) - steps(rule, g - away).sum(-1)) / 2e-6
    assert gradient == pytest.approx(differences, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("opt", ["rmsprop", "adopt"])
def test_no_slopes_of_a_grid_cost_more(opt: str) -> None:
    """Period 3: one slope is 1 or -1, the two others are on a grid."""
    rule = form(opt, 0.9)
    levels = np.linspace(-1, 1, 201)
    g = np.array(list(product((1.0, -1.0), levels, levels)))
    fails = (steps(rule, g).sum(-1) < 0) & (g.sum(-1) > 0)
    best = g[fails].mean(-1).max()
    found = costliest(rule, 3)
    assert np.abs(found).max() == pytest.approx(1)
    assert best < found.mean() < best + 0.01


def test_each_price_is_proved_and_grows_with_the_period() -> None:
    rule = form("adam", 0.99)
    periods = [3, 8, 16]
    found = [one for one in costs(rule, periods) if one is not None]
    assert [len(one.slopes) for one in found] == periods
    for one in found:
        assert enclose(rule, one.slopes).sign < 0 < sum(one.slopes)
        largest = max(map(abs, one.slopes))
        assert one.price == sum(one.slopes) / (len(one.slopes) * largest)
        assert largest == pytest.approx(10**9, rel=0.01)
    assert found[0].price < found[1].price < found[2].price


def test_long_periods_are_constant_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price, "BLOCKS", 8)
    slopes = costliest(form("rmsprop", 0.99), 30)
    assert slopes.size == 30
    assert np.count_nonzero(np.diff(slopes)) <= 7
    assert slopes.mean() > 0.007


def test_slopes_that_are_no_counterexample_are_not_made_one() -> None:
    rule = form("rmsprop", 0.99)
    assert whole(rule, np.array([1.0, 0.5, -0.1])) is None
    assert whole(rule, np.zeros(3)) is None
    assert not costliest(rule, 2).any()  # period 2 has none
