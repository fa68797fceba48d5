"""Every rule against an independent oracle, every step and every state variable."""

from typing import Any

import numpy as np
import pytest

from tests.rules.cases import STEPS, Case, every_case, walk

# x sums STEPS moves: each addition rounds by up to 6e-8 (1.1e-16), and at worst all to one side.
X_TOLERANCE = {np.float32: 1e-4, np.float64: 1e-13}
# State is compared relative to its largest value so far: a unit in the last place for each rounding
# that is remembered. A moving average forgets after 1 / (1 - beta2) = 100 steps, but not ADOPT's by
# default, with beta2 = .9999; Yogi's v, AdaGrad's total and EF-Signum's e are sums: they forget
# nothing.
LONG = ("adopt", "adopt_unclipped", "yogi", "adagrad", "ef_signum")
REMEMBERED = dict.fromkeys(LONG, STEPS)
# State variables that serve rounding, which the papers do not have.
OWN = {"adamnc": {"error"}, "adamx": {"peak", "rest1"}}


def tolerance(case: Case) -> float:
    return float(np.finfo(case.dtype).eps) * REMEMBERED.get(case.opt, 100)


@every_case
def test_every_step_and_state_is_the_oracles(case: Case) -> None:
    expected, actual = case.oracle(STEPS), walk(case.reference, STEPS)
    for name in set(actual[0]) - OWN.get(case.opt, set()):
        ours = np.array([float(row[name]) for row in actual])
        theirs = np.array([row[name] for row in expected])
        largest = np.maximum.accumulate(np.abs(theirs))
        if (case.opt, name) == ("acprop", "s"):
            largest = np.maximum(largest, 1.0)  # g - m cancels: rounding is that of g = -10
        if (case.opt, name) == ("ef_signum", "e"):
            largest = np.maximum(largest, case.lr)  # a step is taken off: rounding is that of both
        allowed = X_TOLERANCE[case.dtype] if name == "x" else tolerance(case) * largest
        assert (np.abs(ours - theirs) <= allowed).all(), name


@every_case
def test_the_step_has_the_precision_of_the_run(case: Case) -> None:
    rule, real = case.rule, case.dtype
    memory = rule.memory(*map(real, rule.start or [0.0] * len(rule.memory._fields)))
    for k in (1, 2, 30):
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            c = rule.coefficients(k, case.lr, rule.beta1, rule.h, real)
            memory, delta = rule.update(memory, real(-10), c)
        scalars: list[Any] = [*c, *memory, delta]
        assert {type(scalar) for scalar in scalars} == {real}


@pytest.mark.parametrize("problem", ["online", "stochastic"])
def test_the_oracle_meets_the_edges(problem: str) -> None:
    """The table would test less if no x were ever clipped, or if all were."""
    cases = [Case("rmsprop", problem=problem), Case("adagrad", lr=0.5, problem=problem)]
    paths = [np.array([row["x"] for row in case.oracle(STEPS)]) for case in cases]
    inside = np.abs(np.concatenate(paths)) < 1
    assert inside.any()
    if problem == "stochastic":
        assert not inside.all()
