"""The constant step sizes that fail."""

import numpy as np
import pytest

from amsgrad.cycles.certificate import Certificate
from amsgrad.cycles.constant_step import failing_step_sizes, fails
from amsgrad.cycles.engine import Certified
from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.problems.online import Online
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.rules import RULES
from amsgrad.schedules import record_steps
from tests.marks import needs_jit

pytestmark = needs_jit  # millions of steps take minutes in plain Python
PROBLEM = Theorem2(period=10)


def certify(opt: str, beta2: float, lr: float) -> Certificate | None:
    rule = RULES[opt](beta1=0.0, beta2=beta2, eps=0.0, semantics="paper")
    return Certified(Setup(PROBLEM, lr, dtype=np.float64), rule, 3_000_000).certificate


def orbit(lowest: float, highest: float) -> Certificate:
    return Certificate(0, 1, 0.0, {}, 0.0, lowest, highest)


def test_an_orbit_fails_by_its_middle() -> None:
    assert fails(orbit(-0.9, 1.0), Online())
    assert not fails(orbit(-1.0, 0.9), Online())
    assert fails(orbit(-1.0, 0.9), Online(period=103))  # there x* is +1


@pytest.mark.parametrize(("beta2", "any_fails"), [(0.9, True), (0.95, True), (0.96, False)])
def test_adam_fails_at_small_steps_below_the_boundary_of_the_drift(
    beta2: float, any_fails: bool
) -> None:
    """The sign of the drift changes at beta2 = .9554."""
    lrs = [float(lr) for lr in np.geomspace(1e-3, 3, 9)]
    ranges = failing_step_sizes(lambda lr: certify("adam", beta2, lr), PROBLEM, lrs)
    assert bool(ranges) == any_fails
    for low, high in ranges:
        assert low == lrs[0]
        assert 0.1 < high < 3


def test_the_edge_is_where_the_answer_changes() -> None:
    lrs = [float(lr) for lr in np.geomspace(1e-2, 3, 9)]
    ((_, edge),) = failing_step_sizes(lambda lr: certify("adam", 0.9, lr), PROBLEM, lrs)
    below, above = (certify("adam", 0.9, edge * factor) for factor in (0.999, 1.001))
    assert below is not None
    assert above is not None
    assert fails(below, PROBLEM)
    assert not fails(above, PROBLEM)


def test_amsgrad_never_fails() -> None:
    lrs = [float(lr) for lr in np.geomspace(1e-2, 1, 7)]
    assert failing_step_sizes(lambda lr: certify("amsgrad", 0.9, lr), PROBLEM, lrs) == []


def test_the_limit_is_where_a_long_run_goes() -> None:
    certificate = certify("adam", 0.9, 0.05)
    assert certificate is not None
    rule = RULES["adam"](beta1=0.0, beta2=0.9, eps=0.0, semantics="paper")
    engine = Compiled(Setup(PROBLEM, 0.05, dtype=np.float64), rule)
    _, records = run_to(engine, 3_000_000, record_steps(3_000_000, 3_000_000))
    # the transient is forgotten like 1 / T
    assert records.average_regret[-1] == pytest.approx(certificate.limit, rel=1e-3)
