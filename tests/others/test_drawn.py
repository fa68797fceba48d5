"""What public programs drew comes out of the rules and problems here.

The settings were read in their code, the numbers off their pictures: they are known to a pixel.
"""

from typing import Any

import numpy as np
import pytest
import xarray

import amsgrad

ALONE: dict[str, Any] = {"every": 1, "certify": "no"}  # all steps are taken, and recorded


# github.com/tamirbennatan/Adam-Convergence, Synthetic.ipynb: constant .01, betas .9, .999, x_1 = 0,
# Adam corrected and AMSGrad not, eps 1e-8. Pictures of 7e6 steps; a pixel is .010 high, .006 where
# x stays above -.24, and 23,000 steps wide.
@pytest.mark.parametrize(
    ("period", "opt", "band", "pixel"),
    [
        (101, "adam", (0.931, 1.0), 0.010),
        (101, "amsgrad", (-1.0, -0.921), 0.010),
        (11, "adam", (-1.0, -1.0), 0.010),
        (11, "amsgrad", (-1.0, -1.0), 0.010),
        (100, "amsgrad", (-1.0, -0.921), 0.010),
        (102, "adam", (0.932, 1.0), 0.006),
        (102, "amsgrad", (-0.093, -0.018), 0.006),
        (301, "amsgrad", (0.888, 1.0), 0.006),
    ],
)
def test_bands_of_the_report_on_reproducibility(
    period: int, opt: str, band: tuple[float, float], pixel: float
) -> None:
    x = theirs(opt, period, 150_000).x.values[-10 * period :]
    # a line of 1.5 points is two pixels high
    assert (x.min(), x.max()) == pytest.approx(band, abs=2 * pixel)


def theirs(opt: str, period: int, steps: int) -> xarray.Dataset:
    """Return a run of that notebook: Adam corrected, AMSGrad not."""
    meaning = {"adam": "torch", "amsgrad": "paper"}[opt]
    common = {"period": period, "lr": 0.01, "beta2": 0.999, "eps": 1e-8, "first_t": 1}
    return amsgrad.run(opt, semantics=meaning, steps=steps, dtype="float64", **common, **ALONE)


def test_what_the_report_calls_the_optimum() -> None:
    optimum = {period: amsgrad.PROBLEMS["online"](period=period) for period in (101, 102, 301)}
    assert [p.x_star for p in optimum.values() if p.attained] == [-1.0, 1.0]
    assert not optimum[102].attained  # the slopes of a period sum to 0: every x is as good


@pytest.mark.slow
def test_when_adam_arrives_in_the_report() -> None:
    x = theirs("adam", 100, 2_800_000).x.values
    assert np.argmax(x == 1) == pytest.approx(2_690_000, abs=23_000)


# torchbearer, docs/examples/amsgrad.rst: torch, .001, betas .9, .99, time from 0, 6,000,000 steps.
# In the picture AMSGrad's x falls by 1 in 1,285,000 steps: a straight line through 86 columns of
# pixels, 11,300 steps each.
def test_when_amsgrad_arrives_in_torchbearers_picture() -> None:
    common = {"semantics": "torch", "lr": 0.001, "beta2": 0.99, "first_t": 0, **ALONE}
    x = amsgrad.run("amsgrad", steps=1_300_000, **common).x.values
    assert np.argmax(x == -1) == pytest.approx(1_285_000, abs=11_300)
    adam = amsgrad.run("adam", steps=60_000, **common).x.values
    assert np.argmax(adam == 1) < 90_000  # smoothed there: it is at +1 after 8 columns


# github.com/wikaiqi/AMSGradpytorch: R_t/t after 6e6 steps of torch from x_1 = .5. Where x leaves F,
# its name is bound to a constant +1 or -1, which the optimizer does not hold: x stays there.
@pytest.mark.parametrize(
    ("lr", "opt", "read"),
    [
        (0.1, "amsgrad", 0.0080),
        (0.01, "amsgrad", 0.0132),
        pytest.param(0.001, "amsgrad", 0.0350, marks=pytest.mark.slow),
        (0.1, "adam", 0.1987),
        (0.01, "adam", 0.1987),
        (0.001, "adam", 0.1987),
    ],
)
def test_ends_that_absorb(lr: float, opt: str, read: float) -> None:
    steps, total = 6_000_000, 0.0
    x, m, v, vmax, t = 0.5, 0.0, 0.0, 0.0, 0
    while abs(x) <= 1:
        t += 1
        g = 1010.0 if t % 101 == 1 else -10.0
        total += g * (x + 1)
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
        vmax = max(vmax, v)
        root = ((vmax if opt == "amsgrad" else v) / (1 - 0.99**t)) ** 0.5
        x -= lr * m / (1 - 0.9**t) / (root + 1e-8)
    big = (steps + 100) // 101 - (t + 100) // 101
    rest = 2020 * big - 20 * (steps - t - big)
    slip = (total + (rest if x > 1 else 0)) / steps
    assert slip == pytest.approx(read, abs=0.0009)  # a pixel

    # Without the slip the same program settles elsewhere, on its way it is the same.
    common = {"semantics": "torch", "lr": lr, "beta2": 0.99, "first_t": 1, "x0": 0.5}
    found = amsgrad.run(opt, steps=steps, **common)
    assert abs(float(found.average_regret[-1]) - slip) > 0.02
