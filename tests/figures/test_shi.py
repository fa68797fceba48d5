"""The map of Shi et al. on a small scale, beside a loop as in a textbook."""

import math
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from experiments.figures import shi

STEPS = 2000
SMALL = {
    **shi.SETTINGS,
    "base": {**shi.SETTINGS["base"], "steps": STEPS},
    "powers": [0.5, 1.0, 2.0],
    "periods": [3, 5, 20],
}


def naive(power: float, C: int) -> tuple[list[float], float]:  # noqa: N803
    """log10|x_t + 1| over the last quarter, and x after the last step."""
    beta2, x, v, logs = 1 - 10**-power, 100.0, 100.0 * C, []
    for t in range(1, STEPS + 1):
        if t > 3 * STEPS / 4:
            logs.append(-math.inf if x == -1 else math.log10(abs(x + 1)))
        g = C if t % C == 1 else -1
        v = beta2 * v + (1 - beta2) * g**2
        x = max(-1.0, min(1.0, x - t**-0.5 * g / math.sqrt(v)))
    return logs, x


@pytest.fixture(scope="module")
def data() -> Any:
    return shi.compute(SMALL)


@pytest.mark.parametrize("power", SMALL["powers"])
@pytest.mark.parametrize("period", SMALL["periods"])
def test_every_cell_is_the_textbooks(data: Any, power: float, period: int) -> None:
    cell, (logs, x) = data.sel(power=power, period=period), naive(power, period)
    off = [log for log in logs if log > -math.inf]
    assert float(cell.x_last) == pytest.approx(x, abs=1e-9)
    assert float(cell.mean_log) == pytest.approx(sum(logs) / len(logs), abs=1e-9)
    assert float(cell.mean_log_off) == pytest.approx(sum(off) / len(off), abs=1e-9)
    assert float(cell.share_at) == pytest.approx(1 - len(off) / len(logs), abs=1e-12)


def test_a_mean_of_minus_infinity_counts_as_converged(data: Any) -> None:
    """As in MATLAB; here it decides, for after 2000 steps x is not yet within 0.01 of -1."""
    cell = data.sel(power=2.0, period=5)
    assert float(cell.mean_log) == -math.inf
    assert float(cell.mean_log_off) > float(data.threshold)
    assert int(cell.converged) == 1
    assert int(data.converged.sel(power=0.5, period=20)) == 0


def test_the_data_are_labelled(data: Any) -> None:
    assert data.mean_log.dims == ("power", "period")
    assert data.mean_log.shape == (3, 3)
    assert np.isfinite(data.mean_log_off).all()
    assert all({"long_name", "units"} <= set(entry.attrs) for entry in data.variables.values())
    assert data.beta2.values == pytest.approx([1 - 10**-0.5, 0.9, 0.99])


def test_the_grid_is_the_papers() -> None:
    assert (len(shi.SETTINGS["powers"]), len(shi.SETTINGS["periods"])) == (40, 31)
    assert (shi.SETTINGS["powers"][0], shi.SETTINGS["powers"][-1]) == (0.1, 4.0)


def test_it_is_drawn_and_described(data: Any) -> None:
    found, figure = shi.findings(data), Figure(layout="constrained")
    shi.draw(data, figure)
    figure.draw_without_rendering()
    assert (found["cells"], found["values of C"]) == (9, 3)
    assert found["cells converged"] == int(data.converged.sum())
    expected = [round(1 - 10**-0.5, 5), 0.9]
    assert found["C = 5: largest beta2 that fails, least that converges"] == expected
    assert "Shi, Li, Hong and Sun" in shi.caption(SMALL, found).drawn


def test_the_boundary_goes_between_the_cells() -> None:
    converged = np.array([[0, 0], [1, 0], [1, 1]], np.int8)
    data: Any = shi.xarray.Dataset(
        {"converged": (("power", "period"), converged)},
        {"power": [1.0, 2.0, 3.0], "period": [2, 3]},
    )
    sides = {((1.5, 1.5), (1.5, 2.5)), ((2.5, 2.5), (2.5, 3.5)), ((1.5, 2.5), (2.5, 2.5))}
    assert {tuple(map(tuple, side)) for side in shi._sides(data)} == sides
    assert shi._least(data).tolist() == [1, 2]
