"""A counterexample that a run shows soon, and that costs much: from structured slopes."""

from collections.abc import Iterable
from itertools import chain

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.search.exhaustive import Slopes
from amsgrad.search.families import small_runs, two_runs
from amsgrad.search.measure import LEAST, measure

PERIODS = tuple(np.unique(np.geomspace(3, 1000, 40).round().astype(int)).tolist())
SMALL = 100  # max|g|, up to which runs of zeros are worth a look


def most_visible(form: Form, periods: Iterable[int], most: int) -> Slopes | None:
    """Return structured slopes on which the rule fails with the largest price / T*.

    The price S / (P max|g|) is the share of the largest slope that is paid at the wrong end, and T*
    = P^2 / |D| the order of the number of steps after which a run shows it (`find.py`).

    Args:
        form: with a moving average.
        periods: that are tried.
        most: of max|g|.

    >>> most_visible(Form("gradient", beta2=0.5), [4], 10)
    (4, -1, -1, -1)
    """
    best, found = 0.0, None
    for period in periods:
        small = small_runs(period, most) if most <= SMALL else ()
        for g in chain(two_runs(period, most), small):
            d, size = measure(form, g)
            score = -d * g.sum() / (np.abs(g).max() * g.size**3)
            if d < -LEAST * size and score > best:
                best, found = score, g
    return None if found is None else tuple(map(int, found))
