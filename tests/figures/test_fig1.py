"""Figure 1 on a small scale, and the fits that it states."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from amsgrad.config.run_config import Config
from amsgrad.engines.driver import run_to
from amsgrad.fit import fit_step_size
from experiments.figures import fig1
from experiments.figures.online_fit import OPTIMIZERS, arrival, config, met, off
from experiments.figures.readings import readings, text
from experiments.figures.runs import batch, compiled
from tests import naive

SMALL = {
    **fig1.SETTINGS,
    "online": {**fig1.SETTINGS["online"], "steps": 600_000},
    "stochastic": {**fig1.SETTINGS["stochastic"], "steps": 500_000},
    "every": 5000,
    "rise_points": 20,
    "x_1": [0.0, 1.0],
    "powers": [0.3, 0.7, 0.1],
    "seeds": 3,
    "fit_seeds": 4,
    "stochastic_lrs": [0.2, 0.4],
}


def test_the_readings_are_those_of_the_file() -> None:
    t, value, accuracy = readings(text(), "online", "adam", "average_regret")
    assert (t[0], value[0], len(t)) == (200_000, 0.2792, 11)
    assert (accuracy >= 0.0003).all()
    assert accuracy[0] == pytest.approx(0.0003 + 3600 * (0.2792 - 0.2634) / 100_000)
    sure = readings(text(), "online", "amsgrad", "average_regret").accuracy
    assert ((sure[:2] > 0.0006) & (sure[2:].max() < 0.0006)).all()
    t, x, _ = readings(text(), "online", "adam", "x")
    assert (t[-1], x[-1]) == (39_850, 0.96)
    assert readings(text(), "stochastic", "amsgrad", "x", 600_000).t.tolist() == [200_000, 500_000]


@pytest.fixture(scope="module")
def data() -> object:
    return fig1.compute(SMALL)


@pytest.mark.parametrize("opt", OPTIMIZERS)
def test_the_curves_are_the_oracles(data: object, opt: str) -> None:
    """They are means over a period of 101 steps."""
    own = data.sel(optimizer=opt)
    rows = naive.run(
        amsgrad=opt == "amsgrad",
        semantics="paper",
        lr=float(own.lr[0]),
        beta1=0.9,
        beta2=0.99,
        eps=0.0,
        steps=10_050,
        schedule="inverse_sqrt",
        first_t=1,
    )
    for i, t in enumerate((5000, 10_000)):
        assert own.t_online[i] == t
        around = rows[t - 51 : t + 50]
        totals = [t_ * row["average_regret"] for t_, row in enumerate(around, t - 50)]
        # rounding of 1e4 steps of both sides
        assert float(own.average_regret[i]) == pytest.approx(np.mean(totals) / t, abs=1e-9)
    first = int(own.t_rise[0])
    assert float(own.x_online[0]) == pytest.approx(np.mean([r["x"] for r in rows[: 2 * first - 1]]))


@pytest.mark.parametrize("opt", OPTIMIZERS)
def test_alpha_is_the_level_over_that_of_the_law(data: object, opt: str) -> None:
    own = data.sel(optimizer=opt)
    best, least, most = own.lr.values
    assert least < best < most
    assert own.lr.values == pytest.approx(own.kappa.values / float(own.law_kappa))
    limit, accuracy = (
        float(own.law_limit),
        readings(text(), "online", opt, "average_regret", 600_000),
    )
    t, value, within = accuracy
    terms = [float(own[name][0]) for name in ("kappa", "constant")]
    fitted = limit + terms[0] / np.sqrt(t) + terms[1] / t
    assert (np.abs(fitted - value) <= within).all()
    # the law's coefficient is that of a run far out
    far, near = 4_000_000, 1_000_000
    _, records = run_to(
        compiled(config(opt, 1.0, SMALL)), far, np.array([near // 101 * 101, far // 101 * 101])
    )
    rest = (records.average_regret - limit) * records.step
    found = (rest[1] - rest[0]) / np.diff(np.sqrt(records.step))[0]
    assert found == pytest.approx(float(own.law_kappa), rel=2e-3)


def test_the_constant_of_a_run_and_its_difference(data: object) -> None:
    own = data.sel(optimizer="amsgrad")
    constant, largest = off("amsgrad", float(own.lr[0]), 0.0, SMALL, x0=1.0)
    assert constant == float(own.run_constant[1])
    assert largest == float(own.off[1])
    # from +1 the way to -1 costs more
    assert 500 < float(own.run_constant[1] - own.run_constant[0]) < 1500


def test_the_joint_fit_lies_between_and_misses_more(data: object) -> None:
    adam, amsgrad = data.lr.sel(range="best").values
    for lr in data.lr_joint.values:
        assert amsgrad < lr < adam
    assert float(data.off_joint.sum()) > 0.003


def test_runs_with_an_alpha_and_x_1_of_their_own_meet_all_readings() -> None:
    assert all(met(opt, fig1.SETTINGS) < 1 for opt in OPTIMIZERS)


def test_the_rise(data: object) -> None:
    lr = float(data.lr.sel(optimizer="adam", range="best"))
    t = arrival(lr, 100_000, SMALL)
    assert t == float(data.arrival)
    _, records = run_to(compiled(config("adam", lr, SMALL)), int(t) + 50, np.arange(1, int(t) + 51))
    means = np.convolve(records.x, np.ones(101) / 101, "valid")  # around 51, 52, ...
    assert means[int(t) - 51] > 0.95
    assert means[int(0.98 * t) - 51] < 0.95
    assert (np.diff(data.x_seen) > 0).all()
    assert (data.x_there > data.x_seen).all()
    assert np.isnan(arrival(lr, 2000, SMALL))


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
    one = Config(**SMALL["base"], **SMALL["stochastic"], opt="amsgrad", lr=lr)
    state, _ = run_to(batch(one, SMALL["seeds"]), last)
    assert data.x_last.sel(optimizer="amsgrad").values.tolist() == state.x.tolist()


def test_it_is_drawn_and_described(data: object) -> None:
    found = fig1.findings(data)
    figure = Figure(layout="constrained")
    fig1.draw(data, figure)
    assert len(figure.axes) == 3
    details = fig1.caption(SMALL, found).details
    assert f"{found['amsgrad alpha'][0]:.3f} ({found['amsgrad alpha'][1]:.3f} to" in details


def test_a_known_step_size_is_found_again() -> None:
    t = np.arange(1, 50)
    truth = 0.3 / np.sqrt(t) + 0.02 * 0.3**2
    fit = fit_step_size(lambda lr: lr / np.sqrt(t) + 0.02 * lr**2, truth, 0.1, 1.0)
    assert fit.lr == pytest.approx(0.3, abs=1e-4)
    assert fit.largest < 2e-4
