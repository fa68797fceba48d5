"""The comparison of states: every bit of every variable counts."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from amsgrad.engines.agreement import first_difference
from amsgrad.engines.base import State
from amsgrad.regret import RegretSum


class Memory(NamedTuple):
    m: Any
    v: Any


SUM = RegretSum(10.0, 1e-16, 0.5)
STATE = State(7, np.float32(0.1), Memory(np.float32(-3), np.float32(2)), SUM, SUM)


def with_x(x: Any) -> State:
    return STATE._replace(x=x)


def up(number: Any) -> Any:
    return np.nextafter(number, type(number)(np.inf))


def test_a_state_agrees_with_itself_and_with_an_equal_one() -> None:
    other = State(7, np.float32(0.1), Memory(np.float32(-3), np.float32(2)), SUM, SUM)
    assert first_difference(STATE, STATE) is None
    assert first_difference(other, STATE) is None


@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_the_neighbouring_number_differs(real: Any) -> None:
    x = real(0.3)
    expected = f"x is {float(up(x))!r}, not {float(x)!r}"
    assert first_difference(with_x(up(x)), with_x(x)) == expected


@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_zero_and_minus_zero_differ(real: Any) -> None:
    assert first_difference(with_x(real(0.0)), with_x(real(-0.0))) == "x is 0.0, not -0.0"
    assert first_difference(with_x(real(-0.0)), with_x(real(-0.0))) is None


@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_a_nan_agrees_with_its_own_bits_alone(real: Any) -> None:
    nan = real(np.nan)
    assert first_difference(with_x(nan), with_x(nan)) is None
    assert first_difference(with_x(-nan), with_x(nan)) == "x is nan, not nan"
    assert first_difference(with_x(nan), with_x(real(1))) == "x is nan, not 1.0"
    assert first_difference(with_x(real(np.inf)), with_x(real(-np.inf))) == "x is inf, not -inf"


def test_the_value_counts_and_not_its_type() -> None:
    single = np.float32(0.1)
    for found in (float(single), np.float64(single), np.asarray(single)):
        assert first_difference(with_x(found), with_x(single)) is None
    # in single precision 0.1 is another number
    assert first_difference(with_x(0.1), with_x(single)) == f"x is 0.1, not {float(single)!r}"
    assert first_difference(with_x(single), with_x(0.1)) == f"x is {float(single)!r}, not 0.1"


def test_each_variable_of_the_memory_counts() -> None:
    for name in Memory._fields:
        changed = STATE.memory._replace(**{name: up(getattr(STATE.memory, name))})
        found = first_difference(STATE._replace(memory=changed), STATE)
        assert found is not None
        assert found.startswith(f"{name} is ")


def test_memories_of_different_sizes_are_no_states_of_one_rule() -> None:
    with pytest.raises(ValueError, match="zip"):
        first_difference(STATE._replace(memory=STATE.memory[:1]), STATE)


@pytest.mark.parametrize("name", ["regret", "slopes"])
@pytest.mark.parametrize("part", RegretSum._fields)
def test_each_part_of_the_sums_counts_unless_they_are_left_out(name: str, part: str) -> None:
    changed = SUM._replace(**{part: up(np.float64(getattr(SUM, part)))})
    other = STATE._replace(**{name: changed})
    found = first_difference(other, STATE)
    assert found is not None
    assert found.startswith(f"{name}.{part} is ")
    assert first_difference(other, STATE, sums=False) is None


def test_the_first_difference_is_reported() -> None:
    memory = Memory(up(STATE.memory.m), up(STATE.memory.v))
    found = first_difference(STATE._replace(memory=memory), STATE)
    assert found is not None
    assert found.startswith("m is ")


def test_a_run_of_a_batch_is_a_state() -> None:
    x, m, v = np.float32([[0.1, 0.2], [1, 2], [3, 4]])
    parts = [np.array([1.0, 2.0]), np.array([0.0, -0.0]), np.array([5.0, 6.0])]
    both = State(7, x, Memory(m, v), RegretSum(*parts), RegretSum(*parts), np.array([True, False]))
    expected = State(
        7, np.float32(0.2), Memory(np.float32(2), np.float32(4)),
        RegretSum(2.0, -0.0, 6.0), RegretSum(2.0, -0.0, 6.0), False,
    )  # fmt: skip
    assert first_difference(both.run(1), expected) is None
    assert (both.run(1).steps, both.run(1).finite) == (7, False)
    assert first_difference(both.run(0), expected) == "x is 0.10000000149011612, not " + repr(
        float(np.float32(0.2))
    )
