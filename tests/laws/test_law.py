"""Laws, beside sums in many digits, beside plain loops, and beside constant steps."""

from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from amsgrad.cycles.engine import Certified
from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.laws.law import Law
from amsgrad.laws.memory import NoLaw, memory_cycle
from amsgrad.laws.proportional import multiple
from amsgrad.laws.settle import settle
from amsgrad.laws.why_no_law import why_no_law
from amsgrad.problems.acprop2 import ACProp2
from amsgrad.problems.online import Online
from amsgrad.problems.stochastic import Stochastic
from amsgrad.problems.zhang import Zhang
from amsgrad.rules import RULES
from amsgrad.rules.rule import NEVER
from amsgrad.schedules import (
    constant,
    exponential,
    harmonic,
    inverse_power,
    inverse_sqrt,
    shifted_inverse_sqrt,
)
from tests.marks import needs_jit, slow

LIMIT = 10_000_000
PAPER = {"beta1": 0.9, "beta2": 0.99, "eps": 0.0, "semantics": "paper"}


def setup(lr: float = 0.525, problem: Any = None, **options: Any) -> Setup:
    return Setup(
        problem or Online(), lr, options.pop("schedule", inverse_sqrt), dtype=np.float64, **options
    )


def law_of(opt: str, **options: Any) -> Law:
    return settle(setup(**options), RULES[opt](**PAPER), LIMIT)


def test_figure_1_for_ever() -> None:
    """The paper shows 5e6 steps: Adam levels off at 20/101, AMSGrad's regret is O(sqrt T)."""
    adam, amsgrad = law_of("adam"), law_of("amsgrad")
    assert (adam.end, adam.limit) == (1.0, Fraction(20, 101))
    assert (amsgrad.end, amsgrad.limit) == (-1.0, 0)
    assert adam.kappa == pytest.approx(31.49267, abs=1e-5)
    assert amsgrad.kappa == pytest.approx(34.58241, abs=1e-5)
    assert adam.exponent == amsgrad.exponent == 0.5
    assert len(adam.walk.clips), len(amsgrad.walk.clips) == (16, 5)
    assert min(adam.bits_to, amsgrad.bits_to) > 10**24
    for law in (adam, amsgrad):
        for far in (10**12, 10**18, 10**30):
            # at the end of a cycle; what is left out falls as T^-3/2
            steps = law.start + (far - law.start) // law.length * law.length
            three = float(law.limit) + law.kappa / steps**0.5 + law.constant / steps
            assert law.average(steps) == pytest.approx(three, rel=1e-14, abs=1000 / steps**1.5)


@pytest.mark.parametrize(
    ("opt", "schedule"),
    [
        ("adam", {"schedule": inverse_sqrt}),
        ("amsgrad", {"schedule": shifted_inverse_sqrt, "schedule_rate": 0.01}),
        ("adam", {"schedule": inverse_power, "schedule_rate": 1.0, "lr": 200.0}),
        slow("amsgrad", {"schedule": inverse_sqrt}),
        slow("adam", {"schedule": shifted_inverse_sqrt, "schedule_rate": 0.01}),
        slow("adam", {"schedule": inverse_power, "schedule_rate": 0.7}),
        slow("amsgrad", {"schedule": inverse_power, "schedule_rate": 0.7}),
        slow("amsgrad", {"schedule": inverse_power, "schedule_rate": 1.0, "lr": 200.0}),
    ],
)
def test_an_independent_sum_in_many_digits(opt: str, schedule: dict[str, Any]) -> None:
    """The walk step by step in 40 digits, and from there on zeta functions of mpmath."""
    law = law_of(opt, **schedule)
    where, p, power = law.setup, law.walk, mp.mpf(law.exponent)
    rate = where.schedule_rate if where.schedule is shifted_inverse_sqrt else 0.0
    with mp.workdps(40):
        g = [mp.mpf(float(e * p.slope_unit)) for e in p.slopes]
        c = [mp.mpf(e) * float(p.unit) for e in p.steps]
        x, regret = mp.mpf(law.end), mp.mpf(law.regret)
        ours = {k: law.average(k) for k in (law.start + 1, law.start + 12_345)}
        for k in range(law.start + 1, law.start + 12_346):
            i = (k - law.start - 1) % law.length
            regret += g[i] * (x + 1)
            if k in ours:
                assert abs(ours[k] * k / regret - 1) < 5e-15
            fall = (1 + rate * mp.mpf(k) if rate else mp.mpf(k)) ** -power
            x = min(max(x - where.lr * fall * c[i], mp.mpf(-1)), mp.mpf(1))
        weights = [w * mp.mpf(float(p.unit)) * mp.mpf(float(p.slope_unit)) for w in p.weights]
        size = mp.mpf(where.lr) / (mp.sqrt(rate) if rate else 1)
        h = 1 / mp.mpf(rate) if rate else 0
        a = [(law.start + 1 + j + h) / mp.mpf(law.length) for j in range(law.length)]

        def zeta(a: Any) -> Any:
            return -mp.digamma(a) if power == 1 else mp.zeta(power, a)

        near = [zeta(e) for e in a]
        limit = mp.mpf(law.limit.numerator) / law.limit.denominator
        half = size * mp.mpf(law.length) ** -power
        constant = (
            law.regret - limit * law.start + half * mp.fsum(map(lambda w, z: w * z, weights, near))
        )
        kappa = size * mp.fsum(weights) / law.length / (1 if power == 1 else 1 - power)
        if power == 1:  # digamma(T / L) is ln T - ln L
            constant -= kappa * mp.log(law.length)
        assert abs(law.constant / constant - 1) < 2**-52
        assert abs(law.kappa / kappa - 1) < 2**-52
        lower, upper = law.constant_between
        assert float(lower) <= float(constant) <= float(upper)
        assert upper - lower < Fraction(1, 10**30)
        for n in (10**5, 10**13, 10**28):
            far = [z - zeta(e + n) for z, e in zip(near, a, strict=True)]
            total = (
                law.regret
                + n * limit * law.length
                + half * mp.fsum(w * z for w, z in zip(weights, far, strict=True))
            )
            steps = law.start + n * law.length
            assert abs(law.average(steps) * steps / total - 1) < 5e-15


@needs_jit
@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
def test_kappa_is_half_the_slope_of_the_constant_step_limits(opt: str) -> None:
    """At a constant step alpha the walk at the same end costs (kappa / 2) alpha, kappa at 1."""
    law = law_of(opt, lr=1.0)
    lr = 2.0**-10
    where = Setup(Online(), lr, dtype=np.float64)
    certificate = Certified(where, RULES[opt](**PAPER), 10**8).certificate
    assert certificate is not None
    slope = (certificate.limit - float(law.limit)) / lr
    assert slope == pytest.approx(law.kappa / 2, rel=1e-9)


def test_kappa_is_linear_in_alpha_and_the_constant_is_not() -> None:
    one, two = law_of("adam", lr=0.5), law_of("adam", lr=1.0)
    assert two.kappa == 2 * one.kappa
    assert two.constant != pytest.approx(2 * one.constant, rel=1e-3)


def test_a_sum_ends_where_steps_fail() -> None:
    law = law_of("adam")
    with pytest.raises(ValueError, match=f"the law holds from {law.start:,} steps on, not after 5"):
        law.average(5)
    assert law.average(law.start) == law.regret / law.start


def test_the_law_is_not_that_of_one_phase() -> None:
    """Within a cycle R_T moves: at every T the law is the loop's, not at whole cycles alone."""
    law = law_of("adam")
    where, what = law.setup, RULES["adam"](**PAPER)
    at = np.arange(law.start + 1, law.start + 2 * law.length + 1)
    _, path = run_to(Compiled(where, what), int(at[-1]), at)
    ours = np.array([law.average(int(k)) for k in at])
    np.testing.assert_allclose(ours, path.average_regret, rtol=1e-13)


@dataclass(frozen=True)
class Line(Online):
    """Figure 1's losses on the whole line."""

    lower = -inf
    upper = inf


@pytest.mark.parametrize(
    ("where", "opt", "reason"),
    [
        (setup(problem=Stochastic()), "adam", "its losses are random"),
        (setup(problem=Zhang()), "adam", "its losses are not linear"),
        (setup(problem=Line()), "adam", "its feasible set has no ends"),
        (setup(schedule=constant), "adam", "its step size does not decay"),
        (setup(schedule=shifted_inverse_sqrt), "adam", "its step size does not decay"),
        (setup(lr=0.0), "adam", "its step size does not decay"),
        (setup(beta1_schedule=harmonic), "adam", "its beta1 decays too slowly"),
        (setup(beta1_schedule=exponential, beta1_rate=1.0), "adam", "its beta1 decays too slowly"),
        (setup(beta1_schedule=exponential, beta1_rate=0.9), "adam", None),
        (setup(), "adamnc", "the coefficients of adamnc change at every step"),
        (setup(), "adopt", None),
        (Setup(Online(), 0.1, inverse_sqrt), "adam", "in float32 the law soon ends"),
        (setup(problem=ACProp2()), "adam", None),
        (setup(), "yogi", None),
        (setup(), "adagrad", "the memory of adagrad grows, and does not come back"),
        (setup(), "ef_signum", "what ef_signum has left out so far need not come back"),
        *((setup(), opt, None) for opt in ("signum", "lion", "adabelief", "nadam", "adamax")),
    ],
)
def test_where_there_is_no_law(where: Setup, opt: str, reason: str | None) -> None:
    found = why_no_law(where, RULES[opt]())
    if reason is None:
        assert found is None
    else:
        assert found is not None
        assert found.startswith(reason)


@pytest.mark.parametrize(
    ("opt", "options", "limit", "reason"),
    [
        ("yogi", {}, 10**5, "its memory does not come back within 100,000 steps"),
        ("adam", {}, 3725, "its memory does not come back within 3,725 steps"),
        (
            "adam",
            {"lr": 1e-6},
            10**5,
            "by exact arithmetic x comes to 1 after 7.058e.14 steps only",
        ),
        ("adam", {}, 9000, "its walk at 1 is the same for ever from step 10,100 on only"),
        ("sgd", {"problem": Online(2, 1.0, -1.0)}, 10**5, "its steps sum to zero over a cycle"),
    ],
)
def test_where_no_law_is_found(opt: str, options: dict[str, Any], limit: int, reason: str) -> None:
    with pytest.raises(NoLaw, match=reason):
        settle(setup(**options), RULES[opt](), limit)


def test_a_memory_is_looked_at_for_so_long_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amsgrad.laws.memory.FARTHEST", 10**5)
    with pytest.raises(NoLaw, match="its memory does not come back within 100,000 steps"):
        settle(setup(), RULES["yogi"](), 10**15)


@pytest.mark.parametrize(
    "opt", [name for name in RULES if "bound" not in name and name != "ef_signum"]
)
def test_what_a_rule_takes_from_x_is_a_multiple_of_alpha(opt: str) -> None:
    rule = RULES[opt]()
    if rule.settled == NEVER:
        return
    memory = rule.memory(*(np.float64(7 + i) for i in range(len(rule.memory._fields))))
    found = multiple(rule, memory, np.float64(-10))
    assert found is not None
    for alpha in (0.3, 1e-9):
        c = rule.coefficients(rule.settled, alpha, rule.beta1, rule.h, np.float64)
        after, taken = rule.update(memory, np.float64(-10), c)
        assert after == found.memory
        assert abs(taken / (alpha * found.c) - 1) <= found.roundings * 2.0**-53


def test_steps_that_are_not_multiples_of_alpha_have_no_law() -> None:
    signum = RULES["ef_signum"]()  # what its sign leaves out is in units of x
    assert multiple(signum, signum.memory(np.float64(1), np.float64(1)), np.float64(-10)) is None
    bounded = RULES["adabound"](lr=0.1)
    memory = bounded.memory(np.float64(1), np.float64(1))
    assert multiple(bounded, memory, np.float64(1)) is None


def test_a_memory_with_infinity_has_no_law() -> None:
    with pytest.raises(NoLaw, match="its memory"):
        memory_cycle(setup(problem=Online(3, 1e200, -1.0)), RULES["adam"](**PAPER), 10**5)
