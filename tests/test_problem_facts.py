"""The facts that each problem states: options, start, words, published settings."""

import math
import re
from collections.abc import Callable
from dataclasses import fields
from itertools import product
from typing import Any

import pytest

from amsgrad.config.run_config import RUN, Config
from amsgrad.options import Option, Role, options_of
from amsgrad.problems import PROBLEMS
from amsgrad.problems.acprop2 import ACProp2
from amsgrad.problems.adashift import AdaShift
from amsgrad.problems.adopt import Adopt
from amsgrad.problems.online import Online
from amsgrad.problems.polynomial import Polynomial
from amsgrad.problems.quadratic import Quadratic
from amsgrad.problems.rare import Rare
from amsgrad.problems.sequence import Sequence
from amsgrad.problems.stochastic import Stochastic
from amsgrad.problems.theorem1 import Theorem1
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.problems.theorem3 import Theorem3
from amsgrad.problems.theorem6 import Theorem6
from amsgrad.problems.zhang import Zhang
from amsgrad.rules import RULES
from tests.family import FAMILY

every_name = pytest.mark.parametrize("name", PROBLEMS)


def options(name: str) -> dict[str, Option]:
    return options_of(PROBLEMS[name])


def defaults(name: str) -> dict[str, Any]:
    return {own: option.default for own, option in options(name).items()}


def test_the_defaults_of_a_problem_make_it() -> None:
    assert defaults("online") == {"period": 101, "big": 1010.0, "small": -10.0}
    assert defaults("zhang") == {"period": 10, "a": 1.0, "order": "cyclic", "seed": 0}
    assert defaults("adafom") == {}
    assert defaults("polynomial") == {"degree": 4, "factor": 1.0}
    assert defaults("sequence") == {"slopes": "1010,-10x100", "order": "cyclic", "seed": 0}
    assert defaults("quadratic") == {"targets": "1,0x3", "seed": 0}
    assert defaults("rare") == {"period": 100}
    for name, make in PROBLEMS.items():
        assert make(**defaults(name)) == make()


@every_name
def test_every_field_is_an_option_and_reads_texts(name: str) -> None:
    cls: Any = PROBLEMS[name]
    assert list(options(name)) == [field.name for field in fields(cls)]
    assert name == cls.__name__.lower()
    for own, option in options(name).items():
        assert option.role is Role.NUMBERS
        assert option.free == (own == "seed")
        assert option.sentence[0].isupper()
        assert not option.sentence.endswith(".")
        assert option.read(str(option.default), own) == option.default
        assert cls(**{own: option.default}) == cls()


def test_where_a_run_starts_by_default() -> None:
    starts = {name: (cls.first_t, cls.x0) for name, cls in PROBLEMS.items()}
    assert starts.pop("online") == (0, 0.0)  # the seed program's
    for name in ("adafom", "polynomial"):
        assert starts.pop(name) == (1, 1.0)  # at its optimum 0 it would stay
    assert starts.pop("quadratic") == (1, 0.5)  # at a target the gradient is 0
    assert set(starts.values()) == {(1, 0.0)}


def test_the_losses_in_words() -> None:
    assert {name: problem.in_words for name, problem in FAMILY.items()} == {
        "online": "slope 1010 if t mod 101 = 1, else -10",
        "stochastic": "slope 1010 with probability 0.01, else -10, seed 0",
        "theorem1": "slope 3 if t mod 3 = 1, else -1",
        "theorem2": "slope 10 if t mod 10 = 1, else -1",
        "theorem3": "slope 101 with probability (1 + 0.02) / (101 + 1), else -1, seed 0",
        "theorem6": "slope 3 * 0.0001 if t mod 3 = 1, else -0.0001",
        "adopt": "slope 10^2 with probability 1/10, else -10, seed 0",
        "adashift": "slope 101 with probability (1 + 0.02) / (101 + 1), else -1, unconstrained,"
        " seed 0",
        "acprop1": "slope 10 if t mod 10 = 1, else -1",
        "acprop2": "slope 10/2 if t mod 10 = 1, -1 if t mod 10 = 10 - 2, else 0",
        "zhang": "Zhang's 10 batches in cyclic order, a = 1, seed 0",
        "adafom": "5.5 x^2 if t mod 11 = 1, else -0.5 x^2",
        "polynomial": "x^4 / 4",
        "polynomial-2": "3 x^2 / 2",
        "polynomial-6": "x^6 / 6",
        "theorem1-7.5": "slope 7.5 if t mod 3 = 1, else -1",
        "theorem2-2": "slope 2 if t mod 2 = 1, else -1",
        "theorem3-5": "slope 5 with probability (1 + 0.5) / (5 + 1), else -1, seed 4",
        "adopt-50": "slope 50^2 with probability 1/50, else -50, seed 2",
        "adashift-5": "slope 5 with probability (1 + 0.5) / (5 + 1), else -1, unconstrained,"
        " seed 4",
        "acprop2-4": "slope 4/2 if t mod 4 = 1, -1 if t mod 4 = 4 - 2, else 0",
        "acprop2-7": "slope 7/2 if t mod 7 = 1, -1 if t mod 7 = 7 - 2, else 0",
        "zhang-a": "Zhang's 7 batches in cyclic order, a = 0.3, seed 0",
        "zhang-random": "Zhang's 10 batches in random order, a = 1, seed 9",
        "sequence": "slopes 1010,-10x100 in cyclic order",
        "sequence-right": "slopes -4,0.5,1x3 in cyclic order",
        "sequence-shuffled": "slopes -3,2,0,1x4 shuffled in each period, seed 5",
        "sequence-drawn": "slopes drawn from -0.5x5,7,-5, seed 6",
        "quadratic": "(x - X)^2 / 2 with X drawn from 1,0x3, seed 0",
        "quadratic-3": "(x - X)^2 / 2 with X drawn from -4x2,1x3,5, seed 3",
        "rare": "(x - 1)^2 / 2 if t mod 100 = 1, else x^2 / 2",
        "rare-8": "(x - 1)^2 / 2 if t mod 8 = 1, else x^2 / 2",
    }


@every_name
def test_published_settings_are_settings_with_values_that_are_allowed(name: str) -> None:
    rules = {own: option for method in RULES.values() for own, option in method.options.items()}
    known = {**rules, **options(name), **RUN}
    for published in PROBLEMS[name].published:
        assert published.source
        lists = {}
        for setting, value_or_list in published.settings.items():
            values = value_or_list if isinstance(value_or_list, list) else [value_or_list]
            assert values
            for value in values:
                assert known[setting].read(value, setting) == value
            lists[setting] = values
        opts = ("adam",) if "memory0" in lists else ("adam", "adashift")  # it names a memory
        for opt, values in product(opts, product(*lists.values())):
            shown = dict(zip(lists, values, strict=True))
            assert shown.items() >= used(Config(opt=opt, problem=name, **shown), shown).items()


def used(config: Config, names: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of these names; an option that the rule does not have is left out."""
    return {name: value for name, value in config.settings().items() if name in names}


def test_what_is_published() -> None:
    sources = {name: [p.source for p in cls.published] for name, cls in PROBLEMS.items()}
    assert [name for name, found in sources.items() if not found] == [
        "theorem3",
        "sequence",
        "quadratic",
        "rare",
    ]
    unverified = {name for name, cls in PROBLEMS.items() for p in cls.published if not p.verified}
    assert unverified == {"adopt", "acprop1", "acprop2", "adafom", "polynomial"}


WHOLE_FROM_2 = "a whole number from 2 to 2**63 - 1"


@pytest.mark.parametrize(
    ("make", "numbers", "sentence"),
    [
        (Online, {"period": 0}, "period must be a whole number from 1 to 2**63 - 1, but 0 was"),
        (Online, {"big": math.nan}, "big must be a finite number, but nan was"),
        (Online, {"small": -math.inf}, "small must be a finite number, but -inf was"),
        (Stochastic, {"probability": 1.0}, "probability must be a number in [0, 1), but 1.0 was"),
        (Stochastic, {"probability": -0.1}, "probability must be a number in [0, 1), but -0.1 was"),
        (Stochastic, {"seed": -1}, "seed must be a whole number from 0 to 2**63 - 1, but -1 was"),
        (Theorem1, {"big": 2.0}, "big must be a finite number above 2, but 2.0 was"),
        (Theorem1, {"big": math.inf}, "big must be a finite number above 2, but inf was"),
        (Theorem2, {"period": 1}, f"period must be {WHOLE_FROM_2}, but 1 was"),
        (Theorem2, {"period": 2.5}, f"period must be {WHOLE_FROM_2}, but 2.5 was"),
        (Theorem2, {"period": 2**63}, f"period must be {WHOLE_FROM_2}, but {2**63} was"),
        (Theorem6, {"big": 2.0}, "big must be a finite number above 2, but 2.0 was"),
        (Theorem6, {"unit": 0.0}, "unit must be a finite number above 0, but 0.0 was"),
        (Theorem3, {"delta": 0.0}, "delta must be a finite number above 0, but 0.0 was"),
        (Theorem3, {"big": 0.02}, "big must be a finite number above delta, 0.02, but 0.02 was"),
        (AdaShift, {"big": 0.02}, "big must be a finite number above delta, 0.02, but 0.02 was"),
        (
            Theorem3,
            {"seed": 2**63},
            f"seed must be a whole number from 0 to 2**63 - 1, but {2**63}",
        ),
        (AdaShift, {"delta": -1.0}, "delta must be a finite number above 0, but -1.0 was"),
        (Adopt, {"period": 1}, f"period must be {WHOLE_FROM_2}, but 1 was"),
        (Adopt, {"seed": 0.5}, "seed must be a whole number from 0 to 2**63 - 1, but 0.5 was"),
        (ACProp2, {"period": 3}, "period must be a whole number from 4 to 2**63 - 1, but 3 was"),
        (Zhang, {"period": 1}, f"period must be {WHOLE_FROM_2}, but 1 was"),
        (Zhang, {"a": 0.0}, "a must be a finite number above 0, but 0.0 was"),
        (Zhang, {"order": "shuffled"}, "order must be cyclic or random, but shuffled was"),
        (
            Polynomial,
            {"degree": 5},
            "degree must be an even whole number from 2 to 16, but 5 was",
        ),
        (Polynomial, {"degree": 18}, "degree must be a whole number from 2 to 16, but 18 was"),
        (Polynomial, {"factor": 0.0}, "factor must be a finite number above 0, but 0.0 was"),
        (Online, {"period": "7"}, "period must be a whole number from 1 to 2**63 - 1, but 7 was"),
        (Online, {"big": "7"}, "big must be a finite number, but 7 was"),
        (Online, {"big": None}, "big must be a finite number, but null was"),
        (Zhang, {"seed": -1}, "seed must be a whole number from 0 to 2**63 - 1, but -1 was"),
        (Sequence, {"order": "random"}, "order must be cyclic, shuffled or drawn, but random was"),
        (Rare, {"period": 1}, f"period must be {WHOLE_FROM_2}, but 1 was"),
        (Quadratic, {"seed": -1}, "seed must be a whole number from 0 to 2**63 - 1, but -1 was"),
        (
            Quadratic,
            {"targets": "1,2,3,4"},
            "targets must be at most 3 different numbers, but 1,2,3,4 was",
        ),
        (Sequence, {"seed": -1}, "seed must be a whole number from 0 to 2**63 - 1, but -1 was"),
    ],
)
def test_a_number_that_is_not_allowed_is_refused(
    make: Callable[..., Any], numbers: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}.*given$"):
        make(**numbers)
