"""What public programs printed comes out of the rules and problems here, to the last digit.

The settings were read in their code, the numbers in their output. A mean is held to 14 digits: the
rest depends on the order of a sum and on the pow of the C library.
"""

import csv
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pytest
import xarray

import amsgrad
from amsgrad.engines.base import Setup
from amsgrad.engines.driver import run_to
from amsgrad.engines.reference import Reference
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.rules import RULES
from tests.conftest import ROOT
from tests.others.programs import Unbounded, adam_without_root, amsgrad_without_root

pytestmark = pytest.mark.slow

ALONE: dict[str, Any] = {"every": 1, "certify": "no"}  # all steps are taken, and recorded


# github.com/mrayanasim09/AMS_grad: NumPy, x_1 = 0, eps 1e-8. Adam is corrected, AMSGrad is not.
BURST = {"problem": "theorem2", "dtype": "float64", **ALONE}
EULER = {"beta1": 0.9, "semantics": "torch", **BURST}
with (ROOT / "tests/others/cycle_means.csv").open() as file:
    CYCLE_MEANS = np.array([[float(entry) for entry in row] for row in list(csv.reader(file))[1:]])


def last_period(period: int, steps: int, **settings: Any) -> xarray.DataArray:
    """Return the last `period` of the x after each update."""
    found = amsgrad.run("adam", period=period, steps=steps + 1, **EULER, **settings)
    return found.x.isel(step=slice(-period, None))


@pytest.mark.parametrize("which", [slice(5, None, 30), slice(None)], ids=str)
def test_cycle_means_of_adam(which: slice) -> None:
    lr, means, dwell = CYCLE_MEANS[which].T
    x = last_period(100, 800 * 100, lr=lr.tolist(), beta2=0.999)
    assert abs(x.mean("step").values - means).max() < 1e-14
    assert ((x > 0.5).mean("step").values == dwell).all()


# xbar_vs_k_profiles.csv, 7 of 560 means: where the sign changes, for C = 10 a second time.
@pytest.mark.parametrize(
    ("period", "means"),
    [
        (
            10,
            {
                0.7811012658227848: -0.882426934272129,
                0.7685189873417722: 0.7648576877500154,
                0.07649367088607595: 0.5905046356563556,
                0.06391139240506338: -0.6941254875525135,
            },
        ),
        (
            40,
            {
                0.99875: -0.2871824278030731,
                0.9734905063291139: -0.10876852810236799,
                0.9608607594936709: 0.014535774602603321,
            },
        ),
    ],
)
def test_profiles_of_adam(period: int, means: dict[float, float]) -> None:
    x = last_period(period, 800 * period, lr=0.8, beta2=list(means))
    assert abs(x.mean("step").values - list(means.values())).max() < 1e-14


def test_a_large_beta2_mends_adam_at_smaller_steps() -> None:
    """There, at the step size .8, no beta2 does for C = 100."""
    slopes = {"opt": "adam", "slopes": "100,-1x99", "semantics": "torch"}
    assert amsgrad.mean_step(**slopes, beta2=0.99950).total < 0
    assert amsgrad.mean_step(**slopes, beta2=0.99951).total > 0
    common = {"problem": "theorem2", "period": 100, "semantics": "torch", "dtype": "float64"}
    betas = {"beta2": [0.999, 0.9999], "lr": 5, "schedule": "inverse_sqrt"}
    found = amsgrad.run("adam", **common, **betas, steps=4_000_000)
    assert found.x_last.values == pytest.approx([1.0, -0.98306], abs=1e-5)


# Its report, section 4, and results/mechanism_probes/p1_..., p2_....csv: the period after 20,200.
@pytest.mark.parametrize(
    ("settings", "means", "dwell"),
    [
        (
            {"lr": 0.8, "beta2": [0.9, 0.99, 0.999, 0.9999, 0.999999]},
            [
                0.3755039377192608,
                0.17039017693385078,
                0.1726880254748473,
                0.1732238487277854,
                0.17308018760174676,
            ],
            [0.62, 0.5, 0.5, 0.5, 0.5],
        ),
        (
            {"lr": [0.1, 0.2, 0.3, 0.4, 0.6, 0.8], "beta2": 0.999},
            [
                0.6022670284508085,
                0.20453405690161744,
                -0.17963202224561273,
                -0.053134407000050704,
                0.09328339943465341,
                0.1726880254748473,
            ],
            [0.6, 0.29, 0.19, 0.32, 0.44, 0.5],
        ),
    ],
    ids=["p1", "p2"],
)
def test_probes_of_adam(settings: dict[str, Any], means: list[float], dwell: list[float]) -> None:
    x = last_period(100, 20_300, **settings)
    assert abs(x.mean("step").values - means).max() < 1e-14
    assert ((x > 0.5).mean("step").values == dwell).all()


# The step size at which the cycle mean changes its sign, by bisection, as .2514 and .1375; and k*
# between .2997 and .2998, beta2* = 1 - k* / C.
@pytest.mark.parametrize(
    ("period", "steps", "settings"),
    [
        (100, 80_000, {"lr": [0.25145, 0.25135], "beta2": 0.999}),
        (300, 240_000, {"lr": [0.13755, 0.13745], "beta2": 0.999}),
        (30, 6_230, {"lr": 0.8, "beta2": [1 - 0.2997 / 30, 1 - 0.2998 / 30]}),
    ],
)
def test_where_the_cycle_mean_of_adam_changes_its_sign(
    period: int, steps: int, settings: dict[str, Any]
) -> None:
    below, above = last_period(period, steps, **settings).mean("step").values
    assert below < 0 < above


def test_ten_steps_of_adam() -> None:
    printed = """50.000 100.000 -0.8000, 25.500 34.000 -1.0000, 13.250 15.143 -1.0000,
        7.125 7.600 -1.0000, 4.063 4.194 -1.0000, 2.531 2.571 -1.0000, 1.766 1.780 -1.0000,
        1.383 1.388 -0.9483, 1.191 1.194 -0.7820, 1.096 1.097 -0.5180"""
    rule = RULES["adam"](beta2=0.5, semantics="torch")
    engine = Reference(Setup(Theorem2(10), 0.8, dtype=np.float64), rule)
    state = engine.init()
    for k, line in enumerate(printed.split(","), 1):
        state, _ = run_to(engine, k, start=state)
        v, v_hat, x = line.split()
        assert rounded(state.memory.v, v)
        assert rounded(state.memory.v / (1 - 0.5**k), v_hat)
        assert rounded(state.x, x)


def rounded(number: float, printed: str) -> bool:
    """Return True if the number, with halves rounded up, is what was printed."""
    return Decimal(float(number)).quantize(Decimal(printed), ROUND_HALF_UP) == Decimal(printed)


@pytest.mark.parametrize(
    ("opt", "printed"),
    [
        ({"opt": "adam", "beta2": 0.5, "semantics": "torch"}, "1.0000"),
        ({"opt": "adam", "beta2": 0.999, "semantics": "torch"}, "-0.7778"),
        ({"opt": "amsgrad", "beta2": 0.5, "semantics": "paper", "eps": 1e-8}, "-0.8969"),
        ({"opt": "adagrad", "eps": 1e-8}, "-0.9024"),
    ],
)
def test_ends_of_ams_grad(opt: dict[str, Any], printed: str) -> None:
    assert rounded(amsgrad.run(**opt, lr=0.8, period=10, steps=500, **BURST).x_last, printed)


# github.com/junfengwen/AMSGrad, toy.ipynb: TensorFlow 1.4, single precision, no F, time from 0, x
# after the update of step 0, 100, ..., 4900 in three digits.
TOY = {
    "adam": """1.02 1.14 1.26 1.33 1.37 1.41 1.43 1.45 1.47 1.49 1.5 1.51 1.52 1.53 1.54 1.54 1.55
        1.55 1.56 1.56 1.57 1.57 1.57 1.58 1.58 1.58 1.58 1.59 1.59 1.59 1.59 1.59 1.59 1.59 1.6
        1.6 1.6 1.6 1.6 1.6 1.6 1.6 1.61 1.61 1.61 1.61 1.61 1.61 1.61 1.61""",
    "amsgrad": """1.02 1.13 1.22 1.27 1.3 1.32 1.32 1.33 1.32 1.32 1.31 1.31 1.3 1.28 1.27 1.26 1.24
        1.23 1.22 1.2 1.18 1.17 1.15 1.13 1.12 1.1 1.08 1.06 1.05 1.03 1.01 0.992 0.973 0.955 0.936
        0.918 0.899 0.88 0.862 0.843 0.824 0.805 0.786 0.768 0.749 0.73 0.711 0.692 0.674 0.655""",
}
TOY_START = 0.923499584197998


def toy(opt: str, x0: float) -> list[str]:
    """Return what the notebook would print."""
    common = {"problem": Unbounded(), "semantics": "keras", "eps": 1e-8, "lr": 0.1, "beta2": 0.999}
    run = {"first_t": 0, "steps": 4_902, "engine": "reference", **ALONE}
    found = amsgrad.run(opt, x0=x0, **common, **run)
    return [f"{x:.3g}" for x in found.x.values[1::100]]


@pytest.mark.parametrize("opt", TOY)
def test_every_number_of_the_toy_notebook(opt: str) -> None:
    assert toy(opt, TOY_START) == TOY[opt].split()


def test_hardly_another_start_gives_the_numbers_of_the_toy_notebook() -> None:
    for x0, given in {0.92349: False, 0.923491: True, 0.923583: True, 0.923585: False}.items():
        assert all(toy(opt, x0) == TOY[opt].split() for opt in TOY) == given


def test_the_start_of_the_toy_notebook() -> None:
    """TensorFlow's uniform number in [-1, 1): Philox 4x32-10 with its two seeds, 23 bits."""
    key, counter = [87_654_321, 0], [0, 0, 100, 0]
    word = 2**32
    for _ in range(10):
        (high0, low0), (high2, low2) = (
            divmod(factor * counter[i], word) for factor, i in ((0xD2511F53, 0), (0xCD9E8D57, 2))
        )
        counter = [high2 ^ counter[1] ^ key[0], low2, high0 ^ counter[3] ^ key[1], low0]
        key = [(key[0] + 0x9E3779B9) % word, (key[1] + 0xBB67AE85) % word]
    assert counter[0] % 2**23 / 2**22 - 1 == TOY_START


# github.com/bushaev/adam: t mod 3, C = 15, x after 10,000 steps of NumPy from t = 0. The x % 3 that
# it shows cannot have given its -0.9998: x would climb to +1. Neither divisor has a root.
THREE = {
    "problem": "theorem1",
    "big": 15,
    "first_t": 0,
    "steps": 10_000,
    "dtype": "float64",
    "engine": "reference",
    "certify": "no",
}


@pytest.mark.parametrize(
    ("opt", "x"),
    [
        ({"opt": "sgd", "lr": 1e-4}, -0.9998),
        ({"opt": adam_without_root}, 1.0),
        ({"opt": amsgrad_without_root}, -0.9991071782072143),
        ({"opt": adam_without_root, "beta1": 0.9, "beta2": 0.999}, -1.0),  # said there in words
        ({"opt": adam_without_root, "eps": 20}, 1.0),
    ],
)
def test_numbers_of_the_notebook_without_a_root(opt: dict[str, Any], x: float) -> None:
    found = amsgrad.run(**{"lr": 0.1, **opt}, **THREE)
    assert found.x_last == pytest.approx(x, abs=1e-14)  # -0.9998 is a sum of 10,000 terms


def test_a_large_eps_without_a_root_mends_adam() -> None:
    for eps in (50, 101):  # there: above 100
        assert amsgrad.run(adam_without_root, eps=eps, lr=0.1, **THREE).x_last < -0.99


def test_the_slip_that_is_shown_there_gives_another_number() -> None:
    x = 0.0
    for _ in range(10_000):
        x = max(-1.0, min(1.0, x - 1e-4 * (15 if x % 3 == 1 else -1)))
    assert x > 0.99


def test_the_same_with_the_root() -> None:
    meant = {"beta1": 0.0, "beta2": 1 / 226, "eps": 1e-7, "lr": 0.1, **THREE}
    assert amsgrad.run("adam", semantics="torch", **meant).x_last == 1
    assert rounded(amsgrad.run("amsgrad", semantics="paper", **meant).x_last, "-0.9866")
