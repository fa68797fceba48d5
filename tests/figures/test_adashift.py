"""The experiment of AdaShift on a small scale, beside a loop like that of the released code."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from amsgrad.problems.adashift import AdaShift
from experiments.figures import adashift

WARM_UP, STEPS, EVERY, SEEDS = 300, 2000, 100, 2
SMALL = {
    **adashift.SETTINGS,
    "base": {**adashift.SETTINGS["base"], "steps": STEPS},
    "warm_up": WARM_UP,
    "every": EVERY,
    "seeds": SEEDS,
}
ALONE = {**SMALL, "optimizers": ["adashift"]}


def gradients(seed: int) -> list[float]:
    """Those of the warm-up, and without a break those that follow."""
    problem = AdaShift(seed=seed)
    p = problem.parameters(np.float64)
    with np.errstate(over="ignore"):  # random draws wrap modulo 2^64
        return [float(problem.select(t, 0, p)) for t in range(1, WARM_UP + STEPS + 1)]


def adam(gs: list[float], largest: bool) -> Iterator[float]:
    """With beta1 = 0; eps inside the root."""
    v = vhat = 0.0
    for i, g in enumerate(gs):
        v = 0.999 * v + 0.001 * g**2
        corrected = v / (1 - 0.999 ** (i + 1))
        vhat = max(vhat, corrected) if largest else corrected
        yield g / math.sqrt(vhat + 1e-8)


def shifted(gs: list[float]) -> Iterator[float]:
    """A window of one: v lags one gradient behind."""
    v = 0.0
    yield 0.0
    for i, g in enumerate(gs[1:], start=1):
        v = 0.999 * v + 0.001 * gs[i - 1] ** 2
        yield g / math.sqrt(v / (1 - 0.999**i) + 1e-8)


def path(directions: Iterator[float]) -> list[float]:
    """x_t before each step after the warm-up, in which x rests, and x after the last of them."""
    xs = [0.0]
    for i, direction in enumerate(directions):
        if i >= WARM_UP:
            xs.append(xs[-1] - 1e-3 * direction)
    return xs


TEXTBOOK = {
    "adam": lambda gs: adam(gs, False),
    "amsgrad": lambda gs: adam(gs, True),
    "adashift": shifted,
}


@pytest.fixture(scope="module")
def alone() -> Any:
    return adashift.compute(ALONE)


@pytest.fixture(scope="module")
def data() -> Any:
    return adashift.compute(SMALL)


def check(data: Any, opt: str, seed: int) -> None:
    xs = path(TEXTBOOK[opt](gradients(seed)))
    then = [xs[t - 1] for t in data.t.values]
    own = data.sel(optimizer=opt, seed=seed)
    # eps inside the root or outside: 1e-8 of what x has gone; and x is stored in single precision
    assert own.x.values == pytest.approx(then, rel=1e-7, abs=1e-7)
    assert float(own.x_last) == pytest.approx(xs[-1], rel=1e-7)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_path_is_the_released_codes(alone: Any, seed: int) -> None:
    check(alone, "adashift", seed)


@pytest.mark.slow
@pytest.mark.parametrize("opt", SMALL["optimizers"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_path_is_the_released_codes(data: Any, opt: str, seed: int) -> None:
    check(data, opt, seed)


def test_the_warm_up_matters(alone: Any) -> None:
    """Its gradients are remembered: the paths differ from those of a start from nothing."""
    cold = adashift.compute({**ALONE, "warm_up": 0})
    assert (cold.x != alone.x).any()


@pytest.mark.slow
def test_the_warm_up_matters_to_each(data: Any) -> None:
    cold = adashift.compute({**SMALL, "warm_up": 0})
    assert all((cold.x.sel(optimizer=opt) != data.x.sel(optimizer=opt)).any() for opt in TEXTBOOK)


def test_the_data_are_labelled(alone: Any) -> None:
    assert alone.x.dims == ("optimizer", "seed", "t")
    assert alone.x.shape == (1, SEEDS, STEPS // EVERY)
    assert alone.x_last.dims == ("optimizer", "seed")
    assert alone.t.values[-1] == STEPS
    assert np.isfinite(alone.x).all()
    names = ("x", "x_last", "seed", "t")
    assert all({"long_name", "units"} <= set(alone[name].attrs) for name in names)


@pytest.mark.slow
def test_it_is_drawn_and_described(data: Any) -> None:
    found, figure = adashift.findings(data), Figure(layout="constrained")
    adashift.draw(data, figure)
    figure.draw_without_rendering()
    assert len(figure.axes) == 2
    for opt in SMALL["optimizers"]:
        mean, least, largest = found[f"{opt}: x after the last step: mean, least, largest"]
        assert least <= mean <= largest
        below = found[f"{opt}: seeds that end below 0"]
        assert below == (data.x_last.sel(optimizer=opt) < 0).sum()
    assert found["seeds"] == SEEDS
    assert "Zhou et al." in adashift.caption(SMALL, found).drawn
