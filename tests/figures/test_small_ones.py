"""The figures `semantics` and `theorem1` on a small scale, beside an independent oracle."""

from typing import Any

import pytest
from matplotlib.figure import Figure

from experiments.figures import semantics, theorem1
from tests import naive


@pytest.fixture(scope="module")
def meanings() -> Any:
    base = {**semantics.SETTINGS["base"], "steps": 5000}
    return semantics.compute({**semantics.SETTINGS, "base": base, "points": 40})


@pytest.mark.parametrize("name", semantics.SETTINGS["semantics"])
@pytest.mark.parametrize("first_t", [0, 1])
def test_vmax_and_x_are_the_oracles(meanings: Any, name: str, first_t: int) -> None:
    rows = naive.run(
        amsgrad=True,
        semantics=name,
        lr=0.525,
        beta1=0.9,
        beta2=0.99,
        eps=0.0,
        steps=5000,
        schedule="inverse_sqrt",
        first_t=first_t,
    )
    own = meanings.sel(semantics=name, first_t=first_t)
    for i, step in enumerate(own.step.values):
        row = rows[step - 1]
        assert float(own.vmax[i]) == pytest.approx(row["vmax"], rel=1e-11)
        assert float(own.x[i]) == pytest.approx(row["x"], abs=1e-10)
    assert float(own.x_last) == pytest.approx(rows[-1]["x_after"], abs=1e-10)


def test_the_corrected_maximum_stays_at_the_first_gradient(meanings: Any) -> None:
    vmax = meanings.vmax.sel(first_t=1).isel(step=-1)
    assert float(vmax.sel(semantics="optax")) == pytest.approx(1010**2)
    for name in ("paper", "torch", "keras", "labml"):
        assert float(vmax.sel(semantics=name)) == pytest.approx(16_096.8, abs=0.05)


@pytest.fixture(scope="module")
def theorem() -> Any:
    base = {**theorem1.SETTINGS["base"], "steps": 30_000}
    return theorem1.compute({**theorem1.SETTINGS, "base": base, "points": 30})


def test_the_theorem_holds(theorem: Any) -> None:
    adam = theorem.sel(optimizer="adam")
    assert (adam.returns == 1).all()
    assert (adam.least >= adam.bound).all()
    assert (adam.per_cycle >= adam.bound).all()
    amsgrad = theorem.sel(optimizer="amsgrad")
    assert (amsgrad.per_cycle.isel(step=-1) < 0.1 * amsgrad.bound).all()


@pytest.mark.parametrize(("module", "name"), [(semantics, "meanings"), (theorem1, "theorem")])
def test_they_are_drawn_and_described(
    module: Any, name: str, request: pytest.FixtureRequest
) -> None:
    data = request.getfixturevalue(name)
    module.draw(data, Figure(layout="constrained"))
    assert "Reddi, Kale and Kumar" in module.caption(module.SETTINGS, module.findings(data)).drawn
