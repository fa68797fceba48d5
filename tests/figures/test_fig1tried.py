"""The trials against Figure 1, on a small scale."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from experiments.figures import fig1tried
from experiments.figures.online_fit import off

SMALL = {
    **fig1tried.SETTINGS,
    "online": {**fig1tried.SETTINGS["online"], "steps": 600_000},
    "tried": {
        name: fig1tried.SETTINGS["tried"][name]
        for name in (
            "as printed",
            "as printed, from +1",
            "beta1 .95",
            "betas .983, .9933, from +1",
            "stale m",
            "stale v",
        )
    },
    "rise_until": 60_000,
    "beta1_decades": [1.0, 1.8, 3],
    "beta2_decades": [2.0, 2.2, 3],
}


@pytest.fixture(scope="module")
def data() -> object:
    return fig1tried.compute(SMALL)


def test_alphas_are_levels_over_the_kappas_of_the_law(data: object) -> None:
    printed = data.sel(tried="as printed")
    assert printed.per_alpha.values == pytest.approx([59.986, 65.871], abs=1e-3)
    ratio = data.per_alpha[:, 0] / data.per_alpha[:, 1]
    assert ratio.sel(tried="as printed") == pytest.approx(0.911, abs=1e-3)
    low, high = data.ratio.values
    assert low < 34.6 / 33.7 < high
    assert ratio.sel(tried="stale v") == pytest.approx(1.030, abs=1e-3)
    assert (data.lr.sel(range="least") < data.lr.sel(range="most")).all()


def test_without_a_law_kappa_is_that_of_a_run(data: object) -> None:
    """From sums of 101 steps of m_{k-1} / sqrt(v_k) in its periodic state, at +1."""
    g = np.array([1010.0, *100 * [-10.0]])
    m = v = u = 0.0
    for _ in range(60):
        cost = 0.0
        for slope in g:
            cost += slope * u
            late = m
            m, v = 0.9 * m + 0.1 * slope, 0.99 * v + 0.01 * slope * slope
            u = max(0.0, u + late / np.sqrt(v))  # the way down from +1
    law = -2 / 101 * cost
    found = float(data.per_alpha.sel(tried="stale m", optimizer="adam"))
    assert found == pytest.approx(law, rel=2e-3)


def test_differences_and_rises(data: object) -> None:
    own = data.sel(tried="stale v")
    lr = float(own.lr.sel(optimizer="adam", range="best"))
    _, largest = off("adam", lr, 20 / 101, SMALL, variant="stale_v")
    assert float(own.off.sel(optimizer="adam")) == largest
    assert data.arrival.sel(tried="as printed") < 10_000 < own.arrival < 20_000
    assert 30_000 < data.arrival.sel(tried="betas .983, .9933, from +1") < 50_000
    assert (data.off_joint > 0).all()
    assert int(data.pairs) == 9
    assert (
        int(data.pairs) >= int(data.pairs_up) >= int(data.pairs_level) >= int(data.pairs_rise) > 0
    )


def test_it_is_drawn_and_described(data: object) -> None:
    found = fig1tried.findings(data)
    figure = Figure(layout="constrained")
    fig1tried.draw(data, figure)
    assert len(figure.axes) == 3
    assert "Nothing is said about what the authors ran." in fig1tried.caption(SMALL, found).details
