"""The figure `limits` on a small scale."""

from typing import Any

import pytest
from matplotlib.figure import Figure

from amsgrad.cycles.certificate import Certificate
from amsgrad.verification import Disagreement
from experiments.figures import limits
from tests import naive

SMALL = {
    **limits.SETTINGS,
    "lrs": [0.05, 0.2, 0.8],
    "map_decades": [1.5, 2.5, 3.5],
    "map_lrs": [0.01, 0.1, 1.0],
}


@pytest.fixture(scope="module")
def data() -> Any:
    return limits.compute(SMALL)


def test_every_run_is_certified(data: Any) -> None:
    assert data.limit.shape == (2, 5, 2, 3)
    assert data.limit.notnull().all()
    assert (data.lowest >= -1).all()
    assert (data.highest <= 1).all()


@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
@pytest.mark.parametrize("semantics", ["paper", "optax"])
def test_the_limit_is_the_mean_of_late_periods_of_the_oracle(
    data: Any, opt: str, semantics: str
) -> None:
    one = data.sel(optimizer=opt, semantics=semantics, first_t=1).isel(lr=1)
    start = int(one.start)
    steps = start + 101
    rows = naive.run(
        amsgrad=opt == "amsgrad",
        semantics=semantics,
        lr=0.2,
        beta1=0.9,
        beta2=0.99,
        eps=0.0,
        steps=steps,
        first_t=1,
    )[-101:]
    mean = sum(row["regret"] for row in rows) / 101
    assert mean == pytest.approx(float(one.limit), rel=1e-9)
    assert min(row["x"] for row in rows) == pytest.approx(float(one.lowest), abs=1e-11)
    assert max(row["x"] for row in rows) == pytest.approx(float(one.highest), abs=1e-11)


def test_adam_fails_below_the_boundary_only(data: Any) -> None:
    assert data.fails_to.notnull().values.tolist() == [True, True, False]


def test_it_is_drawn_and_told(data: Any) -> None:
    limits.draw(data, Figure())
    found = limits.findings(data)
    assert found["certificates found and checked"] == found["of"] == 60
    assert "60 of 60 runs" in limits.caption(SMALL, found)


def test_a_refuted_certificate_stops_the_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(certificate: Certificate, *run: Any) -> str:
        return "no"

    monkeypatch.setattr(limits, "refutation", wrong)
    with pytest.raises(Disagreement, match="a certificate is refuted: no"):
        limits.compute(SMALL)
