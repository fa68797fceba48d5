"""The rules that were tried against Figure 1, beside their lines in plain Python."""

import math

import numpy as np
import pytest

from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.problems.online import Online
from amsgrad.schedules import inverse_sqrt
from amsgrad.theory.closed_form import steps
from amsgrad.variants import eps_inside, nesterov, stale_m, stale_v

STEPS = 2000


def plain(name: str, amsgrad: bool) -> list[float]:
    """x_1, x_2, ... as the docstring of the rules writes them."""
    x, m, v, w, path = 0.25, 0.0, 0.0, 0.0, []
    for k in range(1, STEPS + 1):
        path.append(x)
        g = 1010.0 if k % 101 == 1 else -10.0
        m0, w0 = m, w
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
        w = max(w, v) if amsgrad else v
        top = {"stale_m": m0, "nesterov": 0.9 * m + 0.1 * g}.get(name, m)
        root = math.sqrt({"stale_v": w0, "eps_inside": w + 5000.0}.get(name, w))
        if root:
            x = min(max(x - 0.5 / math.sqrt(k) * top / root, -1.0), 1.0)
    return path


@pytest.mark.parametrize(
    "rule", [stale_v, stale_m, nesterov, eps_inside], ids=lambda rule: rule.name
)
@pytest.mark.parametrize("divisor", ["v", "vmax"])
def test_the_path(rule, divisor):
    setup = Setup(Online(), 0.5, inverse_sqrt, x0=0.25, dtype=np.float64)
    _, records = run_to(
        Compiled(setup, rule(divisor=divisor, eps=5000.0 * (rule is eps_inside))),
        STEPS,
        np.arange(1, STEPS + 1),
    )
    # rounding of 2,000 steps
    assert records.x == pytest.approx(plain(rule.name, divisor == "vmax"), abs=1e-11)
    assert len(set(records.x.round(3))) > 20


def test_the_closed_form_of_stale_v():
    g = np.array([1010.0, *100 * [-10.0]])
    v = m = 0.0
    for _ in range(60):
        taken = []
        for slope in g:
            m = 0.9 * m + 0.1 * slope
            taken.append(m / math.sqrt(v) if v else 0.0)
            v = 0.99 * v + 0.01 * slope * slope
    assert steps(stale_v.form_with(), g) == pytest.approx(taken, rel=1e-9)
