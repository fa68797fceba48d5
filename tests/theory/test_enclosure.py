"""The bounds of D: they hold it and are narrow, by oracles that share no code with them."""

import math
import time
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amsgrad.rules import RULES
from amsgrad.rules.form import Form
from amsgrad.theory.enclosure import MOST_BITS, Enclosure, enclose
from tests.theory.exact import mean_step

THREE_LETTERS = 60 * [0] + 100 * [-1] + 101 * [1]
FINDS = [
    ("adam", {"beta2": "0.999", "eps": "1e-8"}, [37996, -18650, -19345]),
    ("adam", {"beta2": "0.999", "eps": "1e-8"}, [1010] + 100 * [-10]),
    ("rmsprop", {"beta2": "0.99"}, [226, -76, -149]),
    ("adopt", {"beta2": "0.9999", "eps": "1e-6"}, [-22699, 15203, 7497]),
    ("adopt_unclipped", {"beta2": "0.9999", "eps": "1e-6"}, [-400] + 401 * [1]),
    ("adashift", {}, THREE_LETTERS),
    ("acprop", {}, THREE_LETTERS),
    ("adabelief", {"eps": "1e-16"}, [1010] + 100 * [-10]),
    ("nadam", {}, [1010] + 100 * [-10]),
    ("adamax", {}, [1010] + 100 * [-10]),
]
SIGNS = [
    ("signum", {}, [11, -10, 0], -1),
    ("signum", {"beta1": "0.999"}, [1010] + 100 * [-10], 19),
    ("signum", {"beta1": "0"}, [4, -1, -1, -1], -2),
    ("lion", {"beta2": "0.99"}, [9, -4, -4], -1),
    ("lion", {"beta1": "0.5", "beta2": "0"}, [9, -10, 2], -1),
]


def form(opt: str, options: dict[str, str]) -> Form:
    found = RULES[opt].form_with(**{name: float(value) for name, value in options.items()})
    assert found is not None
    return found


def holds(found: Enclosure, value: mpmath.mpf) -> bool:
    with mpmath.workdps(80):
        off = abs(value) * mpmath.mpf("1e-60")  # the oracle's own error: some bounds have one value
        return bool(mpmath.mpf(found.lower) - off <= value <= mpmath.mpf(found.upper) + off)


def width(found: Enclosure) -> Fraction:
    lower, upper = Fraction(found.lower), Fraction(found.upper)
    return (upper - lower) / max(abs(lower), abs(upper))


@pytest.mark.parametrize(("opt", "options", "slopes"), FINDS)
def test_finds_are_proved(opt: str, options: dict[str, str], slopes: list[int]) -> None:
    found = enclose(form(opt, options), slopes)
    assert sum(slopes) > 0
    assert found.sign == -1
    assert 0 < width(found) < Fraction(1, 10**18)
    assert holds(found, mean_step(opt, slopes, **options))


@pytest.mark.parametrize(("opt", "options", "slopes", "d"), SIGNS)
def test_signs_are_exact(opt: str, options: dict[str, str], slopes: list[int], d: int) -> None:
    found = enclose(form(opt, options), slopes)
    assert found == Enclosure(str(d), str(d))
    assert mean_step(opt, slopes, **options) == d
    assert enclose(form(opt, options), [Fraction(-g, 7) for g in slopes]) == Enclosure(
        str(-d), str(-d)
    )


def test_a_sign_that_is_open_is_any_number_from_minus_one_to_one() -> None:
    """m is 0 at two steps in the limit; what is left of the start has one sign for ever."""
    assert enclose(form("signum", {}), [10, -9, 0]) == Enclosure("-1", "3")
    assert enclose(form("signum", {"beta1": "0"}), [10, -9, 0]) == Enclosure("0", "0")


def test_with_error_feedback_d_is_the_sum_but_at_most_a_step_each() -> None:
    feedback = form("ef_signum", {})
    assert enclose(feedback, [4, -1, -1, -1]) == Enclosure("1", "1")
    assert enclose(feedback, [4, -1, -1]) == Enclosure("2", "2")
    assert enclose(feedback, [-40, 1, 1]) == Enclosure("-3", "-3")


@given(
    opt=st.sampled_from(
        ["adam", "rmsprop", "adopt", "adashift", "acprop", "adabelief", "nadam", "adamax"]
    ),
    slopes=st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=9).filter(any),
    beta1=st.sampled_from(["0", "0.5", "0.9", "0.99"]),
    beta2=st.sampled_from(["0", "0.1", "0.9", "0.99", "0.9999", "0.999999"]),
    eps=st.sampled_from(["1e-16", "1e-8", "0.001", "10"]),
)
@settings(max_examples=60, deadline=None)
def test_bounds_hold_d_and_are_narrow(
    opt: str, slopes: list[int], beta1: str, beta2: str, eps: str
) -> None:
    options = {"beta1": beta1, "beta2": beta2, "eps": eps}
    own = {name: value for name, value in options.items() if name in RULES[opt].options}
    found = enclose(form(opt, own), slopes)
    value = mean_step(opt, slopes, **options)
    assert holds(found, value)
    # where D is 0 no width is narrow: then the oracle has but its own rounding left
    assert width(found) < Fraction(1, 10**18) or abs(value) < 1e-60


def test_ends_that_fractions_give_exactly() -> None:
    """With beta2 = 0 there is no root: v_i is g_i^2."""
    adam = form("adam", {"beta1": "0.5", "beta2": "0", "eps": "0.25"})
    # m with the weights 4, 2, 1 of the newest, the one before, and the oldest
    m = [Fraction(4 * 3 - 2 - 1, 7), Fraction(-4 + 2 * 3 - 1, 7), Fraction(-4 - 2 + 3, 7)]
    value = sum(a / (abs(g) + Fraction(1, 4)) for a, g in zip(m, (3, -1, -1), strict=True))
    found = enclose(adam, [3, -1, -1])
    assert Fraction(found.lower) <= value <= Fraction(found.upper)
    assert width(found) < Fraction(1, 10**18)


def test_slopes_may_be_decimals() -> None:
    """Without eps D is the same in every unit; 0.1 is 1/10, which no float is."""
    adam = form("adam", {"beta2": "0.99", "eps": "0"})
    whole = enclose(adam, [31, -10, -10, -10])
    assert enclose(adam, [3.1, -1.0, -1.0, -1.0]) == whole
    assert enclose(adam, [Fraction(31, 7), *3 * [Fraction(-10, 7)]]) == whole
    signs = form("rmsprop", {"beta2": "0", "eps": "0"})
    assert holds(enclose(signs, [0.1, 0.1, 0.1, -0.3]), mpmath.mpf(2))


def test_betas_are_the_decimals_as_they_are_written() -> None:
    """The double next to 0.999 is off by 1e-17: its D has other digits from the 13th or so on."""
    slopes = [37996, -18650, -19345]
    double = mean_step("adam", slopes, beta1=0.9, beta2=0.999)
    assert not holds(enclose(form("adam", {"beta2": "0.999", "eps": "1e-8"}), slopes), double)


@pytest.mark.parametrize("opt", ["sgd", "amsgrad", "adamx", "padam", "adagrad", "adamnc"])
@pytest.mark.parametrize("slopes", [[5, -3, -1], [-5, 3, 1], [1010] + 101 * [-10]])
def test_rules_with_one_divisor_have_the_sign_of_the_sum(opt: str, slopes: list[int]) -> None:
    found = enclose(form(opt, {}), slopes)
    assert form(opt, {}).never_fails
    total = sum(slopes)
    assert found.sign == (total > 0) - (total < 0)
    if not total:
        assert Fraction(found.lower) == Fraction(found.upper) == 0


def test_one_divisor_is_the_largest_or_the_mean() -> None:
    """D = S / divisor, by the definitions."""
    slopes = [5, -3, -1]
    with mpmath.workdps(60):
        squares = [mpmath.mpf(g) ** 2 for g in slopes]
        beta = mpmath.mpf("0.99")
        v = max(
            sum(beta**j * squares[i - j] for j in range(3)) * (1 - beta) / (1 - beta**3)
            for i in range(3)
        )
        eps = mpmath.mpf("1e-8")
        assert holds(enclose(form("amsgrad", {"eps": "1e-8"}), slopes), 1 / (mpmath.sqrt(v) + eps))
        padam = form("padam", {"beta2": "0.99", "eps": "1e-8"})
        assert padam.power == 0.25
        assert holds(enclose(padam, slopes), (mpmath.sqrt(v) + eps) ** mpmath.mpf("-0.25"))
        root = mpmath.sqrt(sum(squares) / 3)
        assert holds(enclose(form("adagrad", {}), slopes), 1 / root)
        first = [(1 - beta) * sum(beta**j * squares[k - j] for j in range(k + 1)) for k in range(3)]
        peak = max(v, *(s / (1 - beta ** (k + 1)) for k, s in enumerate(first)))
        assert peak == 25
        optax = RULES["amsgrad"].form_with(eps=1e-8, semantics="optax")
        assert holds(enclose(optax, slopes), 1 / (5 + eps))
    assert enclose(form("sgd", {}), slopes) == Enclosure("1", "1")


def test_the_sign_of_a_d_that_is_zero_is_undecided() -> None:
    """Slopes 1, -1 leave every rule where it is; more digits narrow the bounds, no more."""
    found = enclose(form("adam", {"eps": "1e-8"}), [1, -1])
    assert found.sign == 0
    assert Fraction(found.lower) < 0 < Fraction(found.upper)
    assert Fraction(found.upper) < Fraction(1, 2 ** (MOST_BITS - 50))


def test_more_digits_where_they_are_needed() -> None:
    """From 400 steps of beta2 = 0.5 on, v is below 2^-400: the first 192 binary digits see 0."""
    slopes = [1] + 500 * [0]
    options = {"beta1": "0.9", "beta2": "0.5", "eps": "0"}
    found = enclose(form("adam", options), slopes)
    assert holds(found, mean_step("adam", slopes, **options))
    few, many = (
        enclose(form("adam", options), slopes, 5),
        enclose(form("adam", options), slopes, 60),
    )
    assert Fraction(few.lower) < Fraction(found.lower) < Fraction(many.lower)
    assert width(many) < Fraction(1, 10**58)


@pytest.mark.parametrize("opt", ["adam", "rmsprop", "adopt", "acprop"])
def test_a_divisor_that_is_0_is_refused(opt: str) -> None:
    none = form(opt, {"beta2": "0", "eps": "0"})
    with pytest.raises(ValueError, match="eps is 0 and some v is 0"):
        enclose(none, [1, 1, 1] if opt == "acprop" else [1, 0, -2])
    with pytest.raises(ValueError, match="eps is 0 and some v is 0"):
        enclose(form("acprop", {"eps": "0"}), [7, 7])
    assert enclose(form("acprop", {"eps": "0.5"}), [7, 7]) == Enclosure("28", "28")


@pytest.mark.parametrize("average", ["moving", "corrected maximum"])
def test_the_betas_nearest_to_1_are_decided(average: Any) -> None:
    beta = math.nextafter(1, 0)
    found = enclose(Form("momentum", average=average, beta1=beta, beta2=beta), [7])
    assert holds(found, mpmath.mpf(1))


def test_a_power_that_is_no_root_is_refused() -> None:
    odd = Form("gradient", beta2=0.5, power=0.123456)
    with pytest.raises(ValueError, match=r"power 1929/15625 is no root of a degree up to 1,000"):
        enclose(odd, [3, -1, -1])


def test_a_power_of_a_moving_average() -> None:
    found = enclose(Form("gradient", beta2=0.5, power=1.5, factor=2.0), [3, -1])
    with mpmath.workdps(60):
        v = [mpmath.mpf(2 * 9 + 1) / 3, mpmath.mpf(2 + 9) / 3]
        power = mpmath.mpf("0.75")
        assert holds(found, 2 * (3 / v[0] ** power - 1 / v[1] ** power))


def test_402_slopes_take_a_tenth_of_a_second() -> None:
    adopt = form("adopt", {})
    seconds = []
    for _ in range(5):
        start = time.process_time()
        enclose(adopt, [-400] + 401 * [1])
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.1
