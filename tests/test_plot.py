"""`amsgrad.plot`: a curve for each run in a data set, and a band for its seeds."""

import hashlib
from typing import Any

import numpy as np
import pytest
import xarray
from matplotlib.figure import Figure

import amsgrad
from amsgrad.picture import COLORS
from experiments.run.picture import to_bytes

STEP = np.array([1, 2, 3, 5, 10, 30, 100, 300, 1000])
GIVEN = {"lower": -1.0, "upper": 1.0, "x_star": -1.0, "problem": "online", "lr": 0.01, "every": 1}


def data(*dims: str, **coords: Any) -> xarray.Dataset:
    """Runs along these dimensions; each is 0.1 above the one before."""
    shape = [len(coords[dim]) for dim in dims]
    offset = 0.1 * np.arange(np.prod(shape, dtype=int)).reshape(*shape, 1)
    x = offset - np.log10(STEP) / 3
    columns = dict.fromkeys(("x", "average_regret"), ((*dims, "step"), x))
    return xarray.Dataset(columns, {"step": STEP, "t": ("step", STEP - 1), **coords}, GIVEN)


def texts(figure: Figure) -> list[str]:
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return [text.get_text() for text in figure.texts] + legends


def dots(figure: Figure, color: str) -> list[float]:
    """The values of the dots of this colour in the left panel."""
    found = [
        line.get_ydata()
        for line in figure.axes[0].lines
        if line.get_color() == color and line.get_marker() == "o"
    ]
    assert len(found) == 1
    return np.asarray(found[0]).tolist()


def test_one_run() -> None:
    one = data().assign_attrs(opt="adopt_unclipped")
    figure = amsgrad.plot(one)
    assert isinstance(figure, Figure)
    assert texts(figure)[:2] == [
        "ADOPT without clipping on the online regret problem",
        "lr = 0.01",
    ]
    assert dots(figure, COLORS[0]) == one.x.values.tolist()
    assert figure.axes[0].get_xscale() == "log"
    assert to_bytes(figure).startswith(b"\x89PNG")


def test_a_curve_for_each_combination() -> None:
    runs = data("opt", "beta2", opt=["adam", "amsgrad"], beta2=[0.9, 0.999])
    figure = amsgrad.plot(runs)
    assert texts(figure)[0] == "The online regret problem"
    rules, betas = ("Adam", "AMSGrad"), ("0.9", "0.999")
    assert texts(figure)[-4:] == [f"{rule}, beta2 = {b}" for rule in rules for b in betas]
    assert dots(figure, COLORS[2]) == runs.x.sel(opt="amsgrad", beta2=0.9).values.tolist()
    turned = amsgrad.plot(runs.transpose("step", "beta2", "opt"))
    assert texts(turned)[-3] == "beta2 = 0.9, AMSGrad"
    assert dots(turned, COLORS[1]) == dots(figure, COLORS[2])


def test_seeds_are_a_median_with_its_quartiles_and_range() -> None:
    seeds = data("seed", "opt", seed=[4, 5, 6, 7, 8], opt=["adam", "amsgrad"])
    figure = amsgrad.plot(seeds)
    assert texts(figure)[-2:] == ["Adam", "AMSGrad"]
    middle = seeds.x.sel(opt="amsgrad").median("seed").values
    np.testing.assert_allclose(dots(figure, COLORS[1]), middle)
    bands = [path.get_paths()[0].vertices[:, 1] for path in figure.axes[0].collections]
    spread = sorted({float(np.round(band.max() - middle.max(), 6)) for band in bands[2:4]})
    assert spread == [0.2, 0.4]
    assert "of the seeds: median" in texts(figure)[2]


def test_the_limit_is_drawn_where_it_is_known() -> None:
    runs = data("opt", opt=["adam", "amsgrad"]).assign(limit=("opt", [np.nan, 0.25]))
    levels = [
        (line.get_color(), line.get_ydata()[0])
        for line in amsgrad.plot(runs).axes[1].lines
        if list(line.get_xdata()) == [0, 1] and line.get_ydata()[0] != 0
    ]
    assert levels == [(COLORS[1], 0.25)]
    alone = amsgrad.plot(runs.isel(opt=1, drop=True))
    assert "limit 0.2500" in [text.get_text() for text in alone.axes[1].texts]


def test_the_same_data_give_the_same_bytes() -> None:
    runs = data("seed", seed=[1, 2, 3])
    digests = {hashlib.sha256(to_bytes(amsgrad.plot(runs))).hexdigest() for _ in range(2)}
    assert len(digests) == 1


@pytest.mark.parametrize("missing", [slice(None), slice(0, 3), slice(5, None)])
def test_what_is_not_finite_is_left_out(missing: slice) -> None:
    runs = data("opt", opt=["adam", "amsgrad"])
    runs.x[0, missing] = np.nan
    figure = amsgrad.plot(runs)
    assert len(dots(figure, COLORS[0])) == np.isfinite(runs.x[0]).sum()
    assert "not finite" in texts(figure)[2]
    to_bytes(figure)
