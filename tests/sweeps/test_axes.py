"""From what a sweep file says of an axis to its values."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest

from amsgrad.config.run_config import names
from amsgrad.options import ConfigError
from amsgrad.problems import PROBLEMS
from amsgrad.rules import RULES
from experiments.sweeps.axes import ALL, InForce, check_name, read_axis
from experiments.sweeps.in_memory import compute_sweep
from experiments.sweeps.sweep_file import read_sweep
from tests.sweeps.small import ROOT


@pytest.mark.parametrize(
    ("name", "form", "numbers", "values"),
    [
        ("lr", "linear", [0, 1, 5], "0 0.25 0.5 0.75 1"),
        ("beta2", "linear", ["0.1", "0.9", "9"], "0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9"),
        ("beta2", "linear", [0.1, 0.9, 9], "0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9"),
        ("x0", "linear", [-1, "0.5", 6], "-1 -0.7 -0.4 -0.1 0.2 0.5"),
        ("lr", "linear", [1, 0, 3], "1 0.5 0"),
        ("lr", "linear", [0.5, 1, 1], "0.5"),
        ("big", "linear", ["-1.7e308", "1.7e308", 3], "-1.7e308 0 1.7e308"),
        ("lr", "log", ["1e-4", 1, 5], "1e-4 1e-3 1e-2 1e-1 1"),
        ("lr", "log", ["1e-300", "1e300", 13], " ".join(f"1e{k}" for k in range(-300, 301, 50))),
        ("lr", "log", ["0.3", "1.2", 3], "0.3 0.6 1.2"),
        ("lr", "log", ["0.9", "0.4", 3], "0.9 0.6 0.4"),
        ("lr", "log", ["5e-324", "0.7", 2], "5e-324 0.7"),
        ("lr", "log", [0.7, 3, 1], "0.7"),
        ("beta2", "nines", [0, 3, 4], "0 0.9 0.99 0.999"),
        ("beta2", "nines", [1, "1e-999999999", 2], "0.9 0"),
        ("beta1", "nines", ["1", "15", 15], " ".join(f"0.{'9' * k}" for k in range(1, 16))),
    ],
)
def test_a_form_gives_the_decimals_that_were_asked_for(
    name: str, form: str, numbers: list[object], values: str
) -> None:
    assert read_axis(name, {form: numbers}, "here", ALL) == tuple(map(float, values.split()))


@pytest.mark.parametrize(
    ("name", "form", "numbers", "values"),
    [
        ("period", "linear", [2, 5, 4], (2, 3, 4, 5)),
        ("period", "linear", [1, "9223372036854775807", 3], (1, 2**62, 2**63 - 1)),
        ("steps", "log", ["1e2", "1e6", 3], (100, 10_000, 1_000_000)),
        ("steps", "log", ["1", "1e18", 19], tuple(10**k for k in range(19))),
        ("seed", "linear", [0, 10, 5], (0, 2, 5, 8, 10)),  # a half goes to the even number
    ],
)
def test_whole_numbers_are_exact(
    name: str, form: str, numbers: list[object], values: tuple[int, ...]
) -> None:
    assert read_axis(name, {form: numbers}, "here", ALL) == values


def test_irrational_values_are_correctly_rounded() -> None:
    """The power of the exact number is on the other side of that of each neighbour's middle."""

    def check(value: float, exact: Fraction, degree: int) -> None:
        below, above = (Fraction(math.nextafter(value, end)) for end in (0.0, math.inf))
        assert ((below + Fraction(value)) / 2) ** degree < exact
        assert ((above + Fraction(value)) / 2) ** degree > exact

    number, last = 24, 23
    for i, lr in enumerate(read_axis("lr", {"log": ["0.01", "7", number]}, "here", ALL)):
        check(lr, Fraction(1, 100) ** (last - i) * 7**i, last)
    nines = read_axis("beta2", {"nines": ["0.5", "5", number]}, "here", ALL)
    for i, beta2 in enumerate(nines):  # 10^(k 46) with k = (23 + 9 i) / 46
        below, above = (Fraction(math.nextafter(beta2, end)) for end in (0.0, 1.0))
        power = Fraction(1, 10 ** (23 + 9 * i))
        assert (1 - (below + Fraction(beta2)) / 2) ** 46 > power
        assert (1 - (above + Fraction(beta2)) / 2) ** 46 < power


def test_a_value_can_be_selected_by_its_decimals() -> None:
    base = {"opt": "adam", "steps": 2, "verify": 0}
    data = compute_sweep({"base": base, "axes": {"beta2": {"linear": [0.1, 0.9, 9]}}})
    assert float(data.x.sel(beta2=0.7).beta2) == 0.7


def test_the_axes_of_the_example() -> None:
    axes = read_sweep(ROOT / "configs" / "sweeps" / "example.yaml").axes
    assert axes["beta1"] == tuple(float(Decimal("0.05") * i) for i in range(20))
    assert (axes["beta2"][0], axes["beta2"][-1]) == (0.6837722339831621, 0.99999)


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        (["1e999", 1, 3], "nines needs [first, last, how many]"),
        (["nan", 1, 3], "nines needs [first, last, how many]"),
        ([True, 1, 3], "nines needs [first, last, how many]"),
        ([[], 1, 3], "nines needs [first, last, how many]"),
        (["-1e300", 1, 3], "nines from -1e+300 to 1 is too far"),
        ([1, "1e300", 3], "must be a number in [0, 1), but 1.0 was given"),
    ],
)
def test_forms_without_values(numbers: list[object], sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_axis("beta2", {"nines": numbers}, "here", ALL)
    assert sentence in str(error.value)


def test_which_settings_may_vary_and_which_a_batch_leaves_free() -> None:
    never = ["every", "verify", "engine", "certify", "device"]
    for name in never:
        with pytest.raises(ConfigError, match=f"here: {name} cannot be an axis"):
            check_name(name, "here")
    possible = [name for name in names() if name not in never]
    for name in possible:
        check_name(name, "here")
    free = {"lr", "schedule_rate", "beta1", "beta2", "eps", "power", "final_lr", "gamma"}
    ours = InForce(RULES, PROBLEMS)
    free |= {"momentum_decay", "beta1_rate", "seed"}
    assert set(filter(ours.is_free, possible)) == free


def test_a_value_is_read_by_the_rules_and_problems_in_force() -> None:
    assert read_axis("period", [1], "here", InForce(["adam"], ["online"])) == (1,)
    for problems in (["zhang"], ["online", "zhang"]):
        with pytest.raises(
            ConfigError, match=r"must be a whole number from 2 to .*, but 1 was given"
        ):
            read_axis("period", [1], "here", InForce(["adam"], problems))
