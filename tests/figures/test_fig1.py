"""Figure 1 on a small scale, and the fits that it states."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from amsgrad.config.run_config import Config
from amsgrad.engines.driver import run_to
from amsgrad.fit import fit_step_size
from experiments.figures import fig1
from experiments.figures.runs import batch, compiled
from tests import naive

SMALL = {
    **fig1.SETTINGS,
    "online": {**fig1.SETTINGS["online"], "steps": 300_000},
    "stochastic": {**fig1.SETTINGS["stochastic"], "steps": 500_000},
    "every": 5000,
    "seeds": 3,
    "fit_seeds": 4,
    "stochastic_lrs": [0.2, 0.4],
}


def test_the_readings_are_those_of_the_file() -> None:
    t, value = fig1.readings("online", "adam")
    assert (t[0], value[0], len(t)) == (200_000, 0.2791, 11)
    t, value = fig1.readings("stochastic", "amsgrad", SMALL)
    assert t.tolist() == [200_000, 500_000]


@pytest.fixture(scope="module")
def data() -> object:
    return fig1.compute(SMALL)


@pytest.mark.parametrize("opt", fig1.OPTIMIZERS)
def test_the_curves_are_the_oracles(data: object, opt: str) -> None:
    own = data.sel(optimizer=opt)
    rows = naive.run(
        amsgrad=opt == "amsgrad",
        semantics="paper",
        lr=float(own.lr),
        beta1=0.9,
        beta2=0.99,
        eps=0.0,
        steps=10_000,
        schedule="inverse_sqrt",
        first_t=1,
    )
    for i, t in enumerate((5000, 10_000)):
        assert own.t_online[i] == t
        expected = rows[t - 1]
        # rounding of 1e4 steps of both sides
        assert float(own.average_regret[i]) == pytest.approx(expected["average_regret"], abs=1e-9)
        assert float(own.x_online[i]) == pytest.approx(expected["x"], abs=1e-9)


def test_the_fit_is_better_than_its_neighbours(data: object) -> None:
    own = data.sel(optimizer="amsgrad")
    at, read = fig1.readings("online", "amsgrad", SMALL)

    def rms(lr: float) -> float:
        config = Config(**SMALL["base"], dtype="float64", opt="amsgrad", lr=lr)
        _, records = run_to(compiled(config), int(at[-1]), at)
        return float(np.sqrt(np.mean((records.average_regret - read) ** 2)))

    assert rms(float(own.lr)) == pytest.approx(float(own.rms), rel=1e-9)
    assert rms(float(own.lr)) < min(rms(float(own.lr) * factor) for factor in (0.99, 1.01))
    assert float(own.largest) < fig1.ACCURACY["average_regret"]
    between = sorted(float(lr) for lr in data.lr)
    assert between[0] <= float(data.lr_joint) <= between[1]


def test_seeds_differ_and_stay_inside(data: object) -> None:
    x = data.x_stochastic.sel(optimizer="amsgrad").values
    assert x.shape == (3, 100)
    assert np.abs(x).max() <= 1
    assert len({row.tobytes() for row in x}) == 3


def test_the_last_x_is_one_step_after_the_last_record(data: object) -> None:
    last = int(data.t_stochastic[-1])
    x = data.x_stochastic.isel(t_stochastic=-1)
    alpha = float(data.lr_stochastic) / last**0.5
    # a step is at most alpha / sqrt(1 - beta2), whatever the gradients are
    assert 0 < float(np.abs(data.x_last - x).max()) <= alpha / 0.1
    lr = float(data.lr_stochastic)
    config = Config(**SMALL["base"], **SMALL["stochastic"], opt="amsgrad", lr=lr)
    state, _ = run_to(batch(config, SMALL["seeds"]), last)
    assert data.x_last.sel(optimizer="amsgrad").values.tolist() == state.x.tolist()


def test_it_is_drawn_and_described(data: object) -> None:
    found = fig1.findings(data)
    figure = Figure(layout="constrained")
    fig1.draw(data, figure)
    assert len(figure.axes) == 3
    assert f"{found['amsgrad fitted alpha']:.3f}" in fig1.caption(SMALL, found).details


def test_a_known_step_size_is_found_again() -> None:
    t = np.arange(1, 50)
    truth = 0.3 / np.sqrt(t) + 0.02 * 0.3**2
    fit = fit_step_size(lambda lr: lr / np.sqrt(t) + 0.02 * lr**2, truth, 0.1, 1.0)
    assert fit.lr == pytest.approx(0.3, abs=1e-4)
    assert fit.largest < 2e-4
