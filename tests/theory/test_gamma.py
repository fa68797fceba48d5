"""Gamma_t: never negative where the proofs need that, negative where v decays."""

from dataclasses import replace

import numpy as np
import pytest

from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.reference import Reference
from amsgrad.problems.online import Online
from amsgrad.problems.stochastic import Stochastic
from amsgrad.rules import RULES
from amsgrad.schedules import constant, inverse_sqrt
from amsgrad.theory.gamma import gamma
from tests import naive
from tests.marks import slow

STEPS = 2000
OPTIONS = {
    "adam": {"semantics": "paper"},  # without eps
    "amsgrad": {"semantics": "paper"},
    "adagrad": {"eps": 0.0},
    "rmsprop": {"eps": 0.0},
}


def along(opt, problem=None, schedule=inverse_sqrt, dtype=np.float64, engine=Reference):
    setup = Setup(problem or Online(), 0.5, schedule, dtype=dtype)
    return gamma(engine(setup, RULES[opt](**OPTIONS.get(opt, {}))), STEPS)


@pytest.mark.parametrize("problem", [Online(), Stochastic(), slow(Stochastic(seed=5))])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("opt", "schedule"),
    [
        ("sgd", inverse_sqrt),
        ("sgd", constant),
        ("amsgrad", inverse_sqrt),
        ("amsgrad", constant),
        ("adagrad", inverse_sqrt),
        ("adagrad", constant),
    ],
)
def test_it_is_never_negative(opt, schedule, problem, dtype):
    found = along(opt, problem, schedule, dtype)
    assert found.shape == (STEPS - 1,)
    assert found.min() >= 0


def test_adamnc_needs_the_decay():
    assert along("adamnc").min() > 0
    assert along("adamnc", schedule=constant).min() < 0


@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
def test_it_is_the_formula_of_the_paper(opt):
    """From an oracle's v_t, and alpha_t = 1 / (2 sqrt(t))."""
    rows = naive.run(
        amsgrad=opt == "amsgrad", semantics="paper", lr=0.5, beta1=0.9, beta2=0.99, eps=0.0,
        steps=STEPS, schedule="inverse_sqrt", first_t=1,
    )  # fmt: skip
    v = np.array([row["vmax" if opt == "amsgrad" else "v"] for row in rows])
    expected = np.diff(np.sqrt(v) * 2 * np.sqrt(np.arange(1, STEPS + 1)))
    # sums of 2000 roundings of v
    assert along(opt) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("opt", ["adam", "rmsprop"])
def test_for_adam_it_is_negative_wherever_v_decays(opt):
    """v falls by beta2 = 0.99 per step: slower than 1 / t up to t = 99, faster from then on."""
    negative = along(opt) < 0
    assert not negative[:98].any()
    later = np.arange(1, STEPS)[200:] + 1  # t + 1
    assert np.array_equal(negative[200:], later % 101 != 1)


def test_both_engines_give_the_same_bits():
    assert np.array_equal(along("adam"), along("adam", engine=Compiled))


def test_what_has_no_gamma_is_refused():
    known = "adam, amsgrad, sgd, rmsprop, adagrad, adamnc"
    with pytest.raises(ValueError, match=rf"rule must be one of {known} for Gamma, but yogi was"):
        along("yogi")
    own = replace(RULES["sgd"](), name="mine")  # not in the registry
    with pytest.raises(ValueError, match="for Gamma, but mine was given"):
        gamma(Reference(Setup(Online(), 0.5), own), 5)
    setup = Setup(Online(), 0.0, dtype=np.float64)
    with pytest.raises(ValueError, match=r"step sizes above 0, but alpha_1 is 0.0"):
        gamma(Reference(setup, RULES["sgd"]()), 5)
