"""The cycle x, -x: its amplitude in closed form beside plain iterations, and its stability."""

import math
from typing import Any

import numpy as np
import pytest

from amsgrad.rules import RULES
from amsgrad.rules.form import Form
from amsgrad.theory.two_cycle import stable_below, two_cycle

LR, FACTOR = 0.03, 2.5


def step_at(amplitude: float, opt: str, options: dict[str, Any]) -> float:
    """Return what a step takes from x = amplitude once the memory of x, -x has settled."""
    rule = RULES[opt](**options)
    memory = rule.memory(*map(float, rule.start or [0.0] * len(rule.memory._fields)))
    c = rule.coefficients(rule.settled + 10_000, LR, rule.beta1, rule.h, float)
    delta = math.nan
    with np.errstate(all="ignore"):
        for i in range(4001):
            x = amplitude if i % 2 == 0 else -amplitude
            memory, delta = rule.update(memory, FACTOR * x, c)
    return float(delta)


BETAS = {"beta1": 0.6, "beta2": 0.95}


@pytest.mark.parametrize(
    ("opt", "options"),
    [
        ("adam", {**BETAS, "eps": 0.0, "semantics": "paper"}),
        ("adam", {**BETAS, "eps": 1e-3, "semantics": "torch"}),
        ("amsgrad", {**BETAS, "eps": 1e-3, "semantics": "paper"}),
        ("adamx", {**BETAS, "eps": 1e-3}),
        ("padam", {**BETAS, "eps": 1e-5, "power": 0.25}),
        ("rmsprop", {"beta2": 0.95, "eps": 1e-3}),
        ("adashift", {**BETAS, "eps": 1e-6, "window": 7}),
        ("adashift", {**BETAS, "eps": 1e-6, "window": 4}),
        ("acprop", {**BETAS, "eps": 1e-3}),
        ("adabelief", {**BETAS, "eps": 1e-6}),
        ("adamax", {**BETAS, "eps": 1e-3}),
        ("nadam", {**BETAS, "eps": 1e-3, "momentum_decay": 1.0}),
        ("signum", {"beta1": 0.6}),
        ("ef_signum", {"beta1": 0.6}),
        ("lion", {"beta1": 0.6, "beta2": 0.95}),
        ("adopt_unclipped", {**BETAS, "eps": 1e-3}),
    ],
)
def test_a_step_takes_twice_the_amplitude(opt: str, options: dict[str, Any]) -> None:
    form = RULES[opt].form_with(**options)
    assert form is not None
    amplitude = two_cycle(form, LR, FACTOR)
    assert amplitude is not None
    assert step_at(amplitude, opt, options) == pytest.approx(2 * amplitude, rel=1e-12)


def test_yogi_rests_where_v_is_the_square() -> None:
    options = {**BETAS, "eps": 1e-3}
    amplitude = two_cycle(Form("momentum", **BETAS, eps=1e-3), LR, FACTOR)
    assert amplitude is not None
    # its v goes to and fro around g^2, by (1 - beta2) g^2
    assert step_at(amplitude, "yogi", options) == pytest.approx(2 * amplitude, rel=0.05)


@pytest.mark.parametrize("factor", [0.1, 1.0, 1e6])
@pytest.mark.parametrize("beta2", [0.0, 0.5, 0.999])
def test_without_eps_it_depends_on_alpha_and_beta1_alone(factor: float, beta2: float) -> None:
    form = Form("momentum", beta1=0.9, beta2=beta2)
    assert two_cycle(form, 0.01, factor) == pytest.approx(0.01 * 0.1 / 3.8, rel=1e-15)


@pytest.mark.parametrize(
    "form",
    [
        Form("gradient", divisor="one"),
        Form("gradient", average="mean", fading=True),
        Form("gradient", of="deviation", beta1=0.0),  # g - m is 0
        Form("window", beta1=1.0, window=2),  # the mean of g and -g
        Form("momentum", beta1=0.9, eps=1.0),  # eps holds x back
        Form("gradient", divisor="max(root, eps)", eps=1.0),
        Form("gradient", divisor="root of w + eps", eps=1.0),
    ],
)
def test_some_rules_have_none(form: Form) -> None:
    assert two_cycle(form, lr=0.01) is None


def radius(beta1: float, beta2: float, degree: int) -> float:
    """Return the spectral radius of the map around the cycle, by differences: nothing derived."""
    size = (1 - beta1) / (1 + beta1) / 2

    def turned(state: Any) -> Any:
        """One step from x = size (1 + state[0]) and so on, mirrored, as such deviations."""
        x, m, v = size * (1 + state[0]), (1 + state[1]), (1 + state[2])
        g = (x / size) ** (degree - 1)
        m = -beta1 * (1 - beta1) / (1 + beta1) * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        return np.array([-(x - m / v**0.5) / size - 1, m * (1 + beta1) / (1 - beta1) - 1, v - 1])

    h = 1e-6
    columns = [(turned(h * e) - turned(-h * e)) / (2 * h) for e in np.eye(3)]
    return float(np.abs(np.linalg.eigvals(np.array(columns).T)).max())


@pytest.mark.parametrize("degree", [2, 4, 6])
@pytest.mark.parametrize("beta2", [0.0, 0.02, 0.1, 0.19, 0.5, 0.9, 0.99, 0.999])
def test_the_bound_of_beta1_is_where_the_map_stops_to_contract(beta2: float, degree: int) -> None:
    bound = stable_below(beta2, degree)
    assert radius(bound + 0.005, beta2, degree) > 1 + 1e-7
    if bound > 0.005:
        assert radius(bound - 0.005, beta2, degree) < 1 - 1e-7
    else:
        assert bound == 0
        assert degree > 2


def test_the_ends_of_the_bound() -> None:
    assert stable_below(0.0) == pytest.approx(1 / 3, rel=1e-12)
    assert stable_below(1 - 1e-12) == pytest.approx(3 - math.sqrt(8), rel=1e-3)
    assert stable_below(0.2, degree=4) == 0
