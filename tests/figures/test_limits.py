"""The figure `limits` on a small scale."""

from typing import Any

import pytest
from matplotlib.figure import Figure

from amsgrad.cycles import certificate
from amsgrad.cycles.certificate import Certificate
from amsgrad.verification import Disagreement
from experiments.figures import limits
from tests import naive
from tests.marks import slow

SMALL = {
    **limits.SETTINGS,
    "lrs": [0.05, 0.2, 0.8],
    "map_decades": [1.5, 2.5, 3.5],
    "map_lrs": [0.01, 0.1, 1.0],
}


FEWER = {**SMALL, "semantics": ["torch", "optax"]}


@pytest.fixture(scope="module")
def data() -> Any:
    return limits.compute(FEWER)


@pytest.fixture(scope="module")
def all_meanings() -> Any:
    return limits.compute(SMALL)


def check_certificates(data: Any, shape: tuple[int, ...]) -> None:
    assert data.limit.shape == shape
    assert data.limit.notnull().all()
    assert (data.lowest >= -1).all()
    assert (data.highest <= 1).all()


def test_every_run_is_certified(data: Any) -> None:
    check_certificates(data, (2, 2, 2, 3))


@pytest.mark.slow
def test_every_run_of_every_meaning_is_certified(all_meanings: Any) -> None:
    check_certificates(all_meanings, (2, 5, 2, 3))
    assert limits.findings(all_meanings)["certificates found and checked"] == 60


def check_limit(data: Any, opt: str, semantics: str, lr: float) -> None:
    """The limit is the mean of a late period of the oracle."""
    one = data.sel(optimizer=opt, semantics=semantics, first_t=1, lr=lr)
    rows = naive.run(
        amsgrad=opt == "amsgrad",
        semantics=semantics,
        lr=lr,
        beta1=0.9,
        beta2=0.99,
        eps=0.0,
        steps=int(one.start) + 101,
        first_t=1,
    )[-101:]
    mean = sum(row["regret"] for row in rows) / 101
    assert mean == pytest.approx(float(one.limit), rel=1e-9)
    assert min(row["x"] for row in rows) == pytest.approx(float(one.lowest), abs=1e-11)
    assert max(row["x"] for row in rows) == pytest.approx(float(one.highest), abs=1e-11)


@pytest.mark.parametrize(
    ("opt", "semantics", "lr"),
    [
        ("adam", "torch", 0.2),
        ("adam", "optax", 0.2),
        ("amsgrad", "torch", 0.2),
        ("amsgrad", "optax", 0.8),
        slow("amsgrad", "optax", 0.2),  # its cycle begins at step 23,431
    ],
)
def test_the_limit_is_the_mean_of_late_periods_of_the_oracle(
    data: Any, opt: str, semantics: str, lr: float
) -> None:
    check_limit(data, opt, semantics, lr)


@pytest.mark.slow
@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
@pytest.mark.parametrize("semantics", ["paper", "keras", "labml"])
def test_the_limit_of_another_meaning_is_the_oracles(
    all_meanings: Any, opt: str, semantics: str
) -> None:
    check_limit(all_meanings, opt, semantics, 0.2)


def test_adam_fails_below_the_boundary_only(data: Any) -> None:
    assert data.fails_to.notnull().values.tolist() == [True, True, False]


def test_it_is_drawn_and_described(data: Any) -> None:
    limits.draw(data, Figure(layout="constrained"))
    found = limits.findings(data)
    assert found["certificates found and checked"] == found["of"] == 24
    assert "24 of 24 runs" in limits.caption(FEWER, found).seen


def test_a_refuted_certificate_stops_the_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(found: Certificate, *run: Any) -> str:
        return "no"

    monkeypatch.setattr(certificate, "refutation", wrong)
    with pytest.raises(Disagreement, match="a certificate is refuted: no"):
        limits.compute(FEWER)
