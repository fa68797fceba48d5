"""The structured slopes."""

import numpy as np
import pytest

from amsgrad.search.families import small_runs, two_runs


@pytest.mark.parametrize("period", [2, 3, 50])
def test_two_runs(period: int) -> None:
    found = list(two_runs(period, 1000))
    assert found
    for g in found:
        assert g.size == period
        assert g.sum() >= 1
        assert np.abs(g).max() <= 1000
        assert len(set(g.tolist())) == 2
        assert np.count_nonzero(np.diff(g)) == 1
    listed = {tuple(g.astype(int).tolist()) for g in found}
    assert (period, *(period - 1) * [-1]) in listed  # C once, -1 otherwise
    if period > 3:
        assert (-(period - 2), *(period - 1) * [1]) in listed


@pytest.mark.parametrize(("period", "most"), [(20, 1), (20, 7), (3, 2)])
def test_small_runs(period: int, most: int) -> None:
    found = list(small_runs(period, most))
    assert found
    for g in found:
        assert g.size == period
        assert 1 <= g.sum() <= most
        assert np.abs(g).max() == most
    if most == 1:
        assert any(g.tolist() == 5 * [0.0] + 7 * [-1.0] + 8 * [1.0] for g in found)
        assert any(g.tolist() == 5 * [0.0] + 8 * [1.0] + 7 * [-1.0] for g in found)
