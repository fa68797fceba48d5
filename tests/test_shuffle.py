"""The shuffle: a permutation for every number, near to uniform, as plain Python says it."""

from collections import Counter
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest

from amsgrad.problems import shuffle
from amsgrad.problems.draws import key
from amsgrad.problems.shuffle import LARGEST, place

WORD = 2**64


def shuffled(size: int, numbers: Any, seed: int = 1) -> np.ndarray:
    """Return the permutation of each number, a row each."""
    rows = np.asarray(numbers, np.uint64)[:, None]
    with np.errstate(over="ignore"):
        found = place(np.arange(size, dtype=np.uint64), np.uint64(size), key(seed), rows)
    return found.astype(np.int64)


def plain(x: int, size: int, key: int, number: int, rounds: int) -> int:
    """Return the place of x in whole numbers: the reference."""
    for i in range(rounds):
        z = (key + (32 * number + i) * 0x9E3779B97F4A7C15) % WORD
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % WORD
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % WORD
        z ^= z >> 31
        other = (z // 2**32 * size // 2**32 - x) % size
        if (z * max(x, other) + z // 2**32) // 2**31 % 2:
            x = other
    return x


@pytest.mark.parametrize("size", [1, 2, 3, 5, 402, LARGEST])
def test_it_is_what_whole_numbers_give(size: int) -> None:
    rng = np.random.default_rng(size)
    for _ in range(40):
        x, number = int(rng.integers(size)), int(rng.integers(2**59))
        with np.errstate(over="ignore"):
            found = place(np.uint64(x), np.uint64(size), key(7), np.uint64(number))
        assert int(found) == plain(x, size, int(key(7)), number, shuffle.ROUNDS)


@pytest.mark.parametrize("size", [*range(1, 20), 64, 101, 402, 4097])
def test_it_is_a_permutation_for_every_number(size: int) -> None:
    found = np.sort(shuffled(size, [*range(1, 60), 2**40 + 1, 2**63 - 1]), axis=1)
    assert (found == np.arange(size)).all()


def excess(counts: np.ndarray, expected: Any) -> float:
    """Return by how many of its standard deviations chi-square is above its mean."""
    freedom = counts.size - 1
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return (statistic - freedom) / np.sqrt(2 * freedom)


@pytest.mark.parametrize("size", [2, 3, 4, 5])
@pytest.mark.parametrize("step", [1, "size"], ids=["all", "epochs"])
def test_all_permutations_of_a_few_come_alike(size: int, step: Any) -> None:
    many = 200_000
    numbers = 1 + np.arange(many) * (size if step == "size" else 1)
    code = shuffled(size, numbers) @ size ** np.arange(size)
    _, counts = np.unique(code, return_counts=True)
    assert counts.size == np.prod(range(1, size + 1))
    assert abs(excess(counts, many / counts.size)) < 5


@pytest.mark.parametrize(("size", "many"), [(7, 100_000), (40, 20_000), (402, 2000)])
def test_places_and_neighbours_come_alike(size: int, many: int) -> None:
    found = shuffled(size, 1 + size * np.arange(many), seed=3)
    at = np.arange(size)
    places = np.bincount((at * size + found).ravel(), minlength=size**2)
    # rows and columns have their sums: the mean is lower, by less than a standard deviation
    assert abs(excess(places, many / size)) < 6
    for apart in (1, 2, size // 2):
        pairs = (found[:, apart:] * size + found[:, :-apart]).ravel()
        counts = np.bincount(pairs, minlength=size**2).reshape(size, size)
        assert not counts.diagonal().any()
        others = counts[~np.eye(size, dtype=bool)]
        assert abs(excess(others, others.mean())) < 6


def test_one_permutation_says_nothing_of_the_next_or_of_another_seed() -> None:
    size, many = 12, 60_000
    found = shuffled(size, 1 + size * np.arange(many))
    other = shuffled(size, 1 + size * np.arange(many), seed=2)
    for a, b in ((found[:-1], found[1:]), (found, other)):
        for i, j in ((0, 0), (0, 1), (5, 11)):
            counts = np.bincount(a[:, i] * size + b[:, j], minlength=size**2)
            assert abs(excess(counts, counts.mean())) < 5


def ideal(size: int, rounds: int) -> float:
    """Return how far from uniform fair coins leave all permutations: the whole Markov chain."""
    orders = list(permutations(range(size)))
    moves: Counter[tuple[int, ...]] = Counter()
    for k in range(size):
        pairs = [(x, (k - x) % size) for x in range(size) if x < (k - x) % size]
        for coins in product((False, True), repeat=len(pairs)):
            image = list(range(size))
            for coin, (x, y) in zip(coins, pairs, strict=True):
                if coin:
                    image[x], image[y] = y, x
            moves[tuple(image)] += 1 / size / 2 ** len(pairs)  # type: ignore[assignment]
    chances = dict.fromkeys(orders, 0.0)
    chances[orders[0]] = 1.0
    for _ in range(rounds):
        before, chances = chances, dict.fromkeys(orders, 0.0)
        for order, chance in before.items():
            for move, share in moves.items():
                chances[tuple(move[x] for x in order)] += chance * share
    return sum(abs(chance - 1 / len(orders)) for chance in chances.values()) / 2


def test_the_distances_that_the_docstring_states() -> None:
    for size, distance in {3: "1e-5 at size 3", 4: "3.6e-4 at 4", 5: "2.4e-4 at 5"}.items():
        assert distance in str(shuffle.__doc__)
        number = float(distance.partition(" ")[0])
        assert ideal(size, shuffle.ROUNDS) == pytest.approx(number, rel=0.03)


@pytest.mark.parametrize("rounds", [3, 6])
@pytest.mark.parametrize("size", [3, 4, 5])
def test_the_coins_are_as_good_as_fair_ones(
    monkeypatch: pytest.MonkeyPatch, size: int, rounds: int
) -> None:
    """With few rounds the distance from uniform is large enough to be seen."""
    monkeypatch.setattr(shuffle, "ROUNDS", rounds)
    many = 400_000
    code = shuffled(size, np.arange(many)) @ size ** np.arange(size)
    counts = np.bincount(code, minlength=size**size)
    orders = np.prod(range(1, size + 1))
    chances = np.concatenate([counts[counts > 0] / many, np.zeros(orders - (counts > 0).sum())])
    distance = np.abs(chances - 1 / orders).sum() / 2
    chance = np.sqrt(orders / many)  # what sampling adds at most
    assert distance == pytest.approx(ideal(size, rounds), rel=0.05, abs=chance)
