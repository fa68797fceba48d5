"""The maps `phase`, `zhang` and `acprop` on a small scale, beside independent loops."""

import math
from typing import Any

import pytest
from matplotlib.figure import Figure

from amsgrad.config.run_config import Config
from amsgrad.engines.driver import run_to
from experiments.config.build import build_engine
from experiments.figures import acprop, maps, phase, zhang
from tests import naive
from tests.marks import slow


def small(sweep: dict[str, Any], steps: int, **axes: Any) -> dict[str, Any]:
    """The same sweep with fewer steps and shorter axes."""
    return {
        **sweep,
        "base": {**sweep["base"], "steps": steps},
        "axes": {**sweep["axes"], **axes},
    }


PHASE = {
    schedule: small(sweep, 10_000, beta1=maps.betas(3, 4), beta2=maps.betas(3, 4))
    for schedule, sweep in phase.SETTINGS.items()
}
ZHANG = small(zhang.SETTINGS, 500, beta1=[0.0, 0.9], beta2=[0.9, 0.99, 0.999])
ACPROP = small(acprop.SETTINGS, 3000, period=[4, 8, 10], beta2=maps.betas(3, 4))
SPARSE = small(ACPROP, 3000, problem=["acprop2"], opt=["acprop"])


@pytest.fixture(scope="module")
def adam_of_phase() -> Any:
    sweep = small(PHASE["inverse_sqrt"], 10_000, opt=["adam"])
    return phase.compute({"inverse_sqrt": sweep})


@pytest.fixture(scope="module")
def phases() -> Any:
    return phase.compute(PHASE)


@pytest.fixture(scope="module")
def distances() -> Any:
    return zhang.compute(ZHANG)


@pytest.fixture(scope="module")
def sparse() -> Any:
    return acprop.compute(SPARSE)


@pytest.fixture(scope="module")
def acprops() -> Any:
    return acprop.compute(ACPROP)


def check_phase(data: Any, opt: str, schedule: str) -> None:
    rows = naive.run(
        amsgrad=opt == "amsgrad",
        semantics="paper",
        lr=PHASE[schedule]["base"]["lr"],
        beta1=0.9,
        beta2=0.99,
        eps=0.0,
        steps=10_000,
        schedule=schedule,
        first_t=1,
    )
    cell = data.x.sel(opt=opt, schedule=schedule, beta1=0.9, beta2=0.99)
    assert float(cell) == pytest.approx(rows[-1]["x_after"], abs=1e-9)


def test_a_cell_of_phase_is_the_oracles(adam_of_phase: Any) -> None:
    check_phase(adam_of_phase, "adam", "inverse_sqrt")


@pytest.mark.slow
@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
@pytest.mark.parametrize("schedule", PHASE)
def test_every_panel_of_phase_is_the_oracles(phases: Any, opt: str, schedule: str) -> None:
    assert phases.x.dims == ("schedule", "opt", "beta1", "beta2")
    check_phase(phases, opt, schedule)


def test_the_drift_of_phase_is_beside_it(adam_of_phase: Any) -> None:
    goes_to = adam_of_phase.drift_goes_to
    assert goes_to.sel(beta1=0.9, beta2=0.99) == 1
    assert goes_to.sel(beta1=0.999, beta2=0.999) == -1


def naive_zhang(n: int, beta1: float, beta2: float, steps: int) -> float:
    """Adam on Zhang's batches in cyclic order, as in a textbook."""
    x, m, v = 0.0, 0.0, 0.0
    for k in range(1, steps + 1):
        slope = n if k % n == 1 else -1.0
        g = slope if x >= -1 else slope * (x + 2)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        mhat, vhat = m / (1 - beta1**k), v / (1 - beta2**k)
        x -= 0.1 / math.sqrt(k) * mhat / (math.sqrt(vhat) + 1e-8)
    return abs(x + 2)


@pytest.mark.parametrize("n", [10, 50])
@pytest.mark.parametrize("beta2", [0.9, 0.999])
def test_a_cell_of_zhang_is_the_oracles(distances: Any, n: int, beta2: float) -> None:
    cell = distances.distance.sel(period=n, order="cyclic", beta1=0.9, beta2=beta2)
    assert float(cell) == pytest.approx(naive_zhang(n, 0.9, beta2, 500), abs=1e-9)


@pytest.mark.parametrize("order", ["cyclic", "random"])
@pytest.mark.parametrize("n", [10, 50])
def test_zhang_after_n_steps_is_the_x_of_a_run_after_n_steps(
    distances: Any, n: int, order: str
) -> None:
    for beta1, beta2 in ((0.0, 0.9), (0.9, 0.99)):
        config = Config(**ZHANG["base"], period=n, order=order, beta1=beta1, beta2=beta2)
        state, _ = run_to(build_engine(config), config.steps)
        cell = distances.distance.sel(period=n, order=order, beta1=beta1, beta2=beta2)
        assert float(cell) == abs(float(state.x) + 2)  # to the bit


def naive_acprop(period: int, problem: str, beta2: float, steps: int) -> float:
    """The rule of ACProp on its two problems."""
    x, m, s = 0.5, 0.0, None
    for k in range(1, steps + 1):
        turn = k % period
        if problem == "acprop1":
            g = float(period) if turn == 1 else -1.0
        else:
            g = {1: period / 2, period - 2: -1.0}.get(turn, 0.0)
        if s is not None:
            x -= 1 / math.sqrt(k) * g / (math.sqrt(s) + 1e-8)
        m = 0.9 * m + 0.1 * g
        s = beta2 * (s or 0.0) + (1 - beta2) * (g - m) ** 2
        x = max(-1.0, min(1.0, x))
    return x


def check_acprop(data: Any, problem: str, period: int) -> None:
    cell = data.x.sel(problem=problem, opt="acprop", period=period, beta2=0.9)
    assert float(cell) == pytest.approx(naive_acprop(period, problem, 0.9, 3000), abs=1e-7)


@pytest.mark.parametrize("period", [4, 10])
def test_a_cell_of_acprop_is_the_oracles(sparse: Any, period: int) -> None:
    check_acprop(sparse, "acprop2", period)


@pytest.mark.slow
@pytest.mark.parametrize("problem", ["acprop1", "acprop2"])
@pytest.mark.parametrize("period", [4, 10])
def test_each_problem_of_acprop_is_the_oracles(acprops: Any, problem: str, period: int) -> None:
    check_acprop(acprops, problem, period)


@pytest.mark.slow
def test_adam_beside_acprop_is_the_oracles(acprops: Any) -> None:
    rows = naive.run(
        amsgrad=False,
        semantics="torch",
        lr=1.0,
        beta1=0.9,
        beta2=0.9,
        eps=1e-8,
        steps=3000,
        schedule="inverse_sqrt",
        first_t=1,
        x0=0.5,
        period=8,
        big=8.0,
        small=-1.0,
    )
    cell = acprops.x.sel(problem="acprop1", opt="adam", period=8, beta2=0.9)
    assert float(cell) == pytest.approx(rows[-1]["x_after"], abs=1e-7)


@pytest.mark.parametrize(
    ("module", "settings", "name", "panels"),
    [
        (phase, PHASE, "adam_of_phase", 1),
        slow(phase, PHASE, "phases", 2),
        (zhang, ZHANG, "distances", 4),
        (acprop, SPARSE, "sparse", 1),
        slow(acprop, ACPROP, "acprops", 6),
    ],
)
def test_they_are_drawn_and_described(
    module: Any, settings: Any, name: str, panels: int, request: pytest.FixtureRequest
) -> None:
    data, figure = request.getfixturevalue(name), Figure(layout="constrained")
    module.draw(data, figure)
    assert len(figure.axes) == panels + 1  # the colour bar
    assert "runs per map" in " ".join(module.caption(settings, module.findings(data)))
