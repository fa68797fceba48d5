"""The maps `phase`, `zhang` and `acprop` on a small scale, beside independent loops."""

import math
from typing import Any

import pytest
from matplotlib.figure import Figure

from experiments.figures import acprop, phase, zhang
from tests import naive

PHASE = {**phase.SETTINGS, "decades": [0.0, 3.0, 4], "steps": 20_000}
ZHANG = {**zhang.SETTINGS, "decades1": [0.0, 1.0, 2], "decades2": [1.0, 3.0, 3], "steps": 500}
ACPROP = {**acprop.SETTINGS, "periods": [4, 8, 10], "decades": [0.0, 3.0, 4], "steps": 3000}


@pytest.fixture(scope="module")
def phases() -> Any:
    return phase.compute(PHASE)


@pytest.fixture(scope="module")
def zhangs() -> Any:
    return zhang.compute(ZHANG)


@pytest.fixture(scope="module")
def acprops() -> Any:
    return acprop.compute(ACPROP)


@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
@pytest.mark.parametrize(("schedule", "lr"), PHASE["schedules"].items())
def test_a_cell_of_phase_is_the_oracles(phases: Any, opt: str, schedule: str, lr: float) -> None:
    rows = naive.run(
        amsgrad=opt == "amsgrad",
        semantics="paper",
        lr=lr,
        beta1=0.9,
        beta2=0.99,
        eps=0.0,
        steps=20_000,
        schedule=schedule,
        first_t=1,
    )
    cell = phases.x.sel(optimizer=opt, schedule=schedule, decades1=1.0, decades2=2.0)
    assert float(cell) == pytest.approx(rows[-1]["x"], abs=1e-9)


def test_the_drift_of_phase_is_beside_it(phases: Any) -> None:
    said = phases.drift_goes_to.sel(decades1=1.0)
    assert said.sel(decades2=2.0) == 1
    assert phases.drift_goes_to.sel(decades1=3.0, decades2=3.0) == -1


def naive_zhang(n: int, beta1: float, beta2: float, steps: int) -> float:
    """Adam on Zhang's batches in cyclic order, as in a textbook."""
    x, m, v = 0.0, 0.0, 0.0
    for k in range(1, steps):  # a record is taken before its update
        slope = n if k % n == 1 else -1.0
        g = slope if x >= -1 else slope * (x + 2)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        mhat, vhat = m / (1 - beta1**k), v / (1 - beta2**k)
        x -= 0.1 / math.sqrt(k) * mhat / (math.sqrt(vhat) + 1e-8)
    return abs(x + 2)


@pytest.mark.parametrize("n", [10, 50])
@pytest.mark.parametrize("decades2", [1.0, 3.0])
def test_a_cell_of_zhang_is_the_oracles(zhangs: Any, n: int, decades2: float) -> None:
    cell = zhangs.distance.sel(n=n, order="cyclic", decades1=1.0, decades2=decades2)
    expected = naive_zhang(n, 0.9, 1 - 10.0**-decades2, 500)
    assert float(cell) == pytest.approx(expected, abs=1e-9)


def naive_acprop(period: int, problem: str, beta2: float, steps: int) -> float:
    """The rule of ACProp on its two problems."""
    x, m, s = 0.5, 0.0, None
    for k in range(1, steps):  # a record is taken before its update
        phase_of = k % period
        if problem == "acprop1":
            g = float(period) if phase_of == 1 else -1.0
        else:
            g = {1: period / 2, period - 2: -1.0}.get(phase_of, 0.0)
        if s is not None:
            x -= 1 / math.sqrt(k) * g / (math.sqrt(s) + 1e-8)
        m = 0.9 * m + 0.1 * g
        s = beta2 * (s or 0.0) + (1 - beta2) * (g - m) ** 2
        x = max(-1.0, min(1.0, x))
    return x


@pytest.mark.parametrize("problem", ["acprop1", "acprop2"])
@pytest.mark.parametrize("period", [4, 10])
def test_a_cell_of_acprop_is_the_oracles(acprops: Any, problem: str, period: int) -> None:
    cell = acprops.x.sel(problem=problem, optimizer="acprop", period=period, decades=1.0)
    assert float(cell) == pytest.approx(naive_acprop(period, problem, 0.9, 3000), abs=1e-7)


@pytest.mark.parametrize(
    ("module", "settings", "name"),
    [(phase, PHASE, "phases"), (zhang, ZHANG, "zhangs"), (acprop, ACPROP, "acprops")],
)
def test_they_are_drawn_and_told(
    module: Any, settings: Any, name: str, request: pytest.FixtureRequest
) -> None:
    data = request.getfixturevalue(name)
    module.draw(data, Figure())
    assert "runs a map" in module.caption(settings, module.findings(data))
