"""What a command line can ask about a rule."""

import pytest

from amsgrad.rules import RULES, defaults, option_names

# As published: by torch.optim, by the authors' code, or by the papers.
PUBLISHED = {
    "adam": {"beta1": 0.9, "beta2": 0.99, "semantics": "labml"},
    "amsgrad": {"beta1": 0.9, "beta2": 0.99, "semantics": "labml"},
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
}


def test_every_rule_has_its_published_defaults() -> None:
    assert {rule: defaults(rule) for rule in RULES} == PUBLISHED


@pytest.mark.parametrize("rule", RULES)
def test_the_options_are_the_builders_without_lr(rule: str) -> None:
    required = {"eps"} if rule in ("adam", "amsgrad") else set()
    assert set(option_names(rule)) == set(PUBLISHED[rule]) | required


def test_options_keep_the_builders_order() -> None:
    assert option_names("adam") == ("beta1", "beta2", "eps", "semantics")
    assert option_names("adashift") == ("beta1", "beta2", "eps", "window")
    assert option_names("sgd") == ()


@pytest.mark.parametrize("name", RULES)
def test_a_rule_carries_the_name_it_is_listed_under(name: str) -> None:
    required = {"adam": {"eps": 0.0}, "amsgrad": {"eps": 0.0}}.get(name, {})
    lr = {"lr": 0.1} if name in ("adabound", "amsbound") else {}
    rule = RULES[name](**required, **lr)
    assert rule.name == name
    assert rule.beta1 == defaults(name).get("beta1", 0.0)
