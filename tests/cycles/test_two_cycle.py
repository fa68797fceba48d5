"""Certificates of the cycle x, -x, and runs that start on it or come to it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amsgrad.config.build import build_setup
from amsgrad.config.run_config import Config
from amsgrad.cycles.certificate import refutation, unreached
from amsgrad.cycles.engine import Certified
from amsgrad.cycles.two_cycle import two_cycle
from amsgrad.engines.base import Setup
from amsgrad.problems.online import Online
from amsgrad.problems.polynomial import Polynomial
from amsgrad.rules import RULES
from amsgrad.theory.two_cycle import two_cycle as formula
from experiments.figures import cycles
from tests.marks import needs_jit

ALL_RULES = cycles.SETTINGS["rules"]  # of the figure, which says that each has a certificate
PARABOLA = {"problem": "polynomial", "degree": 2, "semantics": "paper", "dtype": "float64"}
EXACT = {**PARABOLA, "lr": 0.75, "beta1": 0.5, "beta2": 0.5, "eps": 0.0}


def config(opt: str, **own: Any) -> Config:
    return Config(**{**EXACT, **own}, opt=opt)


def amplitude(of: Config) -> float:
    # Yogi's v rests where v = g^2, as in Adam's form
    like = "adam" if of.opt == "yogi" else of.opt
    form = Config(**{**of.settings(), "memory0": None, "opt": like}).make_form()
    assert form is not None
    found = formula(form, of.lr, of.problem_options["factor"])
    assert found is not None
    return found


@pytest.mark.parametrize("opt", ALL_RULES)
def test_the_cycle_of_the_float_program_is_that_of_the_formula(opt: str) -> None:
    own: dict[str, Any] = {"memory0": cycles.BEGINS.get(opt)}
    if opt == "nadam":
        own["momentum_decay"] = 1.0  # mu soon settles
    if opt == "padam":
        own["power"] = 0.5
    of = config(opt, lr=0.1 if opt == "adabelief" else 0.75, **own)
    setup, rule = build_setup(of), of.make_rule()
    found = two_cycle(setup, rule, amplitude(of))
    assert found is not None
    assert refutation(found, setup, rule) is None
    assert (found.highest, found.lowest) == (-found.lowest, -found.highest)
    assert found.highest == pytest.approx(amplitude(of), rel=1e-15)
    assert found.limit == pytest.approx(found.x**2 / 2, rel=1e-15)
    wrong = replace(found, x=np.nextafter(found.x, 1))
    assert refutation(wrong, setup, rule) is not None


def test_a_run_that_starts_on_an_unstable_cycle_stays_there_for_ever() -> None:
    of = config("adam")
    cycle = two_cycle(build_setup(of), of.make_rule(), amplitude(of))
    assert cycle is not None
    on_it = Config(**{**of.settings(), "x0": cycle.x, "memory0": cycle.memory})
    setup, rule = build_setup(on_it), on_it.make_rule()
    engine = Certified(setup, rule, 10_000)
    found = engine.certificate
    assert found is not None
    assert (found.length, found.highest, found.lowest) == (2, 0.125, -0.125)
    assert refutation(found, setup, rule) is None
    assert unreached(found, setup, rule) is None


@needs_jit
@pytest.mark.parametrize("factor", [3.0, 0.2])
@pytest.mark.parametrize(("beta1", "beta2"), [(0.0, 0.9), (0.1, 0.9), (0.2, 0.5)])
def test_where_it_is_stable_a_run_comes_to_it(beta1: float, beta2: float, factor: float) -> None:
    of = config("adam", lr=0.01, beta1=beta1, beta2=beta2, factor=factor)
    setup, rule = build_setup(of), of.make_rule()
    found = Certified(setup, rule, 100_000).certificate
    assert found is not None
    assert refutation(found, setup, rule) is None
    for end in (found.highest, -found.lowest):
        assert end == pytest.approx(amplitude(of), rel=1e-11)


@needs_jit
def test_what_ef_signum_has_left_out_comes_back() -> None:
    # as every state of a float program does; on the online problem after 4,236,243 steps
    of = config("ef_signum")
    setup, rule = build_setup(of), of.make_rule()
    found = Certified(setup, rule, 1000).certificate
    assert found is not None
    assert refutation(found, setup, rule) is None
    assert unreached(found, setup, rule) is None
    assert (found.length, found.lowest, found.highest) == (12, -0.5, 1.0)


@needs_jit
def test_amsgrad_leaves_it_for_the_optimum() -> None:
    of = config("amsgrad", lr=0.01, beta1=0.1, beta2=0.9)
    found = Certified(build_setup(of), of.make_rule(), 1_000_000).certificate
    assert found is not None
    assert found.length == 1
    assert abs(found.x) < 1e-300


def test_there_is_none_to_look_for() -> None:
    adam, adopt = RULES["adam"](semantics="paper"), RULES["adopt"]()
    assert two_cycle(Setup(Online(), 0.1), adam, 0.1) is None  # its losses change
    assert two_cycle(Setup(Polynomial(), 0.1), adopt, 0.1) is None  # its clip opens for ever
    far = Setup(Polynomial(degree=2), 0.75, dtype=np.float64)
    assert two_cycle(far, RULES["sgd"](), 0.1) is None  # it alternates at alpha factor = 2 alone
