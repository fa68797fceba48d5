"""The problems: their losses against the papers, and every engine on each."""

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from amsgrad.engines.agreement import first_difference
from amsgrad.engines.driver import run_to
from amsgrad.problems.acprop1 import ACProp1
from amsgrad.problems.acprop2 import ACProp2
from amsgrad.problems.adafom import AdaFom
from amsgrad.problems.adashift import AdaShift
from amsgrad.problems.adopt import Adopt
from amsgrad.problems.draws import bits
from amsgrad.problems.online import Online
from amsgrad.problems.polynomial import Polynomial
from amsgrad.problems.problem import Problem
from amsgrad.problems.quadratic import Quadratic
from amsgrad.problems.rare import Rare
from amsgrad.problems.sequence import Sequence
from amsgrad.problems.stochastic import Stochastic
from amsgrad.problems.theorem1 import Theorem1
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.problems.theorem3 import Theorem3
from amsgrad.problems.theorem6 import Theorem6
from amsgrad.problems.zhang import Zhang
from amsgrad.schedules import record_steps
from tests.engines.cases import Case
from tests.family import FAMILY
from tests.marks import slow
from tests.same import same

points = st.floats(-1, 1)


def slopes(problem: Online, first_t: int, steps: int) -> list[float]:
    p = problem.parameters(float)
    times = range(first_t, first_t + steps)
    return [problem.select(t, t % problem.period, p) for t in times]


@pytest.mark.parametrize(("first_t", "big_at"), [(0, [1, 102, 203]), (1, [0, 101, 202])])
def test_the_big_slope_comes_by_time_and_not_by_the_number_of_the_step(
    first_t: int, big_at: list[int]
) -> None:
    shown = slopes(Online(), first_t, 300)
    assert [i for i, slope in enumerate(shown) if slope == 1010] == big_at
    assert {slope for i, slope in enumerate(shown) if i not in big_at} == {-10}


@given(points)
def test_standing_still_costs_ten_times_the_distance_per_period(x: float) -> None:
    problem = Online()
    p = problem.parameters(float)
    cost = sum(
        problem.loss(slope, x, p) - problem.loss(slope, problem.x_star, p)
        for slope in slopes(problem, 1, problem.period)
    )
    assert cost / 101 == pytest.approx(10 * (x + 1) / 101, abs=1e-11)


@pytest.mark.parametrize(("period", "x_star"), [(1, 1), (2, -1), (101, -1), (102, -1), (103, 1)])
def test_the_optimum_changes_sides_with_the_period(period: int, x_star: float) -> None:
    problem = Online(period=period)
    assert problem.x_star == x_star
    total = sum(slopes(problem, 0, period))
    p = problem.parameters(float)
    other = problem.loss(total, -problem.x_star, p)
    assert problem.loss(total, problem.x_star, p) <= other


@given(st.integers(0, 10**6), points)
def test_gradient_is_autograds(t: int, x: float) -> None:
    problem = Online()
    p = problem.parameters(float)
    f = problem.select(t, t % problem.period, p)
    point = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    problem.loss(f, point, p).backward()
    assert point.grad is not None
    assert point.grad.item() == problem.gradient(f, x, p)


@pytest.mark.parametrize("edge", [-1.0, 1.0])
def test_the_gradient_does_not_vanish_at_the_edge(edge: float) -> None:
    problem = Online()
    p = problem.parameters(np.float32)
    assert problem.gradient(problem.select(1, 1, p), edge, p) == 1010
    assert problem.gradient(problem.select(2, 2, p), edge, p) == -10


every_problem = pytest.mark.parametrize("problem", FAMILY.values(), ids=FAMILY)

# P(the big one is shown), as the papers state it.
PROBABILITY: dict[type, Callable[[Any], float]] = {
    Stochastic: lambda f: f.probability,
    Theorem3: lambda f: (1 + f.delta) / (f.big + 1),
    AdaShift: lambda f: (1 + f.delta) / (f.big + 1),
    Adopt: lambda f: 1 / f.period,
    Zhang: lambda f: 1 / f.period,
}

# The cost per step of standing still at x, on average over a period or in expectation.
COST: dict[type, Callable[[Any, Any], Any]] = {
    Online: lambda f, x: 10 * (x + 1) / 101,
    Stochastic: lambda f, x: 0.2 * (x + 1),
    Theorem1: lambda f, x: (f.big - 2) * (x + 1) / 3,
    Theorem2: lambda f, x: (x + 1) / f.period,
    Theorem6: lambda f, x: (f.big - 2) * f.unit * (x + 1) / 3,
    ACProp1: lambda f, x: (x + 1) / f.period,
    Theorem3: lambda f, x: f.delta * (x + 1),
    AdaShift: lambda f, x: f.delta * (x + 1),
    Adopt: lambda f, x: x + 1,
    ACProp2: lambda f, x: (f.period / 2 - 1) * (x + 1) / f.period,
    Zhang: lambda f, x: (x + 1.5 if x >= -1 else (x + 2) ** 2 / 2) / f.period,
    AdaFom: lambda f, x: x**2 / 22,
    Polynomial: lambda f, x: f.factor * x**f.degree / f.degree,
    Sequence: lambda f, x: abs(float(sum(listed(f.slopes)))) * abs(x - f.x_star) / f.period,
    Quadratic: lambda f, x: (x - f.x_star) ** 2 / 2,
    Rare: lambda f, x: (x - f.x_star) ** 2 / 2,
}


def listed(text: str) -> list[Fraction]:
    """Return the slopes of a text, one by one."""
    found: list[Fraction] = []
    for entry in text.split(","):
        slope, _, times = entry.partition("x")
        found += [Fraction(slope)] * int(times or 1)
    return found


def is_random(problem: Any) -> bool:
    if type(problem) is Sequence:
        return problem.order in ("shuffled", "drawn")
    if type(problem) is Quadratic:
        return True
    return type(problem) in PROBABILITY and getattr(problem, "order", "random") == "random"


RANDOM = {name: problem for name, problem in FAMILY.items() if is_random(problem)}
TWO_SLOPES = {name: f for name, f in RANDOM.items() if type(f) in PROBABILITY}
every_random_problem = pytest.mark.parametrize("problem", RANDOM.values(), ids=RANDOM)


def shown(problem: Problem, t: int, real: Any = float) -> Any:
    with np.errstate(over="ignore"):  # random draws wrap modulo 2^64
        return problem.select(t, t % problem.period, problem.parameters(real))


def mean_loss(problem: Problem, x: Fraction) -> Fraction:
    """Return the mean of all losses at x, without any rounding."""
    p = problem.parameters(Fraction)
    if isinstance(problem, Sequence):
        return sum(listed(problem.slopes), Fraction(0)) * x / problem.period
    if isinstance(problem, Quadratic):
        targets = listed(problem.targets)
        losses = [problem.loss(target, x, p) for target in targets]
        return sum(losses, Fraction(0)) / len(targets)
    if is_random(problem):
        share = Fraction(int(p.threshold), 2**64)
        losses = share * problem.loss(p.big, x, p), (1 - share) * problem.loss(p.small, x, p)
        return sum(losses, Fraction(0))
    period = range(1, problem.period + 1)
    losses = (problem.loss(shown(problem, t, Fraction), x, p) for t in period)
    return sum(losses, Fraction(0)) / problem.period


def feasible(problem: Problem) -> list[Fraction]:
    """Return a grid of points of F, with its ends and kinks and x*; -8 to 8 where F has no end."""
    grid = {Fraction(i, 16) for i in range(-128, 129)} | {Fraction(problem.x_star)}
    return sorted(x for x in grid if problem.lower <= x <= problem.upper)


@every_problem
def test_the_mean_loss_is_least_at_the_optimum(problem: Problem) -> None:
    x_star = Fraction(problem.x_star)
    bounded = [x for x in feasible(problem) if problem.attained or -1 <= x <= 1]
    assert x_star in bounded
    others = [mean_loss(problem, x) for x in bounded if x != x_star]
    assert mean_loss(problem, x_star) < min(others)


def test_adashift_alone_has_no_best_point() -> None:
    assert {type(f) for f in FAMILY.values() if not f.attained} == {AdaShift}
    falling = [mean_loss(AdaShift(), Fraction(x)) for x in (1, 0, -1, -2, -100, -10000)]
    assert falling == sorted(falling, reverse=True)
    assert len(set(falling)) == len(falling)


@every_problem
def test_standing_still_costs_what_the_docstring_says(problem: Problem) -> None:
    best = mean_loss(problem, Fraction(problem.x_star))
    for x in feasible(problem):
        expected = COST[type(problem)](problem, float(x))
        # a probability is a multiple of 2^-64, and slopes are at most 2500
        assert float(mean_loss(problem, x) - best) == pytest.approx(expected, rel=1e-12, abs=1e-13)


@every_problem
def test_autograd_gives_the_gradient_of_every_problem(problem: Problem) -> None:
    p = problem.parameters(float)
    kinks = [-2, np.nextafter(-1, -2), -1, np.nextafter(-1, 0), 0, 1]
    for t in [*range(25), 10**6 + 1, 10**9]:
        f = shown(problem, t)
        for x in [float(x) for x in feasible(problem)[::5]] + kinks:
            if problem.lower <= x <= problem.upper:
                point = torch.tensor([x], dtype=torch.float64, requires_grad=True)
                loss = problem.loss(f, point, p)
                assert loss.shape == (1,)
                loss.backward()
                assert point.grad is not None
                expected = problem.gradient(f, x, p)
                if isinstance(problem, Polynomial):  # autograd adds the same terms otherwise
                    expected = pytest.approx(expected, rel=1e-15)
                assert point.grad.item() == expected


@every_problem
def test_the_gradient_is_the_slope_of_the_loss(problem: Problem) -> None:
    h = Fraction(1, 2**20)
    p = problem.parameters(Fraction)
    for t in range(12):
        f = shown(problem, t, Fraction)
        for x in feasible(problem):
            slope = (problem.loss(f, x + h, p) - problem.loss(f, x - h, p)) / (2 * h)
            # exact for parabolas; at the edge of one, off by h / 4 times its curvature, 10 at most
            assert abs(slope - problem.gradient(f, x, p)) <= 3 * h


@every_problem
def test_the_feasible_set_is_the_papers(problem: Problem) -> None:
    unbounded = isinstance(problem, AdaShift | Zhang | AdaFom | Polynomial | Quadratic | Rare)
    end = math.inf if unbounded else 1
    assert (problem.lower, problem.upper) == (-end, end)


@every_problem
def test_hindsight_is_kept_where_losses_are_random_linear_and_bounded(problem: Problem) -> None:
    p = problem.parameters(float)
    f = shown(problem, 1)
    linear = problem.gradient(f, -1.5, p) == problem.gradient(f, 0.5, p)
    bounded = math.isfinite(problem.lower) and math.isfinite(problem.upper)
    assert problem.hindsight == (is_random(problem) and linear and bounded)
    assert problem.lower <= problem.x_star <= problem.upper
    assert math.isfinite(problem.x_star)


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (Theorem6(big=4.0, unit=0.5), [2, -0.5, -0.5, 2, -0.5, -0.5, 2, -0.5, -0.5]),
        (Theorem1(big=4.0), [4, -1, -1, 4, -1, -1, 4, -1, -1]),
        (Theorem2(period=4), [4, -1, -1, -1, 4, -1, -1, -1, 4]),
        (ACProp2(period=4), [2, -1, 0, 0, 2, -1, 0, 0, 2]),
        (ACProp2(period=7), [3.5, 0, 0, 0, -1, 0, 0, 3.5, 0]),
        (Zhang(period=3, a=0.5), [2, -0.5, -0.5, 2, -0.5, -0.5, 2, -0.5, -0.5]),
        (AdaFom(), [5.5, *[-0.5] * 10, 5.5]),
        (Polynomial(factor=3.0), [3, 3, 3]),
        (Sequence("4,-1x2,0.5"), [4, -1, -1, 0.5, 4, -1, -1, 0.5, 4]),
        (Sequence("-7"), [-7, -7, -7]),
        (Rare(period=3), [1, 0, 0, 1, 0, 0, 1]),
    ],
    ids=str,
)
def test_what_is_shown_from_time_one_on(problem: Problem, expected: list[float]) -> None:
    assert [shown(problem, t) for t in range(1, len(expected) + 1)] == expected
    assert shown(problem, 0) == shown(problem, problem.period)


def test_theorem_2_is_acprops_first_problem_too() -> None:
    ours, theirs = ACProp1(period=7), Theorem2(period=7)
    for name in ("select", "loss", "gradient"):
        assert getattr(ours, name) is getattr(theirs, name)
    assert ours.parameters(float) == theirs.parameters(float)
    assert (ours.lower, ours.upper, ours.x_star) == (theirs.lower, theirs.upper, theirs.x_star)
    assert (ours.period, ours.in_words) == (theirs.period, theirs.in_words)
    assert ours.published != theirs.published


def as_published(i: int, x: Fraction, n: int, a: Fraction) -> Fraction:
    """Return f_i of Zhang et al., each piece as in the notes on the thesis."""
    if i == 0:
        slope = 1 + (n - 1) * a
        return slope * x if x >= -1 else slope / 2 * (x + 2) ** 2 - (3 + 3 * (n - 1) * a) / 2
    return -a * x if x >= -1 else -a / 2 * (x + 2) ** 2 + 3 * a / 2


@pytest.mark.parametrize("n", [2, 10, 50])
@pytest.mark.parametrize("a", [0.25, 1.0, 3.0])
def test_zhangs_pieces_are_the_published_ones_and_meet(n: int, a: float) -> None:
    problem = Zhang(period=n, a=a)
    p = problem.parameters(Fraction)
    just_below = -1 - Fraction(1, 2**60)
    for i in range(n):
        f = shown(problem, i + 1, Fraction)
        for x in feasible(problem):
            assert problem.loss(f, x, p) == as_published(i, x, n, Fraction(a))
        step = problem.loss(f, Fraction(-1), p) - problem.loss(f, just_below, p)
        bend = problem.gradient(f, Fraction(-1), p) - problem.gradient(f, just_below, p)
        assert max(abs(step), abs(bend)) <= abs(f) / 2**60


def test_zhangs_a_changes_the_batches_but_not_their_sum() -> None:
    for x in feasible(Zhang()):
        sums = {mean_loss(Zhang(a=a), x) for a in (0.25, 1.0, 3.0)}
        assert len(sums) == 1


MANY = 2_000_000


@pytest.mark.parametrize("problem", TWO_SLOPES.values(), ids=TWO_SLOPES)
def test_the_big_one_comes_as_often_as_stated_and_as_numpy_draws_it(problem: Problem) -> None:
    probability = PROBABILITY[type(problem)](problem)
    p = problem.parameters(float)
    with np.errstate(over="ignore"):
        big = bits(p.key, np.arange(MANY, dtype=np.uint64)) < p.threshold
    numpys = np.random.default_rng(0).random(MANY) < probability
    deviation = math.sqrt(probability * (1 - probability) / MANY)
    assert abs(big.mean() - probability) < 5 * deviation
    assert abs(big.mean() - numpys.mean()) < 5 * math.sqrt(2) * deviation
    selected = [shown(problem, t) for t in range(1000)]
    assert selected == np.where(big[:1000], p.big, p.small).tolist()


@every_random_problem
def test_another_seed_is_another_stream(problem: Any) -> None:
    other = type(problem)(**{**vars(problem), "seed": problem.seed + 1})
    assert [shown(problem, t) for t in range(500)] != [shown(other, t) for t in range(500)]


@pytest.mark.parametrize("targets", ["1,0x3", "-4x2,1x3,5", "5,-4,1,-4,1x2", "0x9,1", "2"])
def test_a_target_comes_as_often_as_it_is_listed(targets: str) -> None:
    problem = Quadratic(targets, seed=2)
    p = problem.parameters(float)
    with np.errstate(over="ignore"):
        random = bits(p.key, np.arange(MANY, dtype=np.uint64))
    drawn = np.where(random < p.below_middle, p.low, p.middle)
    drawn = np.where(random < p.below_high, drawn, p.high)
    assert [shown(problem, t) for t in range(1000)] == drawn[:1000].tolist()
    expected = np.array([float(target) for target in listed(problem.targets)])
    for target in np.unique(expected):
        chance = np.mean(expected == target)
        deviation = math.sqrt(chance * (1 - chance) / MANY)
        assert abs(np.mean(drawn == target) - chance) <= 5 * deviation


def test_adashift_and_figure_1_see_the_stream_of_theorem_3() -> None:
    for t in range(1000):
        slope = shown(Theorem3(seed=6), t)
        assert shown(AdaShift(seed=6), t) == slope
        assert shown(Stochastic(seed=6), t) == 10 * slope


# The torch engine may round differently in each of 1000 updates of at most 0.01; measured: 5e-16.
TORCH_TOLERANCE = 1e-12


# Problems with the same functions have one compiled loop per precision; each is quick in one.
QUICK_IN_DOUBLE = (Stochastic, Theorem3, Adopt, ACProp2, AdaFom, Polynomial, Sequence, Quadratic)
RUNS = [
    row if (dtype is np.float64) == isinstance(problem, QUICK_IN_DOUBLE) else slow(*row)
    for problem, dtype in product(FAMILY.values(), (np.float32, np.float64))
    for row in [(problem, dtype)]
]


@pytest.mark.parametrize(
    ("problem", "dtype"), RUNS, ids=[f"{name}-{bits}" for name in FAMILY for bits in (32, 64)]
)
def test_every_engine_runs_it(problem: Problem, dtype: Any) -> None:
    case = Case(problem=problem, first_t=1, x0=0.5, dtype=dtype)
    steps, record_at = 1000, record_steps(1000, 50)
    expected, rows = run_to(case.engine("reference"), steps, record_at)
    actual, records = run_to(case.engine("compiled"), steps, record_at)
    assert first_difference(actual, expected) is None
    assert actual.finite
    assert same(records, rows)
    assert records.in_hindsight == problem.hindsight
    if dtype is np.float64:
        _, records = run_to(case.engine("torch"), steps, record_at)
        np.testing.assert_allclose(records.x, rows.x, rtol=0, atol=TORCH_TOLERANCE)


@pytest.mark.parametrize("big", [3.0, 10.0])
def test_theorem_1_holds(big: float) -> None:
    case = Case(
        semantics="paper", schedule="inverse_sqrt", first_t=1, lr=0.5, x0=1.0,
        beta1=0.0, beta2=1 / (1 + big**2), problem=Theorem1(big=big),
    )  # fmt: skip
    _, records = run_to(case.engine("reference"), 301, record_steps(301, 1))
    assert (records.x[::3] == 1).all()
    three_steps = records.regret[:300].reshape(-1, 3).sum(axis=1)
    assert (three_steps >= 2 * big - 4).all()
