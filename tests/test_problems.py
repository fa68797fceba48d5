import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from amsgrad.problems.online import Online

points = st.floats(-1, 1)


def slopes(problem: Online, first_t: int, steps: int) -> list[float]:
    p = problem.parameters(float)
    times = range(first_t, first_t + steps)
    return [problem.select(t, t % problem.period, p) for t in times]


@pytest.mark.parametrize(("first_t", "big_at"), [(0, [1, 102, 203]), (1, [0, 101, 202])])
def test_the_big_slope_comes_by_time_not_by_place(first_t: int, big_at: list[int]) -> None:
    shown = slopes(Online(), first_t, 300)
    assert [i for i, slope in enumerate(shown) if slope == 1010] == big_at
    assert {slope for i, slope in enumerate(shown) if i not in big_at} == {-10}


@given(points)
def test_standing_still_costs_ten_times_the_distance_a_period(x: float) -> None:
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
