"""Branch and bound against every sequence: the smallest slopes, and what is excluded."""

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from amsgrad.rules import RULES
from amsgrad.rules.form import Form
from amsgrad.search.bias_of import bias_of
from amsgrad.search.exhaustive import Exhausted, Slopes, finish, level, real, smallest
from amsgrad.theory.closed_form import total
from amsgrad.theory.enclosure import enclose

pytestmark = pytest.mark.slow

CASES = [
    ("rmsprop", {"beta2": 0.5, "eps": 0.0}, 3, 6),
    ("rmsprop", {"beta2": 0.9, "eps": 0.0}, 3, 24),
    ("rmsprop", {"beta2": 0.5, "eps": 0.0}, 4, 6),
    ("rmsprop", {"beta2": 0.0, "eps": 0.1}, 3, 8),
    ("adam", {"beta1": 0.3, "beta2": 0.6, "eps": 1e-3}, 3, 12),
    ("adam", {"beta1": 0.3, "beta2": 0.6, "eps": 2.0}, 3, 20),
    ("adam", {"beta1": 0.2, "beta2": 0.3, "eps": 0.0}, 5, 3),
    ("adopt", {"beta2": 0.8, "eps": 1e-6}, 3, 15),
    ("adopt", {"beta2": 0.6, "eps": 3.0}, 3, 15),
    ("adashift", {"beta1": 0.5, "beta2": 0.8, "eps": 0.2, "window": 2}, 4, 8),
    ("acprop", {"beta1": 0.4, "beta2": 0.7, "eps": 1e-8}, 3, 12),
    ("acprop", {"beta1": 0.4, "beta2": 0.7, "eps": 1e-8}, 4, 9),
    ("rmsprop", {"beta2": 0.9, "eps": 1e-8}, 4, 20),
    ("signum", {"beta1": 0.5}, 3, 8),
    ("signum", {"beta1": 0.0}, 3, 4),
    ("signum", {"beta1": 0.9}, 4, 6),
    ("lion", {"beta1": 0.9, "beta2": 0.8}, 3, 9),
    ("lion", {"beta1": 0.3, "beta2": 0.9}, 4, 6),
    ("adamax", {"beta1": 0.5, "beta2": 0.8, "eps": 1e-8}, 3, 16),
    ("adamax", {"beta1": 0.3, "beta2": 0.6, "eps": 2.0}, 4, 6),
    ("nadam", {"beta1": 0.5, "beta2": 0.8, "eps": 1e-8}, 3, 16),
    ("adabelief", {"beta1": 0.5, "beta2": 0.7, "eps": 0.01}, 3, 12),
]


def form_of(opt: str, options: dict[str, Any]) -> Form:
    form = RULES[opt].form_with(**options)
    assert form is not None
    return form


def every(period: int, largest: int) -> NDArray[np.float64]:
    """Every sequence of integers with this max|g| and S > 0."""
    one = np.arange(-largest, largest + 1.0)
    g = np.stack(np.meshgrid(*period * [one], indexing="ij"), -1).reshape(-1, period)
    return g[(np.abs(g).max(-1) == largest) & (g.sum(-1) > 0)]


def margin(form: Form, g: NDArray[np.float64]) -> Any:
    """B - S of slopes on which the rule fails."""
    if form.sign:
        return g.sum(-1)
    common = np.sqrt((g**2).mean(-1)) if form.smooth else np.abs(g).max(-1)
    return -total(form, g).total * (common + form.eps)


def failing(form: Form, period: int, largest: int) -> NDArray[np.float64]:
    """All on which the rule fails, by the plain formula."""
    g = every(period, largest)
    found = total(form, g)
    unsure = ~(np.abs(found.total) > found.rounding)
    decided = np.isfinite(found.total) & (found.total < 0)
    for i in np.flatnonzero(unsure):
        try:
            decided[i] = enclose(form, [int(x) for x in g[i]]).sign < 0
        except ValueError:  # a divisor of 0
            decided[i] = False
    return g[decided]


def rotations(slopes: NDArray[Any] | Slopes) -> set[Slopes]:
    g = tuple(int(x) for x in slopes)
    return {g[i:] + g[:i] for i in range(len(g))}


@pytest.mark.parametrize(("opt", "options", "period", "most"), CASES)
def test_the_smallest(opt: str, options: dict[str, Any], period: int, most: int) -> None:
    form = form_of(opt, options)
    sizes = range(1, most + 1)
    brute = next((g for size in sizes if len(g := failing(form, period, size))), None)

    def fails(slopes: Slopes) -> bool:
        try:
            return enclose(form, slopes).sign < 0
        except ValueError:
            return False

    *_, last = smallest(form, period, most, fails, Exhausted())
    if brute is None:
        assert last.best is None
        assert last.empty_to == most
    else:
        assert last.best is not None
        assert last.empty_to + 1 == np.abs(brute).max() == max(map(abs, last.best))
        assert not rotations(last.best).isdisjoint(map(tuple, brute.astype(int).tolist()))


@pytest.mark.parametrize(("opt", "options", "period", "most"), CASES[1::4])
def test_a_level_has_the_best_of_all(
    opt: str, options: dict[str, Any], period: int, most: int
) -> None:
    form = form_of(opt, options)
    brute = failing(form, period, most)
    found = finish(level(bias_of(form, period), most))
    assert (found.best is not None) == bool(len(brute))
    if found.best is not None:
        margins = margin(form, brute)
        assert margin(form, np.array(found.best, float)) == pytest.approx(margins.max(), rel=1e-9)


def test_an_empty_range_has_no_real_slopes() -> None:
    form = form_of("rmsprop", {"beta2": 0.9, "eps": 0.0})
    bias, least = bias_of(form, 3), next(g for g in itertools.count(1) if len(failing(form, 3, g)))
    assert finish(real(bias, 1, least // 2)).empty
    beyond = finish(real(bias, 1, 2 * least))
    assert not beyond.empty
    assert least // 2 < beyond.fails_from <= 2 * least


@pytest.mark.parametrize(
    ("opt", "options", "period", "size"),
    [
        ("rmsprop", {}, 3, 226),
        ("adam", {"beta2": 0.999, "eps": 1e-8}, 3, 37_996),
        ("adam", {"beta2": 0.999, "eps": 1e-8}, 4, 17_112),
        ("adopt", {}, 3, 22_699),
        ("acprop", {}, 3, 2_277),
        ("adashift", {}, 3, 19_663),
        ("lion", {}, 3, 8),
        ("adamax", {}, 3, 9_340),
        ("nadam", {}, 3, 15_232),
        ("adabelief", {}, 3, 37_980),
    ],
)
def test_published_defaults(opt: str, options: dict[str, Any], period: int, size: int) -> None:
    form = form_of(opt, options)
    *_, last = smallest(form, period, 10**9, lambda slopes: False, Exhausted())
    assert last.empty_to == size - 1
    assert last.best is not None
    assert max(map(abs, last.best)) == size
    assert enclose(form, last.best).sign < 0


def test_a_sign_that_is_open_is_not_a_find() -> None:
    """On 10, -9, 0 Signum's m is 0 at two steps in the limit; the start decides what it does."""
    form = form_of("signum", {})

    def fails(slopes: Any) -> bool | None:
        sign = enclose(form, slopes).sign
        return sign < 0 if sign else None

    *_, last = smallest(form, 3, 100, fails, Exhausted())
    assert (last.empty_to, last.best, last.undecided) == (10, (11, -10, 0), 1)


@pytest.mark.parametrize("opt", ["adam", "rmsprop", "adopt"])
def test_two_slopes_fool_none(opt: str) -> None:
    *_, last = smallest(form_of(opt, {}), 2, 10**9, lambda slopes: False, Exhausted())
    assert last == (10**9, None, last.boxes, 0)


def test_a_search_goes_on() -> None:
    """From any stage it comes to the same end."""
    form = form_of("rmsprop", {"beta2": 0.9, "eps": 0.0})

    def stages(since: Exhausted) -> list[Exhausted]:
        return list(smallest(form, 3, 10**9, lambda slopes: False, since))

    whole = stages(Exhausted())
    for empty_to in sorted({stage.empty_to for stage in whole}):
        assert stages(Exhausted(empty_to))[-1][:2] == whole[-1][:2], empty_to
