"""Slopes of a period, and the closed form of their averages."""

import numpy as np
import pytest

from amsgrad.problems.acprop2 import ACProp2
from amsgrad.problems.adafom import AdaFom
from amsgrad.problems.adashift import AdaShift
from amsgrad.problems.adopt import Adopt
from amsgrad.problems.online import Online
from amsgrad.problems.stochastic import Stochastic
from amsgrad.problems.theorem1 import Theorem1
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.problems.theorem3 import Theorem3
from amsgrad.problems.zhang import Zhang
from amsgrad.theory.periodic import averages, slopes
from tests.theory import naive

VALUES = [[3.0], [1010.0, *[-10.0] * 100], [0.0, 5.0, 0.0, -1.0, 0.0], [1e-9, 1.0, -1e9, 7.0]]


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("beta", [0.0, 1e-9, 0.5, 0.9, 0.99, 0.999])
def test_the_closed_form_is_where_brute_force_comes_to(values, beta):
    # what rounding leaves of the iteration, in units of the largest value
    expected = pytest.approx(naive.periodic_state(values, beta), abs=1e-12 * max(map(abs, values)))
    assert averages(np.array(values), np.array([beta]))[:, 0] == expected


@pytest.mark.parametrize("values", VALUES[1:])
@pytest.mark.parametrize("rest", [1e-6, 1e-12, 2.0**-53])
def test_nothing_is_lost_as_beta_tends_to_1(values, rest):
    """Positive values have no cancellation: all digits must be there."""
    squares = [value * value for value in values]
    exact = [float(s) for s in naive.exact_averages(squares, 1 - rest)]
    own = averages(np.array(squares), np.array([1 - rest]))[:, 0]
    # a rounding for every step of two periods
    assert own == pytest.approx(exact, rel=len(values) * 4e-16)


def test_every_beta_has_its_column():
    betas, values = np.array([0.0, 0.3, 0.99]), np.array([1.0, -2.0, 4.0])
    columns = [averages(values, betas[i : i + 1])[:, 0] for i in range(3)]
    assert np.array_equal(averages(values, betas), np.transpose(columns))


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (Online(period=4, big=7, small=-2), [-2, 7, -2, -2]),
        (Online(period=1), [-10]),
        (Theorem1(big=3), [-1, 3, -1]),
        (Theorem2(period=3), [-1, 3, -1]),
        (ACProp2(period=5), [0, 2.5, 0, -1, 0]),
    ],
)
def test_slopes_are_those_of_one_period(problem, expected):
    assert slopes(problem).tolist() == expected


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        *(
            (kind(), f"the losses of {kind.__name__} are random")
            for kind in (Stochastic, Theorem3, Adopt, AdaShift)
        ),
        (Zhang(order="random"), "the losses of Zhang are random"),
        (Zhang(), "Zhang is not linear in x"),
        (AdaFom(), "AdaFom is not linear in x"),
        (
            Online(period=10**9),
            "period must be at most 1,000,000 here, but 1,000,000,000 was given",
        ),
    ],
)
def test_what_has_no_slopes_is_refused(problem, sentence):
    with pytest.raises(ValueError, match=sentence):
        slopes(problem)
