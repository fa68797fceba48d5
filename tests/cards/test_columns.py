"""The columns are the problems that they are said to be."""

import numpy as np
import pytest

from amsgrad.problems import PROBLEMS
from amsgrad.problems.acprop1 import ACProp1
from amsgrad.problems.adopt import Adopt
from amsgrad.problems.online import Online
from amsgrad.problems.stochastic import Stochastic
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.theory.expected import odds
from amsgrad.theory.periodic import slopes
from experiments.cards.columns import COLUMNS, GROUPS
from experiments.cards.plan import plan_cell


@pytest.mark.parametrize(
    ("name", "problem"),
    [("online", Online()), ("theorem2", Theorem2(period=150)), ("theorem2", ACProp1(period=150))],
)
def test_cyclic_columns_have_the_slopes_of_the_problem(name: str, problem: Online) -> None:
    from_1_on = np.roll(slopes(problem), -1)
    assert COLUMNS[name].numbers.tolist() == from_1_on.tolist()


@pytest.mark.parametrize(("name", "problem"), [("stochastic", Stochastic()), ("adopt", Adopt(50))])
def test_drawn_columns_have_the_law_of_the_problem(name: str, problem: Stochastic) -> None:
    law = odds(problem)
    numbers = COLUMNS[name].numbers
    for slope, chance in zip(*law, strict=True):
        assert np.mean(numbers == slope) == pytest.approx(chance, rel=1e-12)


# What a column does not take from its paper; its source says so, and eps is the optimizer's own.
OURS = {
    "theorem2": ("eps", "period"),  # C
    "adopt": ("period",),  # k is in the slopes
    "zhang": ("steps",),
    "adafom": ("beta1",),
    "rare": ("lr", "eps", "steps"),
    "polynomial": ("eps", "memory0"),  # it names variables that not every rule has
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_has_the_settings_of_its_paper(name: str) -> None:
    column = COLUMNS[name]
    paper = {"theorem2-shuffled": "theorem2"}.get(name, name)
    published = PROBLEMS[paper].published if paper in PROBLEMS else ()
    for stated in published[:1]:
        for setting, value in stated.settings.items():
            if setting in OURS.get(paper, ()):
                continue
            allowed = value if isinstance(value, list) else [value]
            assert column.settings[setting] in allowed, setting
    config = plan_cell("adam", column, None, 1).config
    assert config.x0 == column.settings.get("x0", config.make_problem().x0)
    assert config.make_problem().attained


def test_columns_stand_in_the_order_of_their_groups() -> None:
    groups = [column.group for column in COLUMNS.values()]
    assert groups == sorted(groups, key=GROUPS.index)
    assert len({(column.group, column.title) for column in COLUMNS.values()}) == len(COLUMNS)


def test_the_price() -> None:
    assert COLUMNS["online"].price == pytest.approx(10 / 101 / 1010)
    assert COLUMNS["mirrored"].price == pytest.approx(1 / 402 / 400)
    assert np.isnan(COLUMNS["zhang"].price)
