from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from amsgrad.regret import BLOCK, EMPTY, RegretSum, close_block, value

terms = st.lists(st.floats(-2020, 2020), min_size=1, max_size=2 * BLOCK + 5)


def add(regrets: list[float]) -> RegretSum:
    total = EMPTY
    for k, r in enumerate(regrets, start=1):
        total = total._replace(open=total.open + r)
        if k % BLOCK == 0:
            total = close_block(total)
    return total


@given(terms)
def test_error_is_within_the_stated_bound(regrets: list[float]) -> None:
    exact = sum(map(Fraction, regrets))
    bound = BLOCK * 2.0**-53 * sum(map(abs, regrets))
    assert abs(Fraction(value(add(regrets))) - exact) <= bound


def test_error_does_not_grow_with_the_number_of_blocks() -> None:
    # A plain sum of these is off by 1.6e-10 relative: 0.1 is not a double.
    blocks = 20_000
    total = EMPTY
    for _ in range(blocks):
        total = close_block(total._replace(open=0.1))
    plain = 0.0
    for _ in range(blocks):
        plain += 0.1
    exact = blocks * Fraction(0.1)
    assert abs(Fraction(value(total)) - exact) <= exact * Fraction(2.0**-53)
    assert abs(Fraction(plain) - exact) > exact * Fraction(1e-13)


@given(st.floats(-1e15, 1e15), st.floats(-1e15, 1e15))
def test_closing_a_block_loses_nothing(total: float, block: float) -> None:
    closed = close_block(RegretSum(total, 0.0, block))
    assert Fraction(closed.total) + Fraction(closed.error) == Fraction(total) + Fraction(block)
    assert closed.open == 0
