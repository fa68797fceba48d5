import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amsgrad.rules.bias import correction, settling_step
from amsgrad.schedules import (
    constant,
    exponential,
    harmonic,
    inverse_power,
    inverse_sqrt,
    record_steps,
    shifted_inverse_sqrt,
)

small_counts = st.integers(1, 500)


@given(small_counts, small_counts)
def test_recorded_steps_are_the_multiples_and_the_last(steps: int, every: int) -> None:
    expected = sorted({k for k in range(1, steps + 1) if k % every == 0} | {steps})
    assert record_steps(steps, every).tolist() == expected


def test_records_of_the_seed_program() -> None:
    recorded = record_steps(10_000_000, 1000)
    assert recorded.size == 10_000
    assert (recorded[0], recorded[-1]) == (1000, 10_000_000)
    assert recorded.dtype == np.int64


@pytest.mark.parametrize("k", [1, 2, 101, 10_000_000])
def test_schedules(k: int) -> None:
    assert constant(k, 0.5, 0.1) == 0.5
    assert inverse_sqrt(k, 0.5, 0.1) == 0.5 / math.sqrt(k)
    assert shifted_inverse_sqrt(k, 0.5, 0.1) == 0.5 / math.sqrt(1 + 0.1 * k)
    assert inverse_power(k, 0.5, 0.7) == pytest.approx(0.5 * math.exp(-0.7 * math.log(k)))
    assert exponential(k, 0.5, 0.9) == 0.5 * 0.9 ** (k - 1)
    assert harmonic(k, 0.5, 0.1) == 0.5 / k


@given(st.one_of(st.floats(0, 1, exclude_max=True), st.sampled_from([0.0, 0.9, 1 - 2**-53])))
def test_bias_correction_is_one_from_the_settling_step_on(beta: float) -> None:
    k = settling_step(beta)
    assert correction(beta, k) == 1
    assert k == 1 or correction(beta, k - 1) < 1


def test_settling_waits_for_the_slowest() -> None:
    assert settling_step(0.9, 0.99) == settling_step(0.99) > settling_step(0.9)


def test_the_longest_run_is_recorded_without_a_warning() -> None:
    steps = record_steps(2**63 - 1, None)
    assert steps[0] == 1
    assert steps[-1] == 2**63 - 1
    assert (np.diff(steps) > 0).all()
