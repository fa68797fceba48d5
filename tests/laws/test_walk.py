"""The walk at an end of F, beside the walk itself with step sizes that fall."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amsgrad.laws.decay import Decay
from amsgrad.laws.walk import Walk, walk_at_end

ONE, HALF = Fraction(1), Fraction(1, 2)
numbers = st.integers(-6, 6).map(float)
cycles = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=9)


def path(walk: Walk, decay: Decay, start: int) -> tuple[list[int], list[float]]:
    """Which steps clip in one cycle from the end of F, and the distance before each."""
    y, clips, before = Fraction(0), [], []
    for i, c in enumerate(walk.steps):
        before.append(y)
        y -= walk.sign * walk.unit * c * decay.at(start + 1 + i).lower
        if y < 0:
            clips.append(i)
            y = Fraction(0)
    return clips, [float(e) for e in before]


@given(cycle=cycles, p=st.sampled_from([HALF, ONE, Fraction(0.9)]), later=st.integers(0, 10**6))
@settings(deadline=None, max_examples=200)
def test_the_clips_are_the_same_for_ever(
    cycle: list[tuple[float, float]], p: Fraction, later: int
) -> None:
    slopes, steps = map(list, zip(*cycle, strict=True))
    walk = walk_at_end(slopes, steps)
    if walk is None:
        assert sum(steps) == 0
        return
    decay = Decay(ONE, ONE, Fraction(1, 7), p)
    start = walk.holds_from(decay, Fraction(2)) + later
    clips, before = path(walk, decay, start)
    assert clips == walk.clips
    assert clips[-1] == len(steps) - 1  # the anchor ends the cycle
    assert max(before) < 2  # the other end is out of reach
    weights = [float(walk.unit * walk.slope_unit * w) for w in walk.weights]
    cost = math.fsum(w * float(decay.at(start + 1 + i).lower) for i, w in enumerate(weights))
    turned = slopes[walk.phase :] + slopes[: walk.phase]
    expected = math.fsum(g * walk.sign * y for g, y in zip(turned, before, strict=True))
    assert cost == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_before_a_walk_holds_its_clips_may_differ() -> None:
    """c = -1, -1, 2.01: the clip's margin is small, and early on the step size falls too fast."""
    walk = walk_at_end([1.0, 1.0, 1.0], [-1.0, -1.0, 2.01])
    assert walk is not None
    decay = Decay(Fraction(1, 10), ONE, Fraction(0), HALF)
    start = walk.holds_from(decay, Fraction(2))
    assert 200 < start < 800  # the anchor keeps half of its margin
    assert path(walk, decay, start)[0] == [2]
    assert path(walk, decay, start // 4)[0] == []


def test_ties_are_not_clips() -> None:
    """Signs +1 -1 -1 of Adam without averages: u comes back to 0 without a clip."""
    walk = walk_at_end([-1.0, 1.0, 1.0], [-1.0, 1.0, 1.0])
    assert walk is not None
    assert walk.clips == [2]
    assert walk.excursions[0][2:] == (1, 1)
    assert walk.weights == [2, -1, 0]  # the tie is a step like another


def test_a_mirrored_walk_costs_the_same() -> None:
    slopes, steps = [5.0, -1.0, -2.0, 0.5], [2.5, -0.5, -0.25, -0.75]
    there = walk_at_end(slopes, steps)
    back = walk_at_end([-g for g in slopes], [-c for c in steps])
    assert there is not None
    assert back is not None
    assert (there.sign, back.sign) == (1, -1)
    assert there.excursions == back.excursions
    assert there.weights == back.weights


def test_the_other_end_is_out_of_reach() -> None:
    walk = walk_at_end([1.0, 1.0], [-3.0, 8.0])
    assert walk is not None
    decay = Decay(ONE, ONE, Fraction(0), HALF)
    start = walk.holds_from(decay, HALF)
    assert decay.at(start + 1).upper * 3 < HALF <= decay.at(start).upper * 3


def test_how_far_the_bits_go() -> None:
    """L max |F| 2^-53 = alpha_k (mu - ...): with mu = 1, L = 2, alpha_k = 1 / sqrt(k) at 2^104."""
    walk = walk_at_end([1.0, 1.0], [-1.0, 2.0])
    assert walk is not None
    decay = Decay(ONE, ONE, Fraction(0), HALF)
    bits_to = walk.bits_to(decay, 10**9, 4, (-1.0, 1.0))
    assert bits_to == pytest.approx(2.0**104, rel=1e-8)
    assert walk.bits_to(decay, 10**9, 4, (-2.0, 1.0)) == pytest.approx(2.0**102, rel=1e-8)
    assert walk.bits_to(decay, 10**9, 2**60, (-1.0, 1.0)) == 10**9
