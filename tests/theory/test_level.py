"""The levels against simulation, an independent oracle, closed forms and long runs."""

import math
from itertools import pairwise

import numpy as np
import pytest

from amsgrad.engines.base import Setup
from amsgrad.engines.batch import Batch
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.problems.quadratic import Quadratic
from amsgrad.problems.rare import Rare
from amsgrad.rules import RULES
from amsgrad.schedules import inverse_sqrt
from amsgrad.theory.level import expected_level, first_order_error, periodic_level, rho
from tests.marks import slow

SKEWED, SECOND, SYMMETRIC = [1] + 9 * [0], [-4, -4, 1, 1, 1, 5], [-1, 0, 1]


def rare(period):
    return [1] + (period - 1) * [0]


def level_of(opt, period, **own):
    return period * periodic_level(RULES[opt].form_with(**own), rare(period))


def by_bisection(period, beta2):
    """Return N times the level of RMSprop, from sums that are written out."""

    def taken(x):
        g = [x - 1] + (period - 1) * [x]
        v = [
            (1 - beta2) / (1 - beta2**period)
            * sum(beta2**j * g[(i - j) % period] ** 2 for j in range(period))
            for i in range(period)
        ]  # fmt: skip
        return sum(slope / math.sqrt(square) for slope, square in zip(g, v, strict=True))

    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if taken(middle) > 0 else (middle, high)
    return period * low


@pytest.mark.parametrize(("period", "beta2"), [(2, 0.9), (10, 0.5), (25, 0.96), (40, 0.9)])
def test_a_periodic_level_is_where_the_plain_sums_vanish(period, beta2):
    expected = by_bisection(period, beta2)
    assert level_of("rmsprop", period, beta2=beta2, eps=0.0) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("kappa", [0.1, 1.0, 5.0])
def test_rho_is_the_limit_and_what_is_left_out_falls_as_one_over_the_period(kappa):
    limit, other = rho(kappa), rho(-kappa)
    errors = [
        (
            level_of("rmsprop", n, beta2=1 - kappa / n, eps=0.0) - limit,
            level_of("adopt_unclipped", n, beta1=0.0, beta2=1 - kappa / n, eps=0.0) - other,
        )
        for n in (8000, 16_000, 32_000)
    ]
    for first, second in pairwise(errors):
        assert np.array(first) / second == pytest.approx(2, rel=0.1)
    assert limit < 1 < other
    assert limit == pytest.approx(kappa / (2 * (math.e ** (kappa / 2) - 1)), rel=1e-12)


@pytest.mark.parametrize("opt", ["amsgrad", "sgd", "adagrad", "adamnc"])
def test_one_divisor_has_no_error(opt):
    assert level_of(opt, 30) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("opt", "kappa", "own"),
    [("rmsprop", 1, {}), ("rmsprop", 5, {}), ("rmsprop", 10, {}), ("adam", 5, {"beta1": 0.9})],
)
def test_long_runs_settle_there(opt, kappa, own):
    period, steps = 100, 1_000_000
    own = {**own, "beta2": 1 - kappa / period, "eps": 1e-12}
    for lr in (0.002, 0.006):
        setup = Setup(Rare(period), lr, inverse_sqrt, dtype=np.float64, x0=0.0)
        at = np.arange(steps - 20 * period, steps) + 1
        _, records = run_to(Compiled(setup, RULES[opt](**own)), steps, at)
        expected = level_of(opt, period, **own)
        assert period * records.x.mean() == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("beta2", [0.9, 0.99])
@pytest.mark.parametrize("targets", [SYMMETRIC, [0, 1], [2, 3, 3, 4]])
def test_a_symmetric_law_has_no_error(targets, beta2):
    assert expected_level(targets, 0.9, beta2) == pytest.approx(np.mean(targets), abs=1e-11)


@pytest.mark.parametrize(("targets", "order"), [(SKEWED, 1), (SECOND, 2)])
def test_the_order_of_the_error(targets, order):
    """Where the third moment is 0, the next order decides."""
    two = [expected_level(targets, 0.5, 1 - rest) - np.mean(targets) for rest in (0.01, 0.005)]
    assert two[0] / two[1] == pytest.approx(2**order, rel=0.05)


@pytest.mark.parametrize(("beta1", "p"), [(0.0, 0.1), (0.9, 0.1), (0.9, 0.7)])
def test_the_first_order(beta1, p):
    ones = round(10 * p)
    targets, beta2 = ones * [1] + (10 - ones) * [0], 0.999
    error = expected_level(targets, beta1, beta2) - p
    assert first_order_error(targets, beta1, beta2) == pytest.approx(error, rel=0.01)
    kappa = (1 - beta1) / (1 - beta1 * beta2)
    bernoullis = -kappa * (1 - beta2) * (1 - 2 * p) / 2
    assert first_order_error(targets, beta1, beta2) == pytest.approx(bernoullis, rel=1e-9)


def test_it_does_not_depend_on_unit_or_side():
    error = expected_level(SKEWED, 0.9, 0.9) - 0.1
    moved = expected_level([3 - 7 * x for x in SKEWED], 0.9, 0.9)
    assert moved == pytest.approx(3 - 7 * (0.1 + error), rel=1e-10)


@pytest.mark.parametrize("targets", ["1,0x9", slow("-4x2,1x3,5"), slow("-1,0,1")])
def test_long_runs_on_random_targets_settle_there(targets):
    """The mean of SGD's x on the same draws takes most of the chance out."""
    steps, problem = 2_000_000, Quadratic(targets, seed=1)
    at = np.linspace(steps // 2, steps, 2000).astype(np.int64)
    setup = Setup(problem, 0.05, inverse_sqrt, dtype=np.float64, x0=0.5)
    adam = RULES["adam"](beta1=0.9, beta2=0.9, eps=1e-8)
    mean = [run_to(Compiled(setup, rule), steps, at)[1].x.mean() for rule in (adam, RULES["sgd"]())]
    numbers = [float(x) for x in Quadratic(targets).times.elements()]
    expected = expected_level(numbers, 0.9, 0.9) - np.mean(numbers)
    assert mean[0] - mean[1] == pytest.approx(expected, abs=1e-3 * np.std(numbers))


def test_random_arrivals_are_worse_than_those_in_turn():
    n, kappa = 100, 1.0
    found = n * expected_level(rare(n), 0.0, 1 - kappa / n)
    assert found == pytest.approx(0.5212, abs=1e-4)
    assert found < level_of("rmsprop", n, beta2=1 - kappa / n) - 0.2


@pytest.mark.slow
def test_what_is_left_of_random_arrivals_is_linear_in_the_step_size():
    """With kappa = 2.5: the step size 0 is extrapolated from two, on the same draws."""
    n, kappa, steps, seeds = 100, 2.5, 4_000_000, 32
    level = n * expected_level(rare(n), 0.0, 1 - kappa / n)
    rule = RULES["rmsprop"](beta2=1 - kappa / n, eps=1e-12)
    at = np.linspace(steps // 2, steps, 1000).astype(np.int64)

    def settled(lr):
        problems = [Quadratic(f"1,0x{n - 1}", seed=seed) for seed in range(seeds)]
        setups = [Setup(one, lr, inverse_sqrt, dtype=np.float64, x0=0.5) for one in problems]
        return n * run_to(Batch(setups, [rule] * seeds), steps, at)[1].x.mean(axis=0)

    whole, half = settled(0.006), settled(0.003)
    standard = (2 * half - whole).std(ddof=1) / math.sqrt(seeds)
    assert whole.mean() - level > 10 * standard
    assert (2 * half - whole).mean() == pytest.approx(level, abs=3 * standard)
    assert whole.mean() - half.mean() == pytest.approx(half.mean() - level, rel=0.3)


def test_bad_input_is_refused():
    for targets in ([], [3.0], [2, 2, 2], [1, math.nan], [[1, 0]]):
        with pytest.raises(ValueError, match="at least two different ones"):
            expected_level(targets, 0.9, 0.99)
        with pytest.raises(ValueError, match="at least two different ones"):
            periodic_level(RULES["sgd"].form_with(), targets)
    with pytest.raises(ValueError, match="betas must lie in"):
        expected_level(SKEWED, 1.0, 0.99)
    with pytest.raises(ValueError, match="nearer to an outer target"):
        expected_level(rare(100), 0.0, 1e-6)
