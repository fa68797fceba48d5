"""The memory before the first step, as an option of a run."""

from typing import Any

import numpy as np
import pytest

from amsgrad.config.build import build_engine, build_setup
from amsgrad.config.caption import caption
from amsgrad.config.run_config import Config
from amsgrad.engines.agreement import first_difference
from amsgrad.engines.batch import Batch
from amsgrad.engines.driver import run_to
from amsgrad.engines.reference import Reference
from amsgrad.options import ConfigError
from amsgrad.rules import RULES
from amsgrad.rules.memory_text import RANGES, MemoryText, memory_of


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("m=1,v=1", "m=1,v=1"),
        (" v = 1e-3 ", "v=0.001"),
        ({"v": 0.1 + 0.2, "m": -1}, "v=0.30000000000000004,m=-1"),
    ],
)
def test_it_has_one_text_that_keeps_every_bit(given: Any, text: str) -> None:
    read = MemoryText().read(given)
    assert read == text
    assert MemoryText().read(read) == read
    assert Config(opt="adam", memory0=given).memory0 == text
    if isinstance(given, dict):
        assert memory_of(read) == given


@pytest.mark.parametrize(
    "given", ["", "m", "m=", "m=one", "m=nan", "m=1,m=2", "=1", "m 1", {}, {"m": None}, 3, True]
)
def test_another_text_is_refused(given: Any) -> None:
    with pytest.raises(ConfigError, match="memory0 must be state variables of the rule"):
        Config(opt="adam", memory0=given)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"opt": "adam", "memory0": "s=1"}, "--opt adam, m, v, but s was given"),
        ({"opt": "sgd", "memory0": "v=1"}, "--opt sgd, g, but v was given"),
        (
            {"opt": "adam", "memory0": "m=-1,v=-1"},
            "must have a finite number, 0 or more for v of --opt adam, but v=-1 was given",
        ),
        ({"opt": "adagrad", "memory0": "total=-0.5"}, "total=-0.5 was given"),
        ({"opt": "nadam", "memory0": "weight=-3"}, "a number in [0, 1] for weight of --opt nadam"),
        ({"opt": "adamx", "memory0": "rest1=0"}, "a number in (0, 1] for rest1 of --opt adamx"),
        ({"opt": "adam", "memory0": "v=1", "engine": "torch"}, "needs a rule and --engine"),
        ({"opt": "torch.optim:SGD", "memory0": "v=1"}, "needs a rule and --engine"),
        ({"opt": "adam", "memory0": "v=1e39"}, "at most 3.4e+38 in size with --dtype float32"),
    ],
)
def test_it_goes_with_the_run(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Config(**settings)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("opt", sorted(RULES))
def test_what_a_rule_squares_or_maximises_is_not_below_zero(opt: str) -> None:
    config = Config(opt=opt, steps=50)
    rule = config.make_rule()
    end, _ = run_to(Reference(build_setup(config), rule), 50)  # its slopes have both signs
    signed = {name for name in rule.memory._fields if name not in RANGES}
    for name, number in end.memory._asdict().items():
        assert name in signed or number >= 0
        if name in signed:
            assert getattr(Config(opt=opt, memory0={name: -1}).make_rule().start, name) == -1
    assert signed <= {"m", "e", "error", *(f"g{age}" for age in range(10)), "g"}


@pytest.mark.parametrize("opt", ["adam", "yogi"])
def test_every_engine_begins_with_it(opt: str) -> None:
    config = Config(opt=opt, memory0="v=0.5", steps=300)
    setup, rule = build_setup(config), config.make_rule()
    reference = Reference(setup, rule)
    begin = reference.init()
    assert begin.memory.v == np.float32(0.5)
    assert begin.memory.m == np.float32(Config(opt=opt).make_rule().start.m if opt == "yogi" else 0)
    expected, _ = run_to(reference, 300)
    compiled, _ = run_to(build_engine(config), 300)
    lanes, _ = run_to(Batch([setup, setup], [rule, rule]), 300)
    assert first_difference(compiled, expected) is None
    assert first_difference(lanes.run(1), expected) is None
    other, _ = run_to(Reference(setup, Config(opt=opt).make_rule()), 300)
    assert other.x != expected.x


def test_it_is_said_and_takes_the_closed_form_away() -> None:
    config = Config(opt="adam", memory0="v=1")
    assert "memory at first v=1" in caption(config)
    assert config.make_form() is None  # a maximum would never forget its start
    assert Config(opt="adam").make_form() is not None
