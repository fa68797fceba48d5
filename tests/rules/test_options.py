"""The facts of each rule: its options with their published defaults, formula and counterparts."""

from inspect import signature
from typing import Any

import pytest
import torch

from amsgrad.optimizers.catalog import real_optimizer
from amsgrad.options import REQUIRED, Role
from amsgrad.rules import RULES
from amsgrad.rules.adam import SEMANTICS
from tests.rules.cases import with_lr

# As published: by torch.optim, by the authors' code, or by the papers. The eps of adam and amsgrad
# follows from the semantics; here it is labml_nn's.
PUBLISHED: dict[str, dict[str, Any]] = {
    "adam": {"beta1": 0.9, "beta2": 0.99, "eps": 1e-16, "semantics": "labml"},
    "amsgrad": {"beta1": 0.9, "beta2": 0.99, "eps": 1e-16, "semantics": "labml"},
    "sgd": {},
    "rmsprop": {"beta2": 0.99, "eps": 1e-8},
    "adagrad": {"eps": 1e-10},
    "adamnc": {"beta1": 0.9, "eps": 0.0},
    "adamx": {"beta1": 0.9, "beta2": 0.99, "eps": 0.0},
    "adopt": {"beta1": 0.9, "beta2": 0.9999, "eps": 1e-6},
    "adopt_unclipped": {"beta1": 0.9, "beta2": 0.9999, "eps": 1e-6},
    "adashift": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "window": 10},
    "yogi": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-3},
    "acprop": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    "padam": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "power": 0.125},
    "adabound": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "final_lr": 0.1, "gamma": 1e-3},
    "amsbound": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "final_lr": 0.1, "gamma": 1e-3},
    "signum": {"beta1": 0.9},
    "ef_signum": {"beta1": 0.9},
    "lion": {"beta1": 0.9, "beta2": 0.99},
    "adabelief": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-16},
    "nadam": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "momentum_decay": 4e-3},
    "adamax": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
}
every_rule = pytest.mark.parametrize("name", RULES)
BETA = "a number in [0, 1)"
NOT_NEGATIVE = "a finite number, 0 or more"
WINDOW = "a whole number from 1 to 64"
FREE = {"beta1", "beta2", "eps", "power", "final_lr", "gamma", "momentum_decay"}


def test_every_rule_has_its_published_defaults_in_the_order_of_its_builder() -> None:
    found = {name: list(method.resolve({}).items()) for name, method in RULES.items()}
    assert found == {name: list(options.items()) for name, options in PUBLISHED.items()}


@every_rule
def test_every_hyper_parameter_is_an_option_and_lr_the_runs(name: str) -> None:
    parameters = signature(RULES[name].make).parameters
    assert [*RULES[name].options] == [parameter for parameter in parameters if parameter != "lr"]
    assert ("lr" in parameters) == (name in ("adabound", "amsbound"))


@every_rule
def test_every_option_says_what_it_is(name: str) -> None:
    for option_name, option in RULES[name].options.items():
        assert option.role is Role.NUMBERS
        assert option.free == (option_name in FREE)
        assert option.sentence[0].isupper()
        assert not option.sentence.endswith(".")
        default = PUBLISHED[name][option_name]
        assert option.read(default, option_name) == default
        assert option.read(str(default), option_name) == default  # a text gives the same number


@every_rule
def test_a_rule_carries_its_name_and_its_formula(name: str) -> None:
    method = RULES[name]
    rule = method(**with_lr(name, 0.1))
    assert rule.name == method.name == name
    assert rule.beta1 == PUBLISHED[name].get("beta1", 0.0)
    assert method.formula.startswith("x - ")
    assert method.formula.isascii()
    assert "\n" not in method.formula
    assert method.__doc__ is not None
    assert method.__doc__.startswith("Return the rule")


def test_no_two_rules_have_the_same_formula() -> None:
    assert len({method.formula for method in RULES.values()}) == len(RULES)


@pytest.mark.parametrize("name", ["adam", "amsgrad"])
@pytest.mark.parametrize(("semantics", "eps"), SEMANTICS.items())
def test_eps_follows_from_the_semantics_unless_it_is_given(
    name: str, semantics: str, eps: float
) -> None:
    assert RULES[name].options["eps"].default is REQUIRED
    for given in ({"semantics": semantics}, {"semantics": semantics, "eps": None}):
        assert RULES[name](**given).h.eps == eps
        assert RULES[name].resolve(given)["eps"] == eps
    assert RULES[name](semantics=semantics, eps=0.5).h.eps == 0.5
    assert RULES[name](semantics=semantics, eps=0.0).h.eps == 0.0


def test_an_option_of_another_rule_is_refused() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'window'"):
        RULES["adam"](window=3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'lr'"):
        RULES["yogi"](lr=0.1)
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'lr'"):
        RULES["adabound"]()


@pytest.mark.parametrize(
    ("rule", "option", "given", "sentence"),
    [
        ("adam", "beta1", "1", f"beta1 must be {BETA}, but 1 was given"),
        ("adam", "beta2", -0.1, f"beta2 must be {BETA}, but -0.1 was given"),
        ("adam", "beta2", "nan", f"beta2 must be {BETA}, but nan was given"),
        ("adam", "beta1", True, f"beta1 must be {BETA}, but True was given"),
        ("adam", "eps", "-1e-8", f"eps must be {NOT_NEGATIVE}, but -1e-8 was given"),
        ("rmsprop", "eps", "inf", f"eps must be {NOT_NEGATIVE}, but inf was given"),
        ("adam", "semantics", "tourch",
         "semantics must be labml, torch, paper, optax or keras, but tourch was given; did you"
         " mean torch?"),
        ("adashift", "window", 0, f"window must be {WINDOW}, but 0 was given"),
        ("adashift", "window", 2.5, f"window must be {WINDOW}, but 2.5 was given"),
        ("adashift", "window", "65", f"window must be {WINDOW}, but 65 was given"),
        ("padam", "power", 0, "power must be a number in (0, 0.5], but 0 was given"),
        ("padam", "power", "0.6", "power must be a number in (0, 0.5], but 0.6 was given"),
        ("adabound", "gamma", 1, "gamma must be a number in (0, 1), but 1 was given"),
        ("adabound", "gamma", 0.0, "gamma must be a number in (0, 1), but 0.0 was given"),
        ("amsbound", "final_lr", -1, f"final_lr must be {NOT_NEGATIVE}, but -1 was given"),
    ],
)  # fmt: skip
def test_what_an_option_may_not_be_is_refused_in_a_sentence(
    rule: str, option: str, given: object, sentence: str
) -> None:
    with pytest.raises(ValueError, match="must be") as error:
        RULES[rule].options[option].read(given, option)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("rule", "option", "given", "value"),
    [
        ("adam", "beta1", "0", 0.0),
        ("adam", "eps", "1e-16", 1e-16),
        ("adashift", "window", "1e1", 10),
        ("adashift", "window", 64.0, 64),
        ("padam", "power", 0.5, 0.5),
    ],
)
def test_the_ends_of_a_range_and_texts_are_accepted(
    rule: str, option: str, given: object, value: object
) -> None:
    found = RULES[rule].options[option].read(given, option)
    assert (found, type(found)) == (value, type(value))


def test_the_rules_with_a_real_optimizer_and_with_a_second_moment() -> None:
    by_semantics = {name: set(method.counterparts) for name, method in RULES.items()}
    assert {name: found for name, found in by_semantics.items() if found} == {
        "adam": set(SEMANTICS),
        "amsgrad": set(SEMANTICS),
        "sgd": {None},
        "rmsprop": {None},
        "adagrad": {None},
        "nadam": {None},
        "adamax": {None},
    }
    second = {name for name, method in RULES.items() if method.second_moment is not None}
    assert second == {"adam", "amsgrad", "sgd", "rmsprop", "adagrad", "adamnc"}


COUNTERPARTS = [(name, key) for name, method in RULES.items() for key in method.counterparts]


@pytest.mark.parametrize(("name", "semantics"), COUNTERPARTS)
def test_a_real_optimizer_can_be_made_with_all_options_and_keeps_the_state_that_is_named(
    name: str, semantics: str | None
) -> None:
    given = {} if semantics is None else {"semantics": semantics}
    options = RULES[name].resolve(given)
    counterpart = RULES[name].counterpart(options)
    assert counterpart is not None
    x = torch.nn.Parameter(torch.zeros(1))
    optimizer = real_optimizer(name, lr=0.25, **options)([x])
    assert isinstance(optimizer, torch.optim.Optimizer)
    x.grad = torch.ones(1)
    optimizer.step()
    memory = RULES[name](**given).memory
    # torch's SGD keeps no gradient, and its NAdam a product whose complement is our weight
    assert set(counterpart.state) == set(memory._fields) - {"g", "weight"}
    assert set(counterpart.state.values()) <= set(optimizer.state[x])
    group = optimizer.param_groups[0]
    assert group["lr"] == 0.25
    if "beta1" in options:
        assert group["betas"] == (options["beta1"], options["beta2"])
    assert group.get("eps", 0.0) == options.get("eps", 0.0)


def test_no_real_optimizer_is_made_up() -> None:
    with pytest.raises(KeyError, match="yogi"):
        real_optimizer("yogi", lr=0.1)
