"""The closed form of every rule against the rule's own update, and its sums against many digits."""

from collections.abc import Sequence
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from amsgrad.config.run_config import Config
from amsgrad.rules import RULES
from amsgrad.rules.form import Form
from amsgrad.rules.rule import Rule
from amsgrad.theory.closed_form import steps, total
from amsgrad.theory.mean_step import mean_step
from amsgrad.theory.periodic import MANY, average_each, averages, excess

SLOPES = np.array([[-2.0, -1.0, 3.5], [0.25, 4.0, -1.0], [5.0, -7.0, 1.0]])
STEPS = 1200  # .9^1200 is below 1e-54
OPTIONS = {"beta1": 0.8, "beta2": 0.9, "eps": 0.3, "lr": 0.01}
OTHERS = sorted(set(RULES) - {"adam", "amsgrad", "yogi", "ef_signum"})
CASES: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in OTHERS]
for semantics in ("labml", "torch", "paper", "optax", "keras"):
    CASES += [("adam", {"semantics": semantics}), ("amsgrad", {"semantics": semantics})]
CASES += [("adashift", {"window": 4}), ("padam", {"power": 0.4}), ("adopt", {"eps": 3.0})]
CASES += [("lion", {"beta1": 0.9, "beta2": 0.0}), ("adamax", {"beta2": 0.0, "eps": 1.5})]


def own_steps(rule: Rule, g: Sequence[float], first: int) -> NDArray[np.float64]:
    """The steps of the last of many periods, by the rule's own update, with alpha = 1."""
    start = rule.start or [0.0] * len(rule.memory._fields)
    memory, taken = rule.memory(*map(np.float64, start)), []
    for i in range(STEPS):
        c = rule.coefficients(first + i, 1.0, rule.beta1, rule.h, np.float64)
        memory, d = rule.update(memory, np.float64(g[i % len(g)]), c)
        taken.append(d)
    return np.array(taken[-len(g) :])


@pytest.mark.parametrize(("name", "more"), CASES)
def test_the_steps_are_those_of_the_rule(name: str, more: dict[str, Any]) -> None:
    options = {key: OPTIONS[key] for key in ("beta1", "beta2", "eps") if key in RULES[name].options}
    if name in ("adabound", "amsbound"):
        options["lr"] = OPTIONS["lr"]
    if name == "adagrad":
        del options["eps"]  # it fades as 1 / sqrt(k)
    rule = RULES[name](**{**options, **more})
    form = RULES[name].form_with(**{**options, **more})
    assert form is not None
    # bounds closed, clip open, mu risen
    first = 2**60 if name in ("adabound", "amsbound", "adopt", "nadam") else 1
    for g in SLOPES:
        own, near = own_steps(rule, g.tolist(), first), 1e-13
        if name == "adagrad":
            own, near = own * np.sqrt(STEPS), 1.0 / STEPS  # in units of 1 / sqrt(k)
        if name == "adamnc":
            near = 1.0 / STEPS  # its mean holds a part of a period
        assert own == pytest.approx(steps(form, g), rel=3 * near)


def test_steps_and_total_take_sequences_of_any_number() -> None:
    form = RULES["acprop"].form_with()
    assert form is not None
    many = np.random.default_rng(0).normal(size=(2 * MANY, 2, 5))
    assert steps(form, many)[7, 1].tolist() == steps(form, many[7, 1]).tolist()
    assert total(form, many).total[7, 1] == total(form, many[7, 1]).total
    assert average_each(many, 0.9)[3, 0].tolist() == average_each(many[3, 0], 0.9).tolist()
    assert average_each(many[0, 0], 0.9) == pytest.approx(
        averages(many[0, 0], np.array([0.9]))[:, 0], rel=1e-13, abs=1e-16
    )
    assert excess(many, 0.5) == pytest.approx(
        average_each(many, 0.5) - many.mean(-1, keepdims=True), abs=1e-14
    )


def test_with_error_feedback_the_mean_is_the_sum_but_at_most_a_step_each() -> None:
    form, rule = RULES["ef_signum"].form_with(beta1=0.8), RULES["ef_signum"](beta1=0.8)
    assert form is not None
    with pytest.raises(ValueError, match="With error feedback the steps do not repeat"):
        steps(form, SLOPES)
    periods = 400
    for g, d in (([4.0, -1.0, -1.0, -1.0], 1), ([7.5, -3.25, 1], 3), ([-1.0, -9.0], -2)):
        memory, taken = rule.memory(np.float64(0), np.float64(0)), 0.0
        for k, slope in enumerate(periods * g, start=1):
            c = rule.coefficients(k, 1.0, rule.beta1, rule.h, np.float64)
            memory, moved = rule.update(memory, np.float64(slope), c)
            taken += moved
        assert taken / periods == pytest.approx(d, abs=20 / periods)
        assert total(form, g).total == d
    whole = total(form, [[4.0, -1.0, -1.0, -1.0], [400.0, 1.0, 1.0, 1.0]])
    assert (whole.total.tolist(), whole.size.tolist()) == ([1, 4], [4, 4])


def precise_total(form: Form, g: Sequence[float]) -> Any:
    """D in 60 digits, from the formulas of `Form`, by sums over the whole period."""
    with mpmath.workdps(60):
        size, real = len(g), mpmath.mpf
        exact = [real(x) for x in g]

        def average(values: list[Any], beta: float) -> list[Any]:
            b = real(beta)
            share = (1 - b) / (1 - b**size)
            return [
                share * sum(b**j * values[(i - j) % size] for j in range(size)) for i in range(size)
            ]

        m, share, late = average(exact, form.beta1), real(form.share), form.late
        squares = [
            (x - (y if form.of == "deviation" else 0)) ** 2 for x, y in zip(exact, m, strict=True)
        ]
        w, eps, b2 = average(squares, form.beta2), real(form.eps), real(form.beta2)
        if form.average == "decayed maximum":
            sizes = [abs(x) + eps for x in exact]
            w = [max(b2**j * sizes[i - j] for j in range(size)) for i in range(size)]
        weights = [real(form.beta1) ** age for age in range(form.window)]
        numerators = {
            "gradient": exact,
            "momentum": m,
            "mixture": [share * m[i - late] + (1 - share) * x for i, x in enumerate(exact)],
            "window": [
                sum(weight * exact[(i - age) % size] for age, weight in enumerate(weights))
                / sum(weights)
                for i in range(size)
            ],
        }
        divisor = {
            "root + eps": lambda v: (mpmath.sqrt(v) + eps) ** real(form.power),
            "root of w + eps": lambda v: mpmath.sqrt(v + eps),
            "root of w and eps, + eps": lambda v: mpmath.sqrt(v + eps / (1 - b2)) + eps,
            "max(root, eps)": lambda v: max(mpmath.sqrt(v), eps),
            "w": lambda v: v,
        }[form.divisor]
        return sum(
            n / divisor(w[(i - form.lag) % size]) for i, n in enumerate(numerators[form.numerator])
        )


FORMS = [
    Form("momentum", beta1=0.9, beta2=0.9999, eps=1e-8),
    Form("gradient", beta2=0.99, eps=2.0, power=0.5),
    Form("gradient", divisor="max(root, eps)", beta2=0.999, eps=1e-6, lag=1),
    Form("gradient", divisor="max(root, eps)", beta2=0.6, eps=2.0, lag=1),
    Form("window", divisor="root of w + eps", beta1=0.9, beta2=0.9999, eps=0.5, lag=4, window=4),
    Form("gradient", of="deviation", beta1=0.9, beta2=0.999999, eps=1e-8, lag=1),
    Form("mixture", share=0.9, beta1=0.9, beta2=0.9999, eps=1e-8),
    Form("mixture", share=0.4, late=1, beta1=0.7, beta2=0.99, eps=0.1),
    Form(
        "momentum",
        of="deviation",
        divisor="root of w and eps, + eps",
        beta1=0.9,
        beta2=0.9999,
        eps=1e-9,
    ),
    Form("momentum", average="decayed maximum", divisor="w", beta1=0.9, beta2=0.9999, eps=1e-8),
    Form("momentum", average="decayed maximum", divisor="w", beta1=0.5, beta2=0.6, eps=2.0),
]


@pytest.mark.parametrize("form", FORMS)
def test_rounding_is_bounded_and_little_cancels(form: Form) -> None:
    generator = np.random.default_rng(3)
    for period in (2, 3, 7, 20):
        g = generator.integers(-1000, 1001, (3, period)).astype(float)
        g[0, 0] -= g[0].sum()  # a sum of zero
        g[1] += 1e6
        found = total(form, g)
        for row, d, rounding in zip(g, found.total, found.rounding, strict=True):
            assert abs(float(precise_total(form, row.tolist()) - d)) <= rounding / 4
        # the others are far from their limit, or w is a power, off by its last bits
        if form.beta2 > 0.99 and form.eps < 1 and form.divisor != "w":
            assert found.rounding[0] < 1e-17 * period * found.size[0]
    assert found.total == pytest.approx(steps(form, g).sum(-1), abs=1e-11 * float(found.size.max()))


def test_never_fails_is_an_identity() -> None:
    """D divisor = factor S: a theorem, seen here on the rules whose form says so."""
    generator = np.random.default_rng(5)
    proved = set()
    for name, more in CASES:
        lr = {"lr": 0.01} if name in ("adabound", "amsbound") else {}
        form = RULES[name].form_with(**more, **lr)
        assert form is not None
        g = generator.integers(-50, 51, (40, 6)).astype(float)
        g[:, 0] += 0.5  # the sum is not zero
        ratio = steps(form, g).sum(-1) / g.sum(-1)
        g -= g.mean(-1, keepdims=True)
        vanishes = np.abs(steps(form, g).sum(-1)) <= 1e-12 * np.abs(steps(form, g)).sum(-1)
        assert vanishes.all() == form.never_fails, name
        if form.never_fails:
            proved.add(name)
            assert (ratio > 0).all()
    assert proved == {
        "sgd", "amsgrad", "adamx", "padam", "adabound", "amsbound", "adagrad", "adamnc"
    }  # fmt: skip


def test_a_gradient_that_is_independent_of_its_divisor() -> None:
    """With beta2 = 0 the divisor is |g| of another draw: D = sum g times the mean of 1 / |g|."""
    forms = {name: Config(opt=name).make_form() for name in RULES}
    known = {name for name, form in forms.items() if form is not None and form.independent}
    assert known == {"adopt", "adopt_unclipped", "adashift", "acprop"}
    g = [5.0, -3.0, -1.0]
    for name in ("adopt", "adashift"):
        rule = RULES[name](beta2=0.0, eps=0.0)
        found = mean_step(rule, g, order="drawn", seed=1, steps=2**20)
        assert abs(found.total - sum(g) * np.mean(1 / np.abs(g))) < found.error < 0.05
