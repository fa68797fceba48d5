"""The problems: their losses against the papers, and the facts that each states."""

import math
import re
from collections.abc import Callable
from dataclasses import fields
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
from amsgrad.options import Option, Role, options_of
from amsgrad.problems import PROBLEMS
from amsgrad.problems.acprop1 import ACProp1
from amsgrad.problems.acprop2 import ACProp2
from amsgrad.problems.adafom import AdaFom
from amsgrad.problems.adashift import AdaShift
from amsgrad.problems.adopt import Adopt
from amsgrad.problems.draws import bits
from amsgrad.problems.online import Online
from amsgrad.problems.problem import Problem
from amsgrad.problems.stochastic import Stochastic
from amsgrad.problems.theorem1 import Theorem1
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.problems.theorem3 import Theorem3
from amsgrad.problems.zhang import Zhang
from amsgrad.rules import RULES
from amsgrad.schedules import record_steps
from experiments.config.run_config import RUN, Config
from tests.engines.cases import Case
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


# The whole family: each problem with its defaults, and some with other numbers.
FAMILY: dict[str, Problem] = {name: make() for name, make in PROBLEMS.items()} | {
    "theorem1-7.5": Theorem1(big=7.5),
    "theorem2-2": Theorem2(period=2),
    "theorem3-5": Theorem3(big=5.0, delta=0.5, seed=4),
    "adopt-50": Adopt(period=50, seed=2),
    "adashift-5": AdaShift(big=5.0, delta=0.5, seed=4),
    "acprop2-4": ACProp2(period=4),
    "acprop2-7": ACProp2(period=7),
    "zhang-a": Zhang(period=7, a=0.3),
    "zhang-random": Zhang(order="random", seed=9),
}
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
    ACProp1: lambda f, x: (x + 1) / f.period,
    Theorem3: lambda f, x: f.delta * (x + 1),
    AdaShift: lambda f, x: f.delta * (x + 1),
    Adopt: lambda f, x: x + 1,
    ACProp2: lambda f, x: (f.period / 2 - 1) * (x + 1) / f.period,
    Zhang: lambda f, x: (x + 1.5 if x >= -1 else (x + 2) ** 2 / 2) / f.period,
    AdaFom: lambda f, x: x**2 / 22,
}


def is_random(problem: Any) -> bool:
    return type(problem) in PROBABILITY and getattr(problem, "order", "random") == "random"


RANDOM = {name: problem for name, problem in FAMILY.items() if is_random(problem)}
every_random_problem = pytest.mark.parametrize("problem", RANDOM.values(), ids=RANDOM)


def shown(problem: Problem, t: int, real: Any = float) -> Any:
    with np.errstate(over="ignore"):  # random draws wrap modulo 2^64
        return problem.select(t, t % problem.period, problem.parameters(real))


def mean_loss(problem: Problem, x: Fraction) -> Fraction:
    """Return the mean of all losses at x, without any rounding."""
    p = problem.parameters(Fraction)
    if is_random(problem):
        share = Fraction(int(p.threshold), 2**64)
        losses = share * problem.loss(p.big, x, p), (1 - share) * problem.loss(p.small, x, p)
        return sum(losses, Fraction(0))
    period = range(1, problem.period + 1)
    losses = (problem.loss(shown(problem, t, Fraction), x, p) for t in period)
    return sum(losses, Fraction(0)) / problem.period


def feasible(problem: Problem) -> list[Fraction]:
    """Return a grid of points of F with its ends and the kinks, from -8 to 8 where F has no end."""
    grid = (Fraction(i, 16) for i in range(-128, 129))
    return [x for x in grid if problem.lower <= x <= problem.upper]


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
                assert point.grad.item() == problem.gradient(f, x, p)


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
    unbounded = isinstance(problem, AdaShift | Zhang | AdaFom)
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
        (Theorem1(big=4.0), [4, -1, -1, 4, -1, -1, 4, -1, -1]),
        (Theorem2(period=4), [4, -1, -1, -1, 4, -1, -1, -1, 4]),
        (ACProp2(period=4), [2, -1, 0, 0, 2, -1, 0, 0, 2]),
        (ACProp2(period=7), [3.5, 0, 0, 0, -1, 0, 0, 3.5, 0]),
        (Zhang(period=3, a=0.5), [2, -0.5, -0.5, 2, -0.5, -0.5, 2, -0.5, -0.5]),
        (AdaFom(), [5.5, *[-0.5] * 10, 5.5]),
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


@every_random_problem
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


def test_adashift_and_figure_1_see_the_stream_of_theorem_3() -> None:
    for t in range(1000):
        slope = shown(Theorem3(seed=6), t)
        assert shown(AdaShift(seed=6), t) == slope
        assert shown(Stochastic(seed=6), t) == 10 * slope


# The torch engine may round differently in each of 1000 updates of at most 0.01; measured: 5e-16.
TORCH_TOLERANCE = 1e-12


# Problems with the same functions have one compiled loop per precision; each is quick in one.
QUICK_IN_DOUBLE = (Stochastic, Theorem3, Adopt, ACProp2, AdaFom)
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


# Its own facts

every_name = pytest.mark.parametrize("name", PROBLEMS)


def options(name: str) -> dict[str, Option]:
    return options_of(PROBLEMS[name])


def defaults(name: str) -> dict[str, Any]:
    return {own: option.default for own, option in options(name).items()}


def test_the_defaults_of_a_problem_make_it() -> None:
    assert defaults("online") == {"period": 101, "big": 1010.0, "small": -10.0}
    assert defaults("zhang") == {"period": 10, "a": 1.0, "order": "cyclic", "seed": 0}
    assert defaults("adafom") == {}
    for name, make in PROBLEMS.items():
        assert make(**defaults(name)) == make()


@every_name
def test_every_field_is_an_option_and_reads_texts(name: str) -> None:
    cls: Any = PROBLEMS[name]
    assert list(options(name)) == [field.name for field in fields(cls)]
    assert name == cls.__name__.lower()
    for own, option in options(name).items():
        assert option.role is Role.NUMBERS
        assert option.free == (own == "seed")
        assert option.sentence[0].isupper()
        assert not option.sentence.endswith(".")
        assert option.read(str(option.default), own) == option.default
        assert cls(**{own: option.default}) == cls()


def test_where_a_run_starts_by_default() -> None:
    starts = {name: (cls.first_t, cls.x0) for name, cls in PROBLEMS.items()}
    assert starts.pop("online") == (0, 0.0)  # the seed program's
    assert starts.pop("adafom") == (1, 1.0)  # at its optimum 0 it would stay
    assert set(starts.values()) == {(1, 0.0)}


def test_the_losses_in_words() -> None:
    assert {name: problem.in_words for name, problem in FAMILY.items()} == {
        "online": "slope 1010 if t mod 101 = 1, else -10",
        "stochastic": "slope 1010 with probability 0.01, else -10, seed 0",
        "theorem1": "slope 3 if t mod 3 = 1, else -1",
        "theorem2": "slope 10 if t mod 10 = 1, else -1",
        "theorem3": "slope 101 with probability (1 + 0.02) / (101 + 1), else -1, seed 0",
        "adopt": "slope 10^2 with probability 1/10, else -10, seed 0",
        "adashift": "slope 101 with probability (1 + 0.02) / (101 + 1), else -1, unconstrained,"
        " seed 0",
        "acprop1": "slope 10 if t mod 10 = 1, else -1",
        "acprop2": "slope 10/2 if t mod 10 = 1, -1 if t mod 10 = 10 - 2, else 0",
        "zhang": "Zhang's 10 batches in cyclic order, a = 1, seed 0",
        "adafom": "5.5 x^2 if t mod 11 = 1, else -0.5 x^2",
        "theorem1-7.5": "slope 7.5 if t mod 3 = 1, else -1",
        "theorem2-2": "slope 2 if t mod 2 = 1, else -1",
        "theorem3-5": "slope 5 with probability (1 + 0.5) / (5 + 1), else -1, seed 4",
        "adopt-50": "slope 50^2 with probability 1/50, else -50, seed 2",
        "adashift-5": "slope 5 with probability (1 + 0.5) / (5 + 1), else -1, unconstrained,"
        " seed 4",
        "acprop2-4": "slope 4/2 if t mod 4 = 1, -1 if t mod 4 = 4 - 2, else 0",
        "acprop2-7": "slope 7/2 if t mod 7 = 1, -1 if t mod 7 = 7 - 2, else 0",
        "zhang-a": "Zhang's 7 batches in cyclic order, a = 0.3, seed 0",
        "zhang-random": "Zhang's 10 batches in random order, a = 1, seed 9",
    }


@every_name
def test_published_settings_are_settings_with_values_that_are_allowed(name: str) -> None:
    rules = {own: option for method in RULES.values() for own, option in method.options.items()}
    known = {**rules, **options(name), **RUN}
    for published in PROBLEMS[name].published:
        assert published.source
        lists = {}
        for setting, value_or_list in published.settings.items():
            values = value_or_list if isinstance(value_or_list, list) else [value_or_list]
            assert values
            for value in values:
                assert known[setting].read(value, setting) == value
            lists[setting] = values
        for opt, values in product(("adam", "adashift"), product(*lists.values())):
            shown = dict(zip(lists, values, strict=True))
            assert shown.items() >= used(Config(opt=opt, problem=name, **shown), shown).items()


def used(config: Config, names: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of these names; an option that the rule does not have is left out."""
    return {name: value for name, value in config.settings().items() if name in names}


def test_what_is_published() -> None:
    sources = {name: [p.source for p in cls.published] for name, cls in PROBLEMS.items()}
    assert [name for name, found in sources.items() if not found] == ["theorem3"]
    unverified = {name for name, cls in PROBLEMS.items() for p in cls.published if not p.verified}
    assert unverified == {"adopt", "acprop1", "acprop2", "adafom"}


WHOLE_FROM_2 = "a whole number from 2 to 2**63 - 1"


@pytest.mark.parametrize(
    ("make", "numbers", "sentence"),
    [
        (Online, {"period": 0}, "period must be a whole number from 1 to 2**63 - 1, but 0 was"),
        (Online, {"big": math.nan}, "big must be a finite number, but nan was"),
        (Online, {"small": -math.inf}, "small must be a finite number, but -inf was"),
        (Stochastic, {"probability": 1.0}, "probability must be a number in [0, 1), but 1.0 was"),
        (Stochastic, {"probability": -0.1}, "probability must be a number in [0, 1), but -0.1 was"),
        (Stochastic, {"seed": -1}, "seed must be a whole number from 0 to 2**63 - 1, but -1 was"),
        (Theorem1, {"big": 2.0}, "big must be a finite number above 2, but 2.0 was"),
        (Theorem1, {"big": math.inf}, "big must be a finite number above 2, but inf was"),
        (Theorem2, {"period": 1}, f"period must be {WHOLE_FROM_2}, but 1 was"),
        (Theorem2, {"period": 2.5}, f"period must be {WHOLE_FROM_2}, but 2.5 was"),
        (Theorem2, {"period": 2**63}, f"period must be {WHOLE_FROM_2}, but {2**63} was"),
        (Theorem3, {"delta": 0.0}, "delta must be a finite number above 0, but 0.0 was"),
        (Theorem3, {"big": 0.02}, "big must be a finite number above delta, 0.02, but 0.02 was"),
        (AdaShift, {"big": 0.02}, "big must be a finite number above delta, 0.02, but 0.02 was"),
        (
            Theorem3,
            {"seed": 2**63},
            f"seed must be a whole number from 0 to 2**63 - 1, but {2**63}",
        ),
        (AdaShift, {"delta": -1.0}, "delta must be a finite number above 0, but -1.0 was"),
        (Adopt, {"period": 1}, f"period must be {WHOLE_FROM_2}, but 1 was"),
        (Adopt, {"seed": 0.5}, "seed must be a whole number from 0 to 2**63 - 1, but 0.5 was"),
        (ACProp2, {"period": 3}, "period must be a whole number from 4 to 2**63 - 1, but 3 was"),
        (Zhang, {"period": 1}, f"period must be {WHOLE_FROM_2}, but 1 was"),
        (Zhang, {"a": 0.0}, "a must be a finite number above 0, but 0.0 was"),
        (Zhang, {"order": "shuffled"}, "order must be cyclic or random, but shuffled was"),
        (Online, {"period": "7"}, "period must be a whole number from 1 to 2**63 - 1, but 7 was"),
        (Online, {"big": "7"}, "big must be a finite number, but 7 was"),
        (Online, {"big": None}, "big must be a finite number, but null was"),
        (Zhang, {"seed": -1}, "seed must be a whole number from 0 to 2**63 - 1, but -1 was"),
    ],
)
def test_a_number_that_is_not_allowed_is_refused(
    make: Callable[..., Any], numbers: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}.*given$"):
        make(**numbers)
