"""The cost of laws: finding one, records by one, the check of one, and the first terms of many.

The bounds are in seconds, which depend on the processor and on what else runs: they are reported.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from amsgrad.engines.base import Setup
from amsgrad.engines.driver import run_to
from amsgrad.laws import check
from amsgrad.laws.certificate import certificate_of
from amsgrad.laws.engine import Lawful
from amsgrad.laws.leading import leading
from amsgrad.problems.online import Online
from amsgrad.rules import RULES
from amsgrad.schedules import inverse_sqrt, record_steps

STEPS = 10**15
PAPER = {"beta1": 0.9, "beta2": 0.99, "eps": 0.0, "semantics": "paper"}
SETUP = Setup(Online(), 0.525, inverse_sqrt, dtype=np.float64)


@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
def test_a_law(benchmark: BenchmarkFixture, report_bound: Callable[..., None], opt: str) -> None:
    rule = RULES[opt](**PAPER)
    engine = benchmark.pedantic(Lawful, (SETUP, rule, STEPS), rounds=10, warmup_rounds=1)
    assert engine.law is not None
    report_bound(f"the law of {opt} on figure 1 (seconds)", benchmark.stats.stats.min, 0.05)


def test_records_far_out(benchmark: BenchmarkFixture, report_bound: Callable[..., None]) -> None:
    engine = Lawful(SETUP, RULES["adam"](**PAPER), STEPS)
    at = record_steps(STEPS, None, 5000)
    _, records = benchmark.pedantic(run_to, (engine, STEPS, at), rounds=10, warmup_rounds=1)
    assert records.step[-1] == STEPS
    what = f"{at.size:,} records to 1e15 steps (seconds)"
    report_bound(what, benchmark.stats.stats.min, 0.1)


@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
def test_the_check(
    benchmark: BenchmarkFixture, report_bound: Callable[..., None], opt: str
) -> None:
    """Of all but the way to the law, which is the reference engine's time."""
    rule = RULES[opt](**PAPER)
    law = Lawful(SETUP, rule, STEPS).law
    assert law is not None
    what: Any = (certificate_of(law), SETUP, rule)
    assert benchmark.pedantic(check.refutation, what, rounds=5, warmup_rounds=1) is None
    report_bound(f"the check of the law of {opt} (seconds)", benchmark.stats.stats.min, 1)


@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
def test_a_map_of_first_terms(
    benchmark: BenchmarkFixture, report_bound: Callable[..., None], opt: str
) -> None:
    """400 x 400 betas, on one core."""
    betas = 1 - np.logspace(0, -4, 400)
    beta1, beta2 = (e.reshape(-1, 1) for e in np.meshgrid(betas, betas))
    form = RULES[opt].form_with(beta1=beta1, beta2=beta2, eps=0.0)

    def terms() -> Any:
        return leading(SETUP, form, SETUP.lr)

    found = benchmark.pedantic(terms, rounds=3)
    assert found.kappa.size == 160_000
    what = f"limit, kappa and arrival of 160,000 runs, {opt} (seconds)"
    report_bound(what, benchmark.stats.stats.min, 2)
