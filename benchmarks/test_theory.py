"""The cost of what is known for all T: certificates, drifts, proofs, and the zero-sum test.

The bounds are in seconds, which depend on the processor and on what else runs: they are reported.
"""

from collections.abc import Callable

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from amsgrad.cycles.engine import Certified
from amsgrad.engines.base import Setup
from amsgrad.problems.online import Online
from amsgrad.rules import RULES
from amsgrad.search.proof import prove
from amsgrad.theory.drift import drift
from amsgrad.theory.mean_step import mean_step
from amsgrad.theory.periodic import slopes
from amsgrad.theory.zero_sum import zero_sum_of_rule


@pytest.mark.parametrize("steps", [10**7, 10**15])
def test_certifying_the_seed_program(
    benchmark: BenchmarkFixture, report_bound: Callable[..., None], steps: int
) -> None:
    def certify() -> None:
        for opt in ("adam", "amsgrad"):
            rule = RULES[opt](beta1=0.9, beta2=0.99, eps=1e-16)
            assert Certified(Setup(Online(), 0.01, first_t=0), rule, steps).certificate is not None

    benchmark.pedantic(certify, rounds=15, warmup_rounds=1)
    best = benchmark.stats.stats.min
    report_bound(f"certify adam and amsgrad, {steps:.0e} steps (seconds)", best, 0.1)


def test_the_drift_of_a_million_betas(
    benchmark: BenchmarkFixture, report_bound: Callable[..., None]
) -> None:
    g = slopes(Online())
    betas = 1 - np.logspace(0, -5, 1000)
    total = benchmark.pedantic(lambda: drift(g, betas, betas).total, rounds=5, warmup_rounds=1)
    assert total.shape == (1000, 1000)
    report_bound("drift of 1000 x 1000 betas (seconds)", benchmark.stats.stats.min, 2)


def test_the_proof_of_a_find(
    benchmark: BenchmarkFixture, report_bound: Callable[..., None]
) -> None:
    slopes = [-400] + 401 * [1]
    found = benchmark.pedantic(lambda: prove("adopt", {}, slopes), rounds=20, warmup_rounds=1)
    assert found.sign == -1
    report_bound("prove the sign of D at P = 402 (seconds)", benchmark.stats.stats.min, 0.1)


def test_whether_every_rule_can_fail(
    benchmark: BenchmarkFixture, report_bound: Callable[..., None]
) -> None:
    rules = []
    for name, method in RULES.items():
        options = {"lr": 0.01} if name in ("adabound", "amsbound") else {}
        rule, form = method(**options), method.form_with(**options)
        mean_step(rule, [1, 2], form)  # compiled where there is no form
        rules.append((rule, form))

    def test_all() -> list[str]:
        return [zero_sum_of_rule(rule, form).verdict for rule, form in rules]

    verdicts = benchmark.pedantic(test_all, rounds=3)
    assert sorted(set(verdicts)) == ["cannot fail (proved)", "fails"]
    what = f"zero-sum test of {len(rules)} rules (seconds)"
    report_bound(what, benchmark.stats.stats.min, 10)
