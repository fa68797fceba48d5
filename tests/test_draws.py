"""The draws of the stochastic problem: a pure function, and as random as numpy's."""

import numpy as np
import pytest

from amsgrad.problems.draws import bits, key, threshold
from amsgrad.problems.stochastic import Stochastic

MANY = 2_000_000


def stream(seed: int, start: int = 0, size: int = MANY) -> np.ndarray:
    with np.errstate(over="ignore"):
        return bits(key(seed), np.arange(start, start + size, dtype=np.uint64))


def test_the_draw_of_a_time_depends_on_seed_and_time_alone() -> None:
    whole = stream(7, size=1000)
    np.testing.assert_array_equal(whole[400:], stream(7, 400, 600))
    assert [int(draw) for draw in whole[:3]] == [int(stream(7, t, 1)[0]) for t in range(3)]


def test_known_answer() -> None:
    """The published first output of SplitMix64 from seed 0 is the key of our seed 0."""
    assert int(key(0)) == 0xE220A8397B1DCDAF


def uniform(seed: int) -> np.ndarray:
    return (stream(seed) >> np.uint64(11)) * 2.0**-53


@pytest.mark.parametrize("seed", [0, 1, 2, 2**62])
def test_moments_are_those_of_numpys_generator(seed: int) -> None:
    ours, numpys = uniform(seed), np.random.default_rng(seed).random(MANY)
    for power in (1, 2, 3):
        # each sample mean of u^power has this standard deviation; five of them apart is chance
        deviation = np.sqrt((1 / (2 * power + 1) - 1 / (power + 1) ** 2) / MANY)
        assert abs((ours**power).mean() - 1 / (power + 1)) < 5 * deviation
        assert abs((ours**power).mean() - (numpys**power).mean()) < 5 * np.sqrt(2) * deviation


@pytest.mark.parametrize("lag", [1, 2, 101, 1000])
def test_draws_at_a_distance_are_uncorrelated(lag: int) -> None:
    u = uniform(0) - 0.5
    correlation = (u[:-lag] * u[lag:]).mean() * 12
    assert abs(correlation) < 5 / np.sqrt(MANY)


def test_neighbouring_seeds_are_uncorrelated() -> None:
    assert abs(np.corrcoef(uniform(0), uniform(1))[0, 1]) < 5 / np.sqrt(MANY)


def test_every_bit_is_fair() -> None:
    draws = stream(3)
    for bit in range(64):
        ones = ((draws >> np.uint64(bit)) & np.uint64(1)).mean()
        assert abs(ones - 0.5) < 5 * 0.5 / np.sqrt(MANY), bit


def test_gaps_between_big_slopes_are_geometric() -> None:
    p = 0.01
    gaps = np.diff(np.flatnonzero(stream(5) < threshold(p)))
    numpys = np.random.default_rng(5).geometric(p, gaps.size)
    deviation = np.sqrt((1 - p) / p**2 / gaps.size)
    assert abs(gaps.mean() - 1 / p) < 5 * deviation
    assert abs(gaps.mean() - numpys.mean()) < 5 * np.sqrt(2) * deviation
    for q in (0.1, 0.5, 0.9):
        assert abs((gaps <= np.quantile(numpys, q)).mean() - q) < 0.02


@pytest.mark.parametrize(("probability", "x_star"), [(0.01, -1), (0.009, 1), (0.0, 1), (0.5, -1)])
def test_the_optimum_follows_the_mean_slope(probability: float, x_star: float) -> None:
    assert Stochastic(probability=probability).x_star == x_star


def test_a_probability_of_zero_never_draws() -> None:
    assert not (stream(1) < threshold(0.0)).any()
