"""The figure `price` on a small scale."""

from typing import Any

import pytest

from experiments.figures import price
from experiments.figures.layout import new_figure


@pytest.fixture(scope="module")
def data() -> Any:
    changes = {"periods": [3, 40], "beta2": [0.99, 0.999], "shape_points": 50}
    return price.compute({**price.SETTINGS, **changes})


@pytest.mark.slow
def test_short_periods_cost_little(data: Any) -> None:
    """The price is proportional to P (1 - beta2) while that is small, whatever the rule is."""
    found = price.findings(data)
    assert found[price.COUNT] == 20
    least, most = found[price.LAW]
    assert 0.037 < least < most < 0.04
    assert found[price.ADAM] < 0.1
    assert data.price.max() < 1
    for opt in ("rmsprop", "adam"):
        assert (data.price.sel(rule=opt).diff("period") > 0).all()


@pytest.mark.slow
def test_the_shapes_begin_at_their_jump(data: Any) -> None:
    shape = data["shape"].sel(rule="rmsprop", period=40)
    assert float(shape[0]) == pytest.approx(1)
    assert float(shape[-1]) == pytest.approx(-1)


@pytest.mark.slow
def test_it_is_drawn_with_other_periods(data: Any) -> None:
    figure = new_figure(7)
    price.draw(data, figure)
    assert [axes.get_title(loc="left") for axes in figure.axes][1] == "(b) Adam"
