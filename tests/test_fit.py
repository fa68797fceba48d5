"""Level and constant of an average regret, fitted apart."""

import numpy as np
import pytest

from amsgrad.fit import fit_terms

T = np.array([2e5, 3e5, 5e5, 1e6, 3e6, 7e6]).astype(np.int64)
LAW = 0.2 + 34.6 / np.sqrt(T) + 700 / T


def test_exact_readings_give_the_law_back_within_its_range() -> None:
    for limit in (0.2, None):
        for sure, found in zip(
            (0.2, 34.6, 700), fit_terms(T, LAW, 1e-4 + 0 * T, limit), strict=True
        ):
            assert found.best == pytest.approx(sure, rel=1e-9)
            assert found.least <= found.best <= found.most


def test_the_range_is_that_of_terms_which_meet_all_readings() -> None:
    """Of 400 x 400 kappas and constants those that do are in it, and come near its ends."""
    accuracy = np.array([5e-4, 4e-4, 3e-4, 2e-4, 1e-4, 1e-4])
    kappa, constant = fit_terms(T, LAW, accuracy, 0.2)[1:]
    k = np.linspace(34, 35.2, 400)[:, None, None]
    c = np.linspace(300, 1100, 400)[:, None]
    off = np.abs(0.2 + k / np.sqrt(T) + c / T - LAW)
    meets = (off <= accuracy).all(-1)
    met = k[:, 0, 0][meets.any(1)]
    assert kappa.least <= met[0] < kappa.least + 0.01
    assert kappa.most - 0.01 < met[-1] <= kappa.most
    met = c[:, 0][meets.any(0)]
    assert constant.least <= met[0] < constant.least + 10
    assert constant.most - 10 < met[-1] <= constant.most


def test_readings_that_no_terms_meet_have_no_range() -> None:
    for limit, power in ((0.25, 0.5), (0.2, 0.9)):
        kappa = fit_terms(T, LAW, 1e-5 + 0 * T, limit, power).kappa
        assert np.isnan([kappa.least, kappa.most]).all()
        assert np.isfinite(kappa.best)
