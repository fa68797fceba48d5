"""The exponent of the regret on curves whose exponent is known."""

import numpy as np
import pytest

from amsgrad.exponent import regret_exponent
from amsgrad.schedules import record_steps

STEPS = record_steps(1_000_000, None, 1000)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_a_power_has_its_exponent(exponent: float) -> None:
    found = regret_exponent(STEPS, 3.0 * STEPS ** (exponent - 1))
    assert found == pytest.approx(exponent, abs=1e-12)


def test_only_the_last_decade_counts() -> None:
    average = np.where(STEPS[-1] / 10 > STEPS, 1.0, STEPS**-0.5)
    assert regret_exponent(STEPS, average) == pytest.approx(0.5, abs=1e-12)


def test_each_run_has_its_own() -> None:
    found = regret_exponent(STEPS, np.stack([STEPS**-0.5, STEPS**0.0, -1.0 / STEPS], axis=1))
    assert found[:2] == pytest.approx([0.5, 1.0])
    assert np.isnan(found[2])  # a regret below 0 has no logarithm


def test_few_records_say_nothing() -> None:
    assert np.isnan(regret_exponent(np.array([1, 100]), np.array([1.0, 1.0])))
    assert np.isnan(regret_exponent(np.array([], np.int64), np.array([])))
