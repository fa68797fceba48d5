"""Searches that end in an upper bound: what they find fails, and the same seed gives the same."""

from itertools import chain
from typing import Any

import numpy as np
import pytest

from amsgrad.rules import RULES
from amsgrad.rules.form import Form
from amsgrad.search.annealing import TRIES, Annealed, annealed
from amsgrad.search.exhaustive import Slopes
from amsgrad.search.measured import Measured, measured, multiples, structured
from amsgrad.search.shortest import Shortened, shortest
from amsgrad.search.visible import PERIODS, most_visible
from amsgrad.theory.enclosure import enclose
from amsgrad.theory.mean_step import MeanStep, mean_step
from tests.marks import slow

FAILING: list[tuple[str, dict[str, Any]]] = [
    ("adam", {}),
    ("adam", {"beta2": 0.999, "eps": 1e-8}),
    ("rmsprop", {}),
    ("adopt", {}),
    ("adashift", {}),
    ("acprop", {}),
]


def form_of(opt: str, options: dict[str, Any]) -> Form:
    form = RULES[opt].form_with(**options)
    assert form is not None
    return form


@pytest.mark.parametrize(("opt", "options"), FAILING)
def test_a_find_that_a_run_shows_soon(opt: str, options: dict[str, Any]) -> None:
    form = form_of(opt, options)
    found = most_visible(form, PERIODS, 10**7)
    assert found is not None
    assert sum(found) >= 1
    step = enclose(form, found)
    assert step.sign < 0
    assert len(found) ** 2 / abs(float(step.lower)) < 1e6


def test_bounds_are_kept() -> None:
    form = form_of("adam", {})
    found = most_visible(form, [80], 1)
    assert found is not None
    assert len(found) == 80
    assert {*found} == {-1, 0, 1}
    assert most_visible(form, [20], 1) is None


def test_annealing_goes_on_and_repeats() -> None:
    form = form_of("rmsprop", {})
    whole = list(annealed(form, 17, 10, 3, Annealed()))
    assert len(whole) == TRIES
    assert list(annealed(form, 17, 10, 3, whole[2])) == whole[3:]
    assert list(annealed(form, 17, 10, 4, Annealed())) != whole
    best = whole[-1].best
    assert best is not None
    assert sum(best) >= 1
    assert max(map(abs, best)) <= 10
    assert enclose(form, best).sign < 0


@pytest.mark.parametrize(
    ("most", "longest", "excluded"), [slow(1, 57, 4), slow(10, 18, 4), (100, 5, 4)]
)
def test_the_shortest(most: int, longest: int, excluded: int) -> None:
    form = form_of("rmsprop", {})
    stages = list(shortest(form, most, 0, Shortened()))
    last = stages[-1]
    assert last.best is not None
    assert len(last.best) <= longest
    assert last.missed == len(last.best) - 1
    assert last.excluded >= excluded
    assert max(map(abs, last.best)) <= most
    assert enclose(form, last.best).sign < 0
    middle = len(stages) // 2
    assert list(shortest(form, most, 0, stages[middle])) == stages[middle + 1 :]


def test_none_within_bounds() -> None:
    """Slow decay: at |g| <= 1 the shortest period is beyond what structured slopes reach."""
    form = Form("momentum", beta1=0.9, beta2=1 - 1e-8)
    *_, last = shortest(form, 1, 0, Shortened())
    assert last.best is None


def steps_of(form: Form) -> Any:
    rule = RULES["adam"]()
    return lambda many: [mean_step(rule, g, form) for g in many]


def test_measured_finds_are_measured_twice() -> None:
    form = form_of("adam", {})
    mean_steps = steps_of(form)
    sequences = structured((100, 30), 10**6, cyclic=True)
    asked: list[Slopes] = []

    def again(g: Any) -> MeanStep:
        asked.append(tuple(map(int, g)))
        step: MeanStep = mean_steps([g])[0]
        return step

    stages = list(measured(sequences, mean_steps, again, Measured(), 7))
    last = stages[-1]
    assert last.best == asked[-1]
    assert last.step is not None
    assert last.step.goes_to == 1
    assert last.done == len(sequences[0])  # a strong find ends the search with its period
    assert list(measured(sequences, mean_steps, again, stages[1], 7)) == stages[2:]

    def disagrees(g: Any) -> MeanStep:
        return again(g)._replace(total=1.0)

    *_, last = measured(sequences, mean_steps, disagrees, Measured())
    assert last.best is None


def test_multiples_of_zero_sums() -> None:
    """ADOPT at its defaults is fooled by no short structured slopes, but by large multiples."""
    form = form_of("adopt", {})
    mean_steps = steps_of(form)
    found = multiples(mean_steps, (3, 4, 6, 12), 10**7)
    assert all(abs(g.sum()) == 1 for g in found)
    steps = mean_steps(found)
    wrong = [step.goes_to * g.sum() > 0 for g, step in zip(found, steps, strict=True)]
    assert wrong[-1]
    assert not wrong[0]
    assert multiples(mean_steps, (5,), 10**7) == []


def test_structured_slopes_in_random_order_have_one_large_one() -> None:
    for g in chain(*structured((30, 100), 10**6, cyclic=False)):
        assert np.count_nonzero(np.abs(g) == np.abs(g).max()) == 1
