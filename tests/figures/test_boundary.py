"""The figure of the boundary on a small scale."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from experiments.figures import boundary
from tests.theory import naive

SMALL = {
    **boundary.SETTINGS,
    "base": {**boundary.SETTINGS["base"], "steps": 2_000_000},
    "periods": list(range(2, 40)),
    "run_periods": [[3, 8], [10], [30]],
    "points": [21, 24],
    "run_every": [1.0, 1.5],
}


@pytest.fixture(scope="module")
def data() -> Any:
    return boundary.compute(SMALL)


def test_the_range_that_fails_is_where_brute_force_changes_sign(data: Any) -> None:
    for beta1, period in ((0.0, 10), (0.9, 10), (0.99, 30)):
        slopes = [-1.0, float(period), *[-1.0] * (period - 2)]
        own = data.sel(beta1=beta1, period=period)
        least, most = float(own.least), float(own.most)
        for beta2, goes_to in (
            (least - 1e-3, -1),
            (least + 1e-3, 1),
            (most - 1e-3, 1),
            (most + 1e-3, -1),
        ):
            if beta2 >= 0:
                assert np.sign(-naive.drift(slopes, beta1, beta2)) == goes_to
    assert np.isnan(data.most.sel(beta1=0.99, period=10))
    assert float(data.least.sel(beta1=0.0, period=10)) == 0


def test_the_map_is_brute_forces(data: Any) -> None:
    slopes = [-10.0, 1010.0, *[-10.0] * 99]
    for i, j in ((0, 0), (5, 10), (10, 20), (15, 5)):
        beta1, beta2 = (1 - 10 ** -float(axis) for axis in (data.w[i], data.z[j]))
        expected = naive.drift(slopes, beta1, beta2) / 101
        # single precision
        assert float(data.drift[i, j]) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_every_run_goes_where_the_drift_says(data: Any) -> None:
    assert (np.abs(data.run_x - data.run_goes_to) < 0.2).all()
    assert set(data.run_goes_to.values) == {-1, 1}
    assert set(data.run_figure1.values) == {0, 1}


def test_the_data_are_labelled(data: Any) -> None:
    assert data.drift.dims == ("w", "z")
    assert data.least.dims == ("beta1", "period")
    assert all({"long_name", "units"} <= set(entry.attrs) for entry in data.variables.values())


def test_it_is_drawn_and_described(data: Any) -> None:
    found, figure = boundary.findings(data), Figure(layout="constrained")
    boundary.draw(data, figure)
    figure.draw_without_rendering()
    assert len(figure.axes) == 2
    assert found["Figure 1's problem, beta1 = 0.9: beta2*"] == 0.999516
    assert found["C = 30, beta1 = 0.99: beta2 between which Adam fails"] == [0.4519, 0.91]
    assert found["runs"] == found["runs that went where the drift says"] == data.run_x.size
    assert found["t mod C, beta1 = 0.9, C up to 39: re-entrant"] == [8, 15]
    assert "3,218" in boundary.caption(SMALL, found).details
