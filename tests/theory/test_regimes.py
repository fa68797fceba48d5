"""The regimes of Adam on x^k / k, beside plain runs on both sides of the first bound."""

import numpy as np
import pytest

from amsgrad.theory.regimes import regimes


def sizes(degree: int, beta1: float, beta2: float, steps: int) -> list[float]:
    """Return |x| of Adam with m = v = x = 1 at first and alpha = .01, in plain Python."""
    x = m = v = 1.0
    found = []
    for _ in range(steps):
        found.append(abs(x))
        g = x ** (degree - 1)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        x -= 0.01 * m / v**0.5
    return found


@pytest.mark.parametrize(("degree", "beta2"), [(4, 0.93), (4, 0.7), (6, 0.93), (6, 0.8)])
def test_the_rate_below_the_first_bound_and_spikes_above_it(degree: int, beta2: float) -> None:
    at = regimes(beta2, degree)
    path = sizes(degree, 0.8 * at.stable_below, beta2, 12_000)
    first, last = (int(np.argmax(np.array(path) < size)) for size in (1e-12, 1e-30))
    assert 0 < first < last
    assert (path[last] / path[first]) ** (1 / (last - first)) == pytest.approx(at.rate, rel=1e-6)
    assert max(path[last:]) < 1e-30
    above = (at.stable_below + at.spikes_below) / 2
    assert max(sizes(degree, above, beta2, 12_000)[-3000:]) > 1e-5


def test_the_bounds_of_the_summary() -> None:
    for degree in (4, 6, 10):
        at = regimes(0.95, degree)
        assert at.stable_below == pytest.approx(0.95 ** (degree / (2 * (degree - 2))), rel=1e-14)
        assert at.spikes_below == pytest.approx(
            0.95 ** ((degree - 1) / (2 * (degree - 2))), rel=1e-14
        )


def test_the_parabola_has_no_such_regimes() -> None:
    with pytest.raises(ValueError, match=r"degree must be 4 or more .* but 2 was given"):
        regimes(0.9, 2)
