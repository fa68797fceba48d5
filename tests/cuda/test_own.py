"""Rules and problems of others go to the device as they are, or are refused in a sentence."""

from typing import Any

import numpy as np
import pytest

from amsgrad.cuda.driver import Driver
from amsgrad.cuda.engine import Cuda
from amsgrad.cuda.refusal import Refused, why_not
from amsgrad.engines.base import Setup
from amsgrad.engines.driver import run_to
from amsgrad.problems.online import Online
from amsgrad.rules import RULES
from tests.cuda import own
from tests.cuda.cases import assert_runs
from tests.cuda.stand_in import StandIn
from tests.marks import slow


def setups_of(dtype: Any) -> list[Setup]:
    return [
        Setup(own.Bowl(0.5 + i, shift=i), 0.01 * (i + 1), x0=-0.5, dtype=dtype) for i in range(3)
    ]


def test_an_own_rule_on_an_own_problem_needs_no_change() -> None:
    setups = setups_of(np.float64)
    rules = [own.rule(inertia) for inertia in (0.5, 0.25, 0.875)]
    runs = Cuda(setups, rules, driver=Driver(library=StandIn()))
    assert_runs(*run_to(runs, 150, np.array([1, 2, 60, 149])), setups, rules)


POWER = "a GPU has no pow with the bits of this CPU"
ARRAY = "it makes an array, and a GPU has no memory of its own for one"


@pytest.mark.parametrize(
    ("step", "dtype", "why"),
    [
        slow(own.exponential, np.float32, "a GPU has no exp with the bits of this CPU"),
        slow(own.remainder, np.float32, "a GPU has no fmod with the bits of this CPU"),
        (own.of_a_gradient, np.float64, POWER),
        slow(own.cube_root, np.float64, POWER),
        slow(own.array, np.float64, ARRAY),
        slow(own.printed, np.float64, "it calls Python, and a GPU has none"),
        slow(own.text, np.float64, "numba does not compile its functions, or those of the problem"),
    ],
)
def test_a_function_that_no_device_has_is_refused_by_name(step: Any, dtype: Any, why: str) -> None:
    found = why_not(setups_of(dtype)[0], own.rule(step=step))
    assert found == f"the engine cuda does not take heavyball on Bowl: {why}"


@pytest.mark.slow
def test_whole_numbers_are_rounded_and_divided_as_here() -> None:
    setups, rules = setups_of(np.float64), [own.rule(step=own.whole)] * 3
    runs = Cuda(setups, rules, driver=Driver(library=StandIn()))
    assert_runs(*run_to(runs, 20, np.array([1, 2, 20])), setups, rules)


@pytest.mark.slow
def test_a_power_that_the_host_does_not_compute_is_refused() -> None:
    setups = setups_of(np.float32)
    runs = Cuda(setups, [own.rule(of=own.own_power)] * 3, driver=Driver(library=StandIn()))
    for _ in range(2):
        with pytest.raises(Refused, match="heavyball: it asks for a power that is not one of"):
            run_to(runs, 10)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_padam_is_refused(dtype: Any) -> None:
    assert why_not(Setup(Online(), 0.01, dtype=dtype), RULES["padam"]()) == (
        "the engine cuda does not take padam on Online: a GPU has no pow with the bits of this CPU"
    )


def test_numbers_that_are_none_are_refused() -> None:
    class Odd(Online):
        def parameters(self, real: Any) -> Any:
            return own.Bowls(np.array([["a"]]), real(1), 2)

    assert why_not(Setup(Odd(), 0.01), RULES["sgd"]()) == (
        "the engine cuda does not take sgd on Odd: the problem has an entry that is neither a"
        " number nor a row of numbers"
    )


def test_an_old_numba_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amsgrad.cuda.refusal.version", lambda _: "0.67.1")
    assert why_not(Setup(Online(), 0.01), RULES["sgd"]()) == (
        "the engine cuda needs numba 0.68 or newer, but 0.67.1 is here"
    )
