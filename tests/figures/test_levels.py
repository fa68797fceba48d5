"""The figures `symmetry` and `rare` on a small scale."""

from typing import Any

import numpy as np
import pytest

from experiments.figures import rare, symmetry
from experiments.figures.layout import new_figure


@pytest.fixture(scope="module")
def laws() -> Any:
    base = {**symmetry.SETTINGS["base"], "steps": 200_000, "lr": 0.05}
    bernoulli = {"of": 10, "ones": [2, 5, 8], "beta2": 0.9}
    changes = {"base": base, "beta2": [0.9, 0.99], "seeds": 16, "bernoulli": bernoulli}
    return symmetry.compute({**symmetry.SETTINGS, **changes})


@pytest.mark.slow
def test_adam_is_where_its_mean_step_vanishes_and_the_others_at_the_mean(laws: Any) -> None:
    mean, standard = symmetry._beside(laws.error, laws.sgd)
    # of the order of the last step size, over the least standard deviation
    assert (abs(mean.sel(optimizer="adam") - laws.level) < 5 * standard + 1e-3).all()
    found = symmetry.findings(laws)
    assert found[symmetry.AMSGRAD] < 1e-3 < abs(float(laws.level.sel(law="skewed").max()))
    assert found[symmetry.SGD] < 5
    assert found[symmetry.ORDER.format(symmetry.SKEWED)] == pytest.approx(1, abs=0.05)
    assert found[symmetry.ORDER.format(symmetry.SECOND)] == pytest.approx(2, abs=0.05)
    errors = laws.error_p.sel(optimizer="adam").mean("seed")
    assert (np.sign(errors.sel(p=[0.2, 0.8])) == [-1, 1]).all()


@pytest.mark.slow
def test_the_laws_are_drawn_and_described(laws: Any) -> None:
    figure = new_figure(7.2)
    symmetry.draw(laws, figure)
    assert [axes.get_title(loc="left")[:3] for axes in figure.axes] == ["(a)", "(b)"]
    words = symmetry.caption(symmetry.SETTINGS, symmetry.findings(laws))
    assert len(f"{words.drawn} {words.seen}".split()) <= 80
    assert "Dereich" in words.drawn
    assert "-4x2,1x3,5" in words.details


@pytest.fixture(scope="module")
def arrivals() -> Any:
    random = {**rare.SETTINGS["random"], "kappa": [1.0], "seeds": 8, "lr": 0.008, "records": 200}
    changes = {
        "base": {**rare.SETTINGS["base"], "steps": 1_000_000},
        "lr": [0.01],
        "periods": [10, 50],
        "kappa": [1.0, 5.0],
        "random": random,
    }
    return rare.compute({**rare.SETTINGS, **changes})


@pytest.mark.slow
def test_runs_come_to_the_level_of_each_rule(arrivals: Any) -> None:
    assert (abs(arrivals.ratio / arrivals.level - 1) < 0.02).all()
    assert (arrivals.level.sel(optimizer=["amsgrad", "sgd"]) - 1 < 1e-9).all()
    assert (arrivals.level.sel(optimizer="rmsprop") < 1).all()
    assert (arrivals.level.sel(optimizer="adopt_unclipped") > 1).all()
    drawn = arrivals.random.mean("seed").isel(random_kappa=0)
    assert drawn.sel(random_optimizer="rmsprop") == pytest.approx(0.5212, abs=0.03)
    assert drawn.sel(random_optimizer=["amsgrad", "sgd"]).values == pytest.approx(1, abs=0.03)


@pytest.mark.slow
def test_the_arrivals_are_drawn_and_described(arrivals: Any) -> None:
    figure = new_figure(4.0)
    rare.draw(arrivals, figure)
    found = rare.findings(arrivals)
    assert found["kappa = 1: rho, level, x over wanted by N (RMSprop)"][0] == 0.7707
    words = rare.caption(rare.SETTINGS, found)
    assert len(f"{words.drawn} {words.seen}".split()) <= 80
    assert "Kar" in words.drawn
