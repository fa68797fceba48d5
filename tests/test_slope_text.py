"""The text of slopes: what it reads, the one text that it writes, and what it refuses."""

import re
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amsgrad.options import ConfigError, Option
from amsgrad.problems.slope_text import (
    LONGEST,
    LONGEST_TEXT,
    SlopeText,
    exact_sum,
    numbers_of,
    runs,
    text_of,
)

KIND = SlopeText()


@pytest.mark.parametrize(
    ("given", "text", "numbers"),
    [
        ("1010,-10x3", "1010,-10x3", [1010, -10, -10, -10]),
        (" 1010 ,\t-10 -10\n-1e1 ", "1010,-10x3", [1010, -10, -10, -10]),
        ("3,-1,-1", "3,-1x2", [3, -1, -1]),
        ("-1,3,-1", "-1,3,-1", [-1, 3, -1]),
        ("2x2,2x3,2", "2x6", [2] * 6),
        ("0x2,-0,1.50", "0x3,1.5", [0, 0, 0, 1.5]),
        ("1e3 1e-3 1e30", "1000,0.001,1e+30", [1000, 0.001, 1e30]),
        ("0.1", "0.1", [0.1]),
        (5, "5", [5]),
        (np.float32(0.5), "0.5", [0.5]),
        ([3, -1.0, np.int64(-1)], "3,-1x2", [3, -1, -1]),
        ((3, "-1", "-1x2"), "3,-1x3", [3, -1, -1, -1]),
        (np.array([3, -1, -1]), "3,-1x2", [3, -1, -1]),
        (np.array([0.1, 0.2], np.float64), "0.1,0.2", [0.1, 0.2]),
    ],
)
def test_what_is_read_has_one_text(given: object, text: str, numbers: list[float]) -> None:
    assert KIND.read(given) == text
    assert KIND.read(text) == text
    assert numbers_of(text) == numbers
    assert text_of(numbers) == text


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1).filter(any))
def test_numbers_come_back_to_the_bit(numbers: list[float]) -> None:
    back = numbers_of(text_of(numbers))
    assert np.array(back).tobytes() == (np.array(numbers) + 0.0).tobytes()  # -0 is 0


@given(st.lists(st.integers(-3, 3), min_size=1).filter(any))
def test_neighbours_are_never_alike(numbers: list[int]) -> None:
    text = text_of(numbers)
    found = runs(text)
    assert all(a.slope != b.slope for a, b in pairwise(found))
    assert sum(run.times for run in found) == len(numbers)
    assert exact_sum(text) == sum(numbers)
    assert KIND.size(text) == max(map(abs, numbers))


def test_the_sum_is_that_of_the_decimals() -> None:
    assert sum(numbers_of("0.3,-0.1x3")) != 0
    assert exact_sum("0.3,-0.1x3") == 0
    assert exact_sum("1e+300,1e-300,-1e+300") == Fraction(1, 10**300)
    assert exact_sum("0.1x1000000,-99999.9") == Fraction(1, 10)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("abc", " (abc is not a finite number)"),
        ("1,2;3", " (2;3 is not a finite number)"),
        ("1,,2", " ('' is not a finite number)"),
        ("1,", " ('' is not a finite number)"),
        ("1,nan", " (nan is not a finite number)"),
        ("1e999", " (1e999 is not a finite number)"),
        ("3x", " (3x is not a finite number)"),
        ("3x1.5", " (3x1.5 is not a finite number)"),
        ("3x-1", " (3x-1 is not a finite number)"),
        ("x3", " (x3 is not a finite number)"),
        ("3x\u0663", " (3x\u0663 is not a finite number)"),  # a digit, but not ours
        ("3x0", " (3x0 comes no time)"),
        ("", " (there are none)"),
        ([], " (there are none)"),
        ("0,0x9,-0", " (all of them are 0)"),
        (f"1x{LONGEST},1", " (there are 1,000,001)"),
        ("1x99999999", " (1x99999999 is not a finite number)"),
        (list(range(20000)), " (as one text they have 108,889 characters, above 50,000)"),
        (10**400, " (int too large to convert to float)"),
        ([1, None], ""),
        ([True, 2], ""),
        ([[1, 2], [3, 4]], ""),
        (np.ones((2, 2)), ""),
        ({"a": 1}, ""),
        ({1, 2}, ""),
        (b"1,2", ""),
        (None, ""),
    ],
)
def test_bad_slopes_are_refused_with_the_reason(given: object, reason: str) -> None:
    slopes = Option(KIND, "Slopes", default="1")
    with pytest.raises(ConfigError) as refusal:
        slopes.read(given, "--slopes")
    assert str(refusal.value).startswith(f"--slopes must be {KIND}, but ")
    assert re.search(rf"was given{re.escape(reason)}$", str(refusal.value))


def test_the_longest_that_is_allowed() -> None:
    assert KIND.read(f"5,-1x{LONGEST - 1}") == "5,-1x999999"
    most = ",".join(["1", "2"] * (LONGEST_TEXT // 4))[:LONGEST_TEXT].rstrip(",")
    assert KIND.read(most) == most
    with pytest.raises(ValueError, match="above 50,000"):
        KIND.read(f"{most},1,2")


@pytest.mark.parametrize(
    ("given", "one"),
    [
        ([3, -1, -1], True),
        ([3.5], True),
        (["3", "-1x2"], True),
        (["3", -1], True),
        (["3,-1", "4,-1"], False),
        (["slopes.txt", "3"], False),
        ([[3, -1], [4, -1]], False),
        ([], False),
        ([None, 3], False),
    ],
)
def test_a_list_of_single_numbers_is_one_value(given: list[object], one: bool) -> None:
    assert KIND.is_one(given) == one
