"""The figures `cycles` and `polynomial` on a small scale."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from experiments.figures import cycles, polynomial
from tests.marks import needs_jit

pytestmark = needs_jit


@pytest.fixture(scope="module")
def ends() -> Any:
    return cycles.compute(
        {
            **cycles.SETTINGS,
            "beta1s": [0.0, 0.1, 0.4],
            "beta2s": [0.3, 0.9],
            "path_steps": 1000,
            "most_steps": 20_000,
            "rules": ["adam", "rmsprop", "yogi", "adopt_unclipped"],
        }
    )


@pytest.fixture(scope="module")
def regimes() -> Any:
    base = {**polynomial.SETTINGS["base"], "steps": 20_000}
    own = {"beta2s": [0.8], "shares": [-1.0, 0.5, 1.5], "path_steps": 500}
    return polynomial.compute({**polynomial.SETTINGS, "base": base, **own})


def test_runs_end_on_the_cycle_below_the_bound_alone(ends: Any) -> None:
    on_it = ends.end == cycles.TWO
    assert (on_it == (ends.beta1 < ends.stable_below)).all()
    assert int(ends.from_the_cycle) == 2
    assert ends.sel(path="adam, 0.1").x[-1] == pytest.approx(
        -float(ends.sel(path="adam, 0.1").x[-2]), rel=1e-9
    )


def test_every_certified_amplitude_is_the_formulas(ends: Any) -> None:
    np.testing.assert_allclose(ends.certified, ends.amplitude, rtol=1e-15)
    found = cycles.findings(ends)
    assert found["rules whose run from x = 1 ends on x, -x"] == ["adam", "rmsprop"]
    assert found["rules whose run ends on another cycle"] == ["yogi"]
    assert found["rules of whose run no cycle was found"] == ["adopt_unclipped"]
    below = [found[key] for key in found if key.startswith("of them")]
    assert sum(below) == found["below the bound"] == 4


def test_every_x_of_the_cycle_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    stable = cycles.SETTINGS["stable"]
    adam = cycles._config(cycles.SETTINGS, "adam", **stable)
    assert cycles._ends(adam, 20_000) == (cycles.TWO, 50)  # it repeats to the bit after 25 turns
    signum = cycles._config(cycles.SETTINGS, "signum", **stable)  # goes alpha, 0, -alpha, 0
    monkeypatch.setattr(cycles, "_amplitude", lambda config: config.lr)
    assert cycles._ends(signum, 20_000) == (cycles.OTHER, 4)


def test_the_first_bound_is_seen_and_the_rate_is_the_formulas(regimes: Any) -> None:
    below, *above = (regimes.sel(share=share) for share in regimes.share)
    assert (below.largest < polynomial.AT_REST).all()
    np.testing.assert_allclose(below.measured, below.rate, rtol=1e-6)
    for one in above:
        assert (one.largest > 0.1).all()


@pytest.mark.parametrize(("module", "name"), [(cycles, "ends"), (polynomial, "regimes")])
def test_they_are_drawn(module: Any, name: str, request: pytest.FixtureRequest) -> None:
    data = request.getfixturevalue(name)
    module.draw(data, Figure(layout="constrained"))
