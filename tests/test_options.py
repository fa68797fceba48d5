"""Options: what a type reads and refuses, and how defaults are found."""

import importlib
import math
import sys
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amsgrad.field_types import INT64, FieldType, OneOf, Real, Whole, closest
from amsgrad.options import REQUIRED, Option, Role, check_options, options_of, resolve, shown

COUNT, SHARE, NAME = Whole(1), Real(0, below=1), OneOf(("cyclic", "random"))


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (COUNT, 7, 7),
        (COUNT, "7", 7),
        (COUNT, "1e7", 10_000_000),
        (COUNT, "10_000_000", 10_000_000),
        (COUNT, " 7 ", 7),
        (COUNT, 7.0, 7),
        (COUNT, np.int64(7), 7),
        (COUNT, "1.234567890123456789e18", 1_234_567_890_123_456_789),  # no double
        (COUNT, INT64, INT64),
        (SHARE, "0.5", 0.5),
        (SHARE, 0, 0.0),
        (SHARE, "5e-324", 5e-324),
        (SHARE, np.float32(0.5), 0.5),
        (SHARE, Fraction(1, 4), 0.25),
        (SHARE, np.nextafter(1.0, 0.0), 1 - 2**-53),
        (Real(), "-1e308", -1e308),
        (Real(above=0, most=0.5), 0.5, 0.5),
        (NAME, "cyclic", "cyclic"),
    ],
)
def test_a_value_is_read_from_a_text_a_number_or_python(
    kind: FieldType, given: object, value: object
) -> None:
    found = kind.read(given)
    assert (found, type(found)) == (value, type(value))


NO_NUMBERS: list[Any] = [
    "",
    "x",
    "nan",
    "inf",
    "-inf",
    math.nan,
    math.inf,
    True,
    None,
    [1],
    b"1",
    1j,
]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        *((kind, wrong) for kind in (COUNT, SHARE) for wrong in NO_NUMBERS),
        *((COUNT, wrong) for wrong in (0, -1, 1.5, "1.5", 2**63, "1e19", "0x10", Decimal("1.5"))),
        *((SHARE, wrong) for wrong in (-5e-324, 1, "1", 1.5, "1e999", 10**400)),
        *((Real(above=0, most=0.5), wrong) for wrong in (0, 0.0, -0.0, 0.5000001, "0,5")),
        *((NAME, wrong) for wrong in ("Cyclic", "cyclic ", "", 1, None, True, ["cyclic"])),
    ],
)
def test_what_is_not_allowed_is_refused(kind: FieldType, given: object) -> None:
    with pytest.raises(ValueError, match=r"^it must be ") as error:
        Option(kind, "").read(given, "it")
    sentence = str(error.value)
    assert sentence.startswith(f"it must be {kind}, but {shown(given)} was given")
    assert sentence.isprintable()


@given(st.integers(1, INT64))
def test_every_whole_number_survives_its_text(number: int) -> None:
    assert COUNT.read(str(number)) == COUNT.read(number) == number


@given(st.floats(0, 1, exclude_max=True))
def test_every_number_survives_its_text(number: float) -> None:
    assert SHARE.read(repr(number)) == SHARE.read(number) == number


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Whole(2), "a whole number from 2 to 2**63 - 1"),
        (Whole(1, 64), "a whole number from 1 to 64"),
        (Real(), "a finite number"),
        (Real(0), "a finite number, 0 or more"),
        (Real(above=2), "a finite number above 2"),
        (Real(0, below=1), "a number in [0, 1)"),
        (Real(0, 1), "a number in [0, 1]"),
        (Real(above=0, below=1), "a number in (0, 1)"),
        (Real(above=0, most=0.5), "a number in (0, 0.5]"),
        (OneOf(("one",)), "one"),
        (OneOf(("a", "b", "c")), "a, b or c"),
    ],
)
def test_a_type_describes_itself(kind: FieldType, words: str) -> None:
    assert str(kind) == words


def test_a_registry_that_grows_is_seen() -> None:
    registry = {"a": 1}
    kind = OneOf(registry)
    with pytest.raises(ValueError, match=r"^it must be a, but b was given$"):
        Option(kind, "").read("b", "it")
    registry["b"] = 2
    assert kind.read("b") == "b"
    assert str(kind) == "a or b"


def test_a_misspelt_name_is_answered_with_a_question() -> None:
    with pytest.raises(ValueError, match=r"but randum was given; did you mean random\?$"):
        Option(NAME, "").read("randum", "it")
    assert closest("stepz", ["lr", "steps"], "--") == "; did you mean --steps?"
    assert closest("wholly-other", ["lr", "steps"]) == ""


def test_none_is_a_value_only_where_it_is_the_default() -> None:
    assert Option(COUNT, "", default=None).read(None, "it") is None
    for default in (3, REQUIRED):
        with pytest.raises(ValueError, match="but null was given"):
            Option(COUNT, "", default=default).read(None, "it")


Share = Annotated[float, Option(SHARE, "A share", free=True)]


def make(
    *,
    lr: float,
    share: Share = 0.5,
    order: Annotated[str, Option(NAME, "An order")] = "cyclic",
    eps: Annotated[
        float, Option(Real(0), "", default_by=("order", {"cyclic": 1e-8, "random": 0.0}))
    ],
) -> None:
    """Declare three options; lr is not one."""


def test_a_signature_declares_options_and_their_defaults() -> None:
    found = options_of(make)
    assert list(found) == ["share", "order", "eps"]
    assert [option.default for option in found.values()] == [0.5, "cyclic", REQUIRED]
    assert (found["share"].type, found["share"].sentence) == (SHARE, "A share")
    assert [option.free for option in found.values()] == [True, False, False]
    assert {option.role for option in found.values()} == {Role.NUMBERS}


LATE = """
from __future__ import annotations
from dataclasses import dataclass
from typing import Annotated
from amsgrad.field_types import Real
from amsgrad.options import Option

def rule(*, share: Annotated[float, Option(Real(0), "A share")] = 0.5): ...

@dataclass(frozen=True)
class Problem:
    share: Annotated[float, Option(Real(0), "A share")] = 0.5
"""


def test_annotations_that_are_evaluated_late_declare_options_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "declared_late.py").write_text(LATE)
    monkeypatch.syspath_prepend(tmp_path)
    late = importlib.import_module("declared_late")
    for make in (late.rule, late.Problem):
        assert options_of(make)["share"].default == 0.5
    del sys.modules["declared_late"]


def test_an_option_without_a_default_is_refused() -> None:
    def rule(*, horizon: Annotated[int, Option(COUNT, "Steps")]) -> None:
        """Declare an option that no other rule has."""

    with pytest.raises(TypeError, match=r"^the option horizon of rule needs a default$"):
        options_of(rule)


def test_defaults_are_constant_or_follow_from_another_option() -> None:
    options = options_of(make)
    assert resolve(options, {}) == {"share": 0.5, "order": "cyclic", "eps": 1e-8}
    assert resolve(options, {"order": "random"})["eps"] == 0.0
    assert resolve(options, {"order": "random", "eps": 0.25})["eps"] == 0.25
    assert resolve(options, {"eps": 0.0})["eps"] == 0.0  # given, although it is false
    assert resolve(options, {"share": None, "eps": None}) == resolve(options, {})
    assert resolve(options, {"foreign": 1}) == resolve(options, {})
    assert resolve({"must": Option(COUNT, "")}, {}) == {}
    assert resolve({"must": Option(COUNT, "")}, {"must": 2}) == {"must": 2}


@dataclass(frozen=True)
class Made:
    share: Share = 0.5
    order: Annotated[str, Option(NAME, "An order")] = "cyclic"
    other: Any = None

    def __post_init__(self) -> None:
        check_options(self)


def test_a_dataclass_refuses_what_its_options_do_not_allow() -> None:
    assert Made(0, "random", other=object()).share == 0
    for wrong, sentence in (
        ({"share": 1}, "share must be a number in [0, 1), but 1 was given"),
        ({"share": "0.5"}, "share must be a number in [0, 1), but 0.5 was given"),  # a text
        ({"order": "randam"}, "order must be cyclic or random, but randam was given"),
        ({"order": None}, "order must be cyclic or random, but null was given"),
    ):
        with pytest.raises(ValueError, match="must be") as error:
            Made(**wrong)
        assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("adm", "adm"),
        (1.5, "1.5"),
        (None, "null"),
        ("", "''"),
        (" ", "' '"),
        ("two\nlines", r"'two\nlines'"),
        (["a", "b"], "['a', 'b']"),
        ("x" * 100, "x" * 77 + "..."),
    ],
)
def test_a_value_is_shown_on_one_short_line(given: object, words: str) -> None:
    assert shown(given) == words
