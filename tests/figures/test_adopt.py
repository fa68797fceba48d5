"""The figure of ADOPT on a small scale, beside loops as in a textbook."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from amsgrad.problems.adopt import Adopt
from experiments.figures import adopt

STEPS, SEEDS = 2000, 3
SMALL = {
    **adopt.SETTINGS,
    "base": {**adopt.SETTINGS["base"], "steps": STEPS},
    "beta2": [0.5, 0.999],
    "first_record": 10,
    "points": 20,
    "seeds": SEEDS,
}
ALONE = {**SMALL, "optimizers": ["adopt"]}


def gradients(k: int, seed: int) -> list[float]:
    problem = Adopt(k, seed)
    p = problem.parameters(np.float64)
    with np.errstate(over="ignore"):  # random draws wrap modulo 2^64
        return [float(problem.select(t, 0, p)) for t in range(1, STEPS + 1)]


def adam(gs: list[float], beta2: float, largest: bool) -> Iterator[float]:
    """Mhat / (sqrt(vhat) + eps), as in Kingma and Ba; torch's AMSGrad if `largest`."""
    m = v = vmax = 0.0
    for t, g in enumerate(gs, start=1):
        m = 0.9 * m + 0.1 * g
        v = beta2 * v + (1 - beta2) * g * g
        vmax = max(vmax, v) if largest else v
        yield m / (1 - 0.9**t) / (math.sqrt(vmax / (1 - beta2**t)) + 1e-8)


def adopt_of_the_paper(gs: list[float], beta2: float, clips: bool) -> Iterator[float]:
    """Counted from 0: the first gradient makes v alone."""
    m, v = 0.0, gs[0] ** 2
    yield 0.0
    for t, g in enumerate(gs[1:], start=1):
        u = g / max(math.sqrt(v), 1e-6)
        if clips:
            u = max(-(t**0.25), min(t**0.25, u))
        first = t == 1 and not clips  # the first release takes the first direction whole
        m = u if first else 0.9 * m + 0.1 * u
        v = beta2 * v + (1 - beta2) * g * g
        yield m


def path(directions: Iterator[float]) -> list[float]:
    """x_t before each step, and x after the last."""
    xs = [0.0]
    for t, direction in enumerate(directions, start=1):
        x = xs[-1] - 0.01 / math.sqrt(1 + 0.01 * t) * direction
        xs.append(max(-1.0, min(1.0, x)))
    return xs


TEXTBOOK = {
    "adam": lambda gs, beta2: adam(gs, beta2, False),
    "amsgrad": lambda gs, beta2: adam(gs, beta2, True),
    "adopt": lambda gs, beta2: adopt_of_the_paper(gs, beta2, True),
    "adopt_unclipped": lambda gs, beta2: adopt_of_the_paper(gs, beta2, False),
}


@pytest.fixture(scope="module")
def alone() -> Any:
    return adopt.compute(ALONE)


@pytest.fixture(scope="module")
def data() -> Any:
    return adopt.compute(SMALL)


def check(data: Any, k: int, beta2: float, opt: str) -> None:
    own = data.sel(k=k, beta2=beta2, optimizer=opt)
    xs = np.array([path(TEXTBOOK[opt](gradients(k, seed), beta2)) for seed in range(SEEDS)])
    then = xs[:, own.t.values - 1]
    assert own.x_last.values == pytest.approx(xs[:, -1], abs=1e-9)
    assert own.x_mean.values == pytest.approx(then.mean(axis=0), abs=1e-9)
    # of three seeds the least, the median and the largest are seeds; stored in single precision
    middle = own.x.sel(quantile=[0, 0.5, 1]).values
    assert middle == pytest.approx(np.sort(then, axis=0), abs=1e-7)


@pytest.mark.parametrize("k", SMALL["k"])
@pytest.mark.parametrize("beta2", SMALL["beta2"])
def test_a_curve_is_the_textbooks(alone: Any, k: int, beta2: float) -> None:
    check(alone, k, beta2, "adopt")


@pytest.mark.slow
@pytest.mark.parametrize("k", SMALL["k"])
@pytest.mark.parametrize("beta2", SMALL["beta2"])
@pytest.mark.parametrize("opt", SMALL["optimizers"])
def test_every_curve_is_the_textbooks(data: Any, k: int, beta2: float, opt: str) -> None:
    check(data, k, beta2, opt)


def test_the_data_are_labelled(alone: Any) -> None:
    data = alone
    assert data.x.dims == ("k", "beta2", "optimizer", "quantile", "t")
    assert data.x.shape[:4] == (2, 2, 1, 5)
    assert (data.t.values[0], data.t.values[-1]) == (10, STEPS)
    assert all(np.isfinite(entry).all() for entry in data.data_vars.values())
    assert np.abs(data.x).max() <= 1
    names = [name for name in data.variables if name != "optimizer"]
    assert all({"long_name", "units"} <= set(data[name].attrs) for name in names)


def test_the_quantiles_are_in_order(alone: Any) -> None:
    for lower, upper in pairwise(alone["quantile"].values):
        assert (alone.x.sel(quantile=lower) <= alone.x.sel(quantile=upper)).all()


@pytest.mark.slow
def test_it_is_drawn_and_described(data: Any) -> None:
    found, figure = adopt.findings(data), Figure(layout="constrained")
    adopt.draw(data, figure)
    figure.draw_without_rendering()
    assert len(figure.axes) == 4
    for opt in SMALL["optimizers"]:
        mean, least, largest = found[
            f"k = 10, beta2 = 0.5, {opt}: x after the last step: mean, least, largest"
        ]
        assert -1 <= least <= mean <= largest <= 1
    assert found["k = 10: beta2 with which Adam's mean ends above 0"] == [0.5]
    arrivals = found["k = 50: t at which the means pass -0.9, by beta2: AMSGrad, ADOPT, clipped"]
    assert arrivals == [[None] * 3] * 2
    assert "Taniguchi et al." in adopt.caption(SMALL, found).drawn
