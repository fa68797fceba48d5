"""What a find is, and what cannot be one."""

from typing import Any

import pytest

from amsgrad.search.find import Find, Minimal
from amsgrad.theory.enclosure import Enclosure

BELOW, ABOVE = Enclosure("-0.02", "-0.01"), Enclosure("1e-10", "2e-10")


def find(slopes: Any = (3, -1, -1), step: Enclosure = BELOW, **other: Any) -> Find:
    return Find("adam", {}, slopes, step, **{"proved": True, **other})


def test_numbers_follow_from_the_slopes() -> None:
    mirrored = find((-5, 0, 2, 2), ABOVE)
    assert (mirrored.period, mirrored.largest, mirrored.sum) == (4, 5, -1)
    assert mirrored.price == 1 / 20
    assert mirrored.horizon == pytest.approx(16 / 1.5e-10)


@pytest.mark.parametrize(
    ("slopes", "other", "why"),
    [
        ((1, -1), {}, "its slopes sum to 0, so that every x is best"),
        ((), {}, "its slopes must be whole numbers below 2\\^53 in size, at least one"),
        ((1.0, 2), {}, "its slopes must be whole numbers"),
        ((True, 2), {}, "its slopes must be whole numbers"),
        ((2**53, 1), {}, "its slopes must be whole numbers"),
        ((-3, 1), {}, "D has the sign of the sum of its slopes: x goes to the best x"),
        (
            (3,),
            {"step": Enclosure("-1", "1")},
            "its bounds of D are not two numbers of one sign, in order",
        ),
        (
            (3,),
            {"step": Enclosure("-1", "-2")},
            "its bounds of D are not two numbers of one sign, in order",
        ),
        ((3,), {"order": "sorted"}, "its order must be cyclic, shuffled, drawn, but is sorted"),
        ((3,), {"order": "shuffled"}, "only D of cyclic order is proved"),
        ((3,), {"source": "simulated"}, "it cannot be both proved and measured"),
    ],
)
def test_what_is_not_a_counterexample_is_refused(slopes: Any, other: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        find(slopes, **other)


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (
            Minimal("smallest", "boxes", 1, 2),
            "no 3 slopes with a max |g| from 1 to 2 fail (boxes)",
        ),
        (
            Minimal("shortest", "all", 1, 2),
            "no slopes with a max |g| up to 3 and a period from 1 to 2 fail (all)",
        ),
        (Minimal(), "smaller or shorter slopes may fail, too (given)"),
    ],
)
def test_how_minimal_it_is_in_words(claim: Minimal, words: str) -> None:
    assert find(minimal=claim).extent == words


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        (("smallest", "", 0, 2), "it claims to be the smallest, but from 0 on"),
        (("smallest", "", 4, 2), "it claims to be the smallest, but from 4 on"),
        (("smallest", "", 1, 3), "it claims to be the smallest, but up to 3, not 2"),
        (("shortest", "", 1, 1), "it claims to be the shortest, but up to 1, not 2"),
        (("upper bound", "", 1, 2), "it claims to be an upper bound, but states what was excluded"),
        (("least",), "its claim must be smallest, shortest, upper bound, but is least"),
        (("smallest", "", 1, 2.0), "the range of what it claims must be whole numbers"),
    ],
)
def test_a_claim_that_contradicts_the_slopes_is_refused(claim: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        find(minimal=Minimal(*claim))
