"""The mean step of torch optimizers as black boxes, against closed forms and compiled rules."""

import math
import re
from typing import Any

import numpy as np
import pytest
import torch

import amsgrad
from amsgrad.rules import RULES
from amsgrad.theory import black_box as module
from amsgrad.theory.black_box import black_box
from amsgrad.theory.closed_form import total
from amsgrad.theory.mean_step import FADING, MeanStep, mean_step
from tests import optimizers_of_others as others

pytestmark = pytest.mark.slow

SLOPES = [[1010] + 100 * [-10], [3, -1, -1], [-2, -1, 3.01], [5, 0, 0, -2, -2.5], [-40] + 41 * [1]]
TORCH = {"beta1": 0.9, "eps": 1e-8, "semantics": "torch"}


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let windows begin early: enough for what forgets within some hundred steps."""
    monkeypatch.setattr(module, "BURN_IN", 2**8)


@pytest.mark.parametrize(
    ("cls", "keywords", "opt", "options"),
    [
        (torch.optim.Adam, {"betas": (0.9, 0.95)}, "adam", {**TORCH, "beta2": 0.95}),
        (torch.optim.Adam, {"amsgrad": True}, "amsgrad", {**TORCH, "beta2": 0.999}),
        (torch.optim.RMSprop, {}, "rmsprop", {"beta2": 0.99, "eps": 1e-8}),
    ],
)
@pytest.mark.usefixtures("soon")
def test_it_is_the_closed_form(
    cls: Any, keywords: dict[str, Any], opt: str, options: dict[str, Any]
) -> None:
    form = RULES[opt].form_with(**options)
    assert form is not None
    for g, found in zip(SLOPES, black_box(cls, SLOPES, keywords), strict=True):
        exact = total(form, np.array(g, float))
        assert found.source == "black box"
        assert abs(found.total - exact.total) <= found.error < 0.1 * found.size
        assert found.total == pytest.approx(float(exact.total), abs=1e-9 * found.size)
        assert found.size == pytest.approx(float(exact.size), rel=1e-6)
        assert found.goes_to == -np.sign(exact.total)


def test_what_fades_has_d_in_other_units() -> None:
    (found,) = black_box(torch.optim.Adagrad, [[3, -1, -1]])
    form = RULES["adagrad"].form_with()
    assert form is not None
    assert found.source == f"black box, {FADING}"
    assert abs(found.total - total(form, [3.0, -1, -1]).total) <= found.error < 0.01


@pytest.mark.usefixtures("soon")
def test_a_class_that_mixes_has_a_lane_alone() -> None:
    """Alone, x - lr g / |g| moves by the sign."""
    found = black_box(others.Normed, [[3, -1, -1], [2, 1, -4]])
    assert [step.total for step in found] == pytest.approx([-1, 1])
    assert [step.goes_to for step in found] == [1, -1]


def of_windows(totals: list[float]) -> MeanStep:
    sums = np.ones((len(totals), module.COLUMNS))
    sums[:, 0] = sums[:, 2] = totals
    return module._of_windows(sums)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.7, 0.89])
def test_the_error_is_above_what_is_to_come(q: float) -> None:
    """Windows whose differences fall by q, the last one 1e-7: D is 1."""
    last = 1e-7 * q / (1 - q)
    found = of_windows([1 + last / q**k for k in (3, 2, 1, 0)])
    assert last < found.error < 1e-5


@pytest.mark.parametrize("differences", [(1, 1.2, 1.44), (1, 1, 1), (1, 1, 0), (0, 0, 1)])
def test_differences_that_do_not_fall_give_no_verdict(differences: tuple[float, ...]) -> None:
    found = of_windows((1 + 1e-7 * np.cumsum([0, *differences])).tolist())
    assert (found.error, found.source) == (math.inf, "black box, windows disagree")


def test_differences_that_are_rounding_need_not_fall() -> None:
    found = of_windows([1, 1, 1 + 1e-13, 1 - 3e-13])
    assert 4e-13 < found.error < 1e-10


@pytest.mark.usefixtures("soon")
def test_windows_that_never_agree_give_no_verdict() -> None:
    (found,) = black_box(others.Grows, [[3, -1, -1]], most=2**13)
    assert (found.error, found.goes_to) == (math.inf, 0)
    assert found.source == "black box, windows disagree"


@pytest.mark.parametrize(
    ("cls", "sentence"),
    [
        (others.Stubborn, None),
        (others.Deaf, "the mean step of Deaf is not measured: it ignores lr"),
        (others.Noisy, "the mean step of Noisy is not measured: it draws random numbers"),
        (others.Rooted, "the mean step of Rooted is not measured: it does not move x by lr times"),
        (others.Decays, "the mean step of Decays is not measured: it does not move x by lr"),
        (
            torch.optim.LBFGS,
            "the mean step of LBFGS is not measured: it cannot be stepped (ValueError: it calls",
        ),
        (others.Later, "Later takes steps that are not finite on these slopes"),
    ],
)
@pytest.mark.usefixtures("soon")
def test_what_has_none_is_refused(cls: Any, sentence: str | None) -> None:
    if sentence is None:
        assert black_box(cls, [[3, -1, -1]])[0].total == pytest.approx(-1)
        return
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        black_box(cls, [[3, -1, -1]])


@pytest.mark.usefixtures("soon")
def test_a_lane_that_is_not_finite_leaves_the_others_alone() -> None:
    bad, good = black_box(others.Later, [[3, -1, -1], [1, -1, 1]])
    assert (bad.error, bad.goes_to, bad.source) == (math.inf, 0, "black box, not finite")
    assert good.total == pytest.approx(1, abs=1e-9)


def test_the_order_is_one_of_three() -> None:
    with pytest.raises(
        ValueError, match="order must be one of cyclic, shuffled, drawn, but by chan"
    ):
        black_box(torch.optim.SGD, [[3, -1]], order="by chance")


def test_it_can_be_stopped_and_leaves_the_callers_random_numbers_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    (found,) = black_box(others.Plain, [[3, -1, -1]], stop=lambda: True)
    assert (found.error, found.source) == (math.inf, "black box, stopped")
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("order", ["shuffled", "drawn"])
def test_random_orders_are_those_of_the_rule(order: str) -> None:
    rule = RULES["adam"](**TORCH, beta2=0.99)
    slopes = [SLOPES[0], SLOPES[1]]
    found = black_box(torch.optim.Adam, slopes, {"betas": (0.9, 0.99)}, order=order)
    for g, step in zip(slopes, found, strict=True):
        compiled = mean_step(rule, g, order=order)
        assert abs(step.total - compiled.total) <= step.error + compiled.error
        assert 0 < step.error < 0.05 * step.size


def test_seeds_are_independent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RANDOM", 2**12)
    one, other = (
        black_box(others.Plain, [[5, -1, -2, 1]], order="drawn", seed=seed, seeds=16)[0]
        for seed in (0, 1)
    )
    assert one.total != other.total
    assert abs(one.total - other.total) <= one.error + other.error
    assert one.goes_to == 0  # the signs sum to 0


@pytest.mark.parametrize("slopes", [[5.0], [0.3, 0.3, 0.3]])
def test_equal_slopes_that_are_drawn(slopes: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RANDOM", 2**12)
    (found,) = black_box(torch.optim.SGD, [slopes], order="drawn", seeds=4)
    assert abs(found.total - sum(slopes)) <= found.error < 1e-9


def test_a_slow_clip_fakes_no_verdict() -> None:
    """ADOPT's clip acts for 160,000 steps here: D is above 0 so far, and below 0 in the end."""
    import pytorch_optimizer

    adopt = pytorch_optimizer.ADOPT
    g = [-400] + 401 * [1]
    (found,) = black_box(adopt, [g], {"betas": (0.9, 0.999)}, most=2**17)
    assert (found.goes_to, found.error) == (0, math.inf)
    assert found.total > 0
    form = RULES["adopt"].form_with(beta1=0.9, beta2=0.999)
    assert form is not None
    assert total(form, np.array(g, float)).total < 0


@pytest.mark.usefixtures("soon")
def test_from_python() -> None:
    (found,) = black_box(others.Plain, [[3, -1, -1]])
    assert amsgrad.mean_step(others.Plain, "3,-1x2") == found
    tested = amsgrad.can_fail(others.Plain)
    assert tested.verdict == "fails"  # the sign of a gradient says nothing of its size
    assert tested.example is not None
    assert tested.example.sum() * tested.step.total < 0


def test_adam_fails_and_amsgrad_is_not_seen_to() -> None:
    assert amsgrad.can_fail("torch.optim:Adam").verdict == "fails"
    vanishes = "D vanishes on 84 sequences: none found"
    assert amsgrad.can_fail("torch.optim:Adam", amsgrad=True).verdict == vanishes
