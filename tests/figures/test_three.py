"""The figure `three` on a small scale: its runs end where the theory says."""

from typing import Any

import pytest
from matplotlib.figure import Figure

from amsgrad.theory.period3 import largest_sum
from experiments.figures import three

SETTINGS = {
    **three.SETTINGS,
    "base": {**three.SETTINGS["base"], "steps": 40_000},
    "decades": 2.0,
    "points": 5,
    "run_every": 1.0,
}


@pytest.fixture(scope="module")
def data() -> Any:
    return three.compute(SETTINGS)


def test_runs_end_on_either_side_of_the_largest_sum(data: Any) -> None:
    found = three.findings(data)
    assert found["runs"] == found["runs that went where D says"] > 6
    for entry in range(data.run.size):
        run = data.isel(run=entry)
        rule = "adopt" if run.run_adopt else "adam"
        largest = float(largest_sum(rule, float(run.run_beta1), float(run.run_beta2)))
        assert run.run_goes_to == (1 if run.run_sum < largest else -1)
    assert {-1, 1} == set(data.run_goes_to.values.tolist())


def test_it_is_drawn_and_described(data: Any) -> None:
    three.draw(data, Figure(layout="constrained"))
    words = three.caption(three.SETTINGS, three.findings(data))
    assert "-2992, -1496, 4489" in words.details
    assert "is not contradicted" in words.details
