"""Settings that do not go together, although each of them is allowed by itself."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from amsgrad.config.own_options import is_foreign
from amsgrad.field_types import INT64
from amsgrad.options import ConfigError, Option, shown
from amsgrad.problems.problem import Problem
from amsgrad.rules import RULES

MOST_RECORDS = 50_000_000  # a float64 trace of as many records takes 1.2 GB


def check_together(
    settings: Mapping[str, Any], options: Mapping[str, Option], problem: Problem
) -> None:
    """Refuse settings that do not go together.

    Args:
        settings: all settings in force.
        options: the option of each.
        problem: made from them.

    Raises:
        ConfigError: one sentence about the first pair.
    """
    _check_engine(settings)
    _check_numbers(settings, options, problem)
    steps, every, first_t = settings["steps"], settings.get("every"), settings["first_t"]
    if first_t + steps > INT64:
        raise ConfigError(
            f"--first_t plus --steps must be at most 2**63 - 1, but they are {first_t} and {steps}"
        )
    if every is not None and steps > every * MOST_RECORDS:
        raise ConfigError(
            f"--every must be at least {-(-steps // MOST_RECORDS)} with --steps {steps}, for"
            f" {MOST_RECORDS:,} records at most, but {every} was given"
        )


def check_owners(
    opt: str,
    problem: str,
    of_rule: Collection[str],
    of_problem: Collection[str],
    of_run: Collection[str],
) -> None:
    """Refuse two options of one name.

    Args:
        opt, problem: the names of both.
        of_rule: the options of the rule; none of a torch optimizer, whose keyword then keeps its
            default.
        of_problem, of_run: the others.

    Raises:
        ConfigError: one sentence about the first such option.
    """
    twice = {*of_run} & {*of_problem} | {*of_rule} & {*of_run, *of_problem}
    if twice:
        raise ConfigError(
            f"the option {min(twice)} is one of --opt {opt} --problem {problem} and has another"
            " owner, too; rename it"
        )


def _check_engine(settings: Mapping[str, Any]) -> None:
    opt, engine, device = (settings[name] for name in ("opt", "engine", "device"))
    foreign, only_rules = is_foreign(opt), engine in ("compiled", "reference")
    if device == "cuda" and only_rules:
        raise ConfigError(f"--device cuda needs --engine torch, but {engine} was given")
    if foreign and only_rules:
        raise ConfigError(f"--opt {opt} needs --engine torch, but {engine} was given")
    if settings.get("memory0") is not None and (foreign or engine == "torch" or device == "cuda"):
        raise ConfigError(
            f"--memory0 needs a rule and --engine compiled or reference, but --opt {opt} --engine"
            f" {engine} --device {device} was given"
        )
    needs_torch = not foreign and (device == "cuda" or engine == "torch")
    if needs_torch and RULES[opt].counterpart(settings) is None:
        with_torch = ", ".join(name for name, method in RULES.items() if method.counterparts)
        raise ConfigError(
            f"--device {device} --engine {engine} needs a torch optimizer, which exists for"
            f" {with_torch} and package.module:Class only, but --opt {opt} was given"
        )
    if settings["certify"] == "yes" and (foreign or engine in ("torch", "reference")):
        raise ConfigError(
            f"--certify yes needs a rule and --engine compiled, but --opt {opt} --engine {engine}"
            " was given"
        )


def _check_numbers(
    settings: Mapping[str, Any], options: Mapping[str, Option], problem: Problem
) -> None:
    opt, foreign = settings["opt"], is_foreign(settings["opt"])
    beta1, x0 = settings.get("beta1"), settings["x0"]
    if foreign and (beta1 is None) != (settings.get("beta2") is None):
        raise ConfigError(f"--beta1 and --beta2 go together with --opt {opt}; give both")
    if settings["beta1_schedule"] != "constant" and beta1 is None:
        needs = "--beta1 and --beta2 with" if foreign else "a rule with a beta1, not"
        raise ConfigError(f"--beta1_schedule needs {needs} --opt {opt}")
    largest = float(np.finfo(settings["dtype"]).max)
    for name, value in settings.items():
        if options[name].type.size(value) > largest:
            raise ConfigError(
                f"--{name} must be at most {largest:.3g} in size with --dtype"
                f" {settings['dtype']}, but {shown(value)} was given"
            )
    rate = settings["schedule_rate"]
    if settings["schedule"] == "inverse_power" and not 0 < rate <= 1:
        raise ConfigError(
            "--schedule_rate must be a power above 0 and at most 1 with --schedule inverse_power,"
            f" but {rate:g} was given"
        )
    if not problem.lower <= x0 <= problem.upper:
        raise ConfigError(
            f"--x0 must be a number in [{problem.lower:g}, {problem.upper:g}] with --problem"
            f" {settings['problem']}, but {x0:g} was given"
        )
