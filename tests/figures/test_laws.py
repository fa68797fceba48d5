"""The figures of laws on a small scale."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from experiments.figures import fig1far, laws, maps
from tests.marks import needs_jit

FAR = {**fig1far.SETTINGS, "points": 60, "bands": 20, "far_points": 3, "far_steps": 200_000}
AXES = {"opt": ["adam", "amsgrad"], "beta1": maps.betas(3, 7), "beta2": maps.betas(3, 7)}


@pytest.fixture(scope="module")
def far() -> Any:
    return fig1far.compute(FAR)


@needs_jit
def test_far_out_the_curves_are_their_laws(far: Any) -> None:
    last = far.isel(t=-1)
    law = last.limit + last.kappa / np.sqrt(last.t) + last.constant / last.t
    assert int(last.t) == 10**15
    assert last.average_regret.values == pytest.approx(law.values, rel=1e-11)
    assert (far.least <= far.largest).all()
    late = far.isel(t_band=-1)
    for band in (late.least, late.largest):
        assert band.values == pytest.approx(far.kappa.values, rel=1e-3)
    # the program: in single precision Adam has left +1 at 3e12 or stands still at 1e16
    double, single = far.away.sel(dtype="float64"), far.away.sel(dtype="float32")
    root = np.sqrt(far.t_far)
    assert (double * root).std("t_far").max() < 1e-3 * (double * root).min()
    assert (single.isel(t_far=-1) == 0).all()


@needs_jit
def test_maps_agree_with_exact_laws() -> None:
    data = laws.compute({**laws.SETTINGS, "axes": AXES, "sample": 6})
    found = laws.findings(data)
    assert found["exact laws found beside the maps"] >= 6
    assert found["largest relative difference of kappa"] < 1e-10
    assert found["largest difference of limit"] == 0
    assert 0 < found["adam: cells whose average regret does not vanish"] < 49
    assert found["amsgrad: cells whose average regret does not vanish"] == 0
    figure = Figure(layout="constrained")
    laws.draw(data, figure)
    assert [axes.get_title(loc="left")[:3] for axes in figure.axes[:4]] == [
        f"({letter})" for letter in "abcd"
    ]
    assert "20/101" in laws.caption(laws.SETTINGS, found).seen


@needs_jit
def test_it_is_drawn_and_described(far: Any) -> None:
    figure, found = Figure(layout="constrained"), fig1far.findings(far)
    fig1far.draw(far, figure)
    figure.draw_without_rendering()
    assert found["adam: the law"].startswith("R_T/T -> 20/101 + 34.79/sqrt(T)")
    assert "Corollary 1" in fig1far.caption(fig1far.SETTINGS, found).seen
