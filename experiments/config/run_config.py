"""The settings of one run: every option that every run has, and those of its rule and problem."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any

import numpy as np
import yaml

from amsgrad.field_types import INT64, OneOf, Real, Whole, closest
from amsgrad.options import REQUIRED, Option, Role, resolve, shown
from amsgrad.problems import PROBLEMS
from amsgrad.problems.problem import Problem
from amsgrad.rules import RULES
from amsgrad.rules.rule import Rule
from amsgrad.schedules import BETA1_SCHEDULES, LOG_RECORDS, SCHEDULES
from experiments.command import ConfigError, read
from experiments.config.field_types import Optimizer
from experiments.config.own_options import (
    is_foreign,
    options_of_problem,
    options_of_rule,
    problems_with,
    rules_with,
    start_defaults,
    takes,
)

EVERY = 1000
MANY_STEPS = 1_000_000 * EVERY
MOST_RECORDS = 50_000_000  # a float64 trace of as many records takes 1.2 GB


@dataclass(frozen=True, init=False)
class Config:
    """One run: all its settings, checked when it is made.

    `Config(opt="adam", beta2=0.999, period=50)` takes the options of every run, below, and those
    that its rule and its problem declare; texts are read as the values that they spell. An option
    that is not given has its default; one that this rule or problem does not have is ignored. A
    class of another package keeps its own default where None is given.
    """

    opt: Annotated[str, Option(Optimizer(RULES), "The update rule, or the optimizer class, to run")]
    rule_options: Mapping[str, Any]  # the values of the rule's own options
    lr: Annotated[float, Option(Real(0), "Step size alpha; 0 keeps x where it is", free=True)] = (
        0.01
    )
    schedule: Annotated[
        str,
        Option(
            OneOf(SCHEDULES),
            "Step size: lr, lr / sqrt(k) or lr / sqrt(1 + rate k) at step k",
        ),
    ] = "constant"
    schedule_rate: Annotated[
        float, Option(Real(0), "The rate of shifted_inverse_sqrt", free=True)
    ] = 0.01
    beta1_schedule: Annotated[
        str,
        Option(
            OneOf(BETA1_SCHEDULES),
            "Decay of m: beta1, beta1 rate^(k-1) or beta1 / k at step k",
        ),
    ] = "constant"
    beta1_rate: Annotated[float, Option(Real(0, 1), "The rate of exponential", free=True)] = 0.999

    problem: Annotated[str, Option(OneOf(PROBLEMS), "The sequence of losses")] = "online"
    problem_options: Mapping[str, Any] = field(
        default_factory=dict
    )  # the values of the problem's own options
    first_t: Annotated[
        int, Option(Whole(0), f"Time t of the first step{start_defaults('first_t')}")
    ] = None  # type: ignore[assignment]  # the problem's own
    x0: Annotated[
        float, Option(Real(), f"The first x, inside the feasible set{start_defaults('x0')}")
    ] = None  # type: ignore[assignment]  # the problem's own
    seed: Annotated[
        int, Option(Whole(0), "Seed of random losses, and of a random optimizer", free=True)
    ] = 0

    steps: Annotated[int, Option(Whole(1), "Number of steps", Role.LENGTH)] = 10_000_000
    every: Annotated[
        int | None,
        Option(
            Whole(1),
            f"Steps from one record to the next, by default {EVERY}, and beyond {MANY_STEPS:,}"
            f" steps {LOG_RECORDS:,} records evenly over the logarithm; the last step is always"
            " kept",
            Role.WATCHES,
        ),
    ] = None
    verify: Annotated[
        int,
        Option(
            Whole(0),
            "First steps that are checked against torch, or against plain Python where torch has"
            " no such rule",
            Role.MACHINE,
        ),
    ] = 1000
    engine: Annotated[
        str,
        Option(
            OneOf(("auto", "compiled", "torch", "reference")),
            "The engine that runs the steps; auto takes the fastest that can",
            Role.MACHINE,
        ),
    ] = "auto"
    certify: Annotated[
        str,
        Option(
            OneOf(("auto", "yes", "no")),
            "Whether to find the exact cycle of a run at a constant step and to compute no further;"
            " auto where the run must have one",
            Role.MACHINE,
        ),
    ] = "auto"
    device: Annotated[
        str, Option(OneOf(("cpu", "cuda")), "Where the torch engine computes", Role.MACHINE)
    ] = "cpu"
    dtype: Annotated[str, Option(OneOf(("float32", "float64")), "Precision of the computation")] = (
        "float32"
    )

    def __init__(self, **given: Any) -> None:
        for name in given:
            if name not in names():
                raise ConfigError(f"{shown(name)} is not a setting{closest(name, names())}")
        if "opt" not in given:
            raise ConfigError(f"opt must be given: {RUN['opt'].type}")
        for name, option in RUN.items():
            value = read(option, given[name], name) if name in given else option.default
            self._set(name, value)
        rule, problem = options_of_rule(self.opt), options_of_problem(self.problem)
        self._set("rule_options", _resolved(rule, given))
        self._set("problem_options", _resolved(problem, given))
        for name in ("first_t", "x0"):
            if getattr(self, name) is None:
                self._set(name, getattr(PROBLEMS[self.problem], name))
        if self.every is None and self.steps <= MANY_STEPS:
            self._set("every", EVERY)
        self._check_pairs({**RUN, **rule, **problem}, given.get("semantics"))

    @property
    def foreign(self) -> bool:
        """Whether `opt` is a class of another package, and not a rule of ours."""
        return is_foreign(self.opt)

    @property
    def beta1(self) -> float | None:
        """The decay of the first moment, where the rule has one."""
        return self.rule_options.get("beta1")

    def settings(self, *roles: Role) -> dict[str, Any]:
        """Return all settings that are in force by name, or those of these roles.

        `Config(**settings)` is the same Config.
        """
        flat: dict[str, Any] = {}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if entry.name in RUN:
                flat[entry.name] = value
            else:
                flat |= value
        in_force = {name: value for name, value in flat.items() if value is not None}
        if not roles:
            return in_force
        return {n: v for n, v in in_force.items() if n not in RUN or RUN[n].role in roles}

    def make_problem(self) -> Problem:
        """Return the problem with its options; ConfigError where they do not go together."""
        cls = PROBLEMS[self.problem]
        run = {name: getattr(self, name) for name in takes(cls, RUN)}
        try:
            return cls(**self.problem_options, **run)
        except ValueError as error:
            raise ConfigError(f"--{error} with --problem {self.problem}") from None

    def make_rule(self) -> Rule:
        """Return the rule with its options."""
        method = RULES[self.opt]
        run = {name: getattr(self, name) for name in takes(method.make, RUN)}
        return method(**self.rule_options, **run)

    def with_numbers(self, numbers: Mapping[str, Any]) -> "Config":
        """Return the same run with other values of free options, unchecked.

        That takes a tenth of the time of a check of all settings. An option that the rule or the
        problem does not have is left out.
        """
        changed: Config = object.__new__(Config)
        changed.__dict__.update(self.__dict__)
        for part in ("rule_options", "problem_options"):
            own = getattr(self, part)
            mine = {name: numbers[name] for name in own if name in numbers}
            changed.__dict__[part] = {**own, **mine}
        changed.__dict__.update({name: numbers[name] for name in RUN if name in numbers})
        return changed

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _check_pairs(self, options: Mapping[str, Option], semantics: Any) -> None:
        only_torch = self.engine in ("compiled", "reference")
        if self.device == "cuda" and only_torch:
            raise ConfigError(f"--device cuda needs --engine torch, but {self.engine} was given")
        if self.foreign and semantics is not None:
            raise ConfigError(f"--semantics is for adam and amsgrad, but --opt is {self.opt}")
        if self.foreign and (self.beta1 is None) != (self.rule_options.get("beta2") is None):
            raise ConfigError(f"--beta1 and --beta2 go together with --opt {self.opt}; give both")
        if self.beta1_schedule != "constant" and self.beta1 is None:
            needs = "--beta1 and --beta2 with" if self.foreign else "a rule with a beta1, not"
            raise ConfigError(f"--beta1_schedule needs {needs} --opt {self.opt}")
        largest = float(np.finfo(self.dtype).max)
        for name, value in self.settings().items():
            if isinstance(options[name].type, Real) and abs(value) > largest:
                raise ConfigError(
                    f"--{name} must be at most {largest:.3g} in size with --dtype {self.dtype},"
                    f" but {value} was given"
                )
        problem = self.make_problem()
        if not problem.lower <= self.x0 <= problem.upper:
            raise ConfigError(
                f"--x0 must be a number in [{problem.lower:g}, {problem.upper:g}] with --problem"
                f" {self.problem}, but {self.x0:g} was given"
            )
        needs_torch = self.device == "cuda" or self.engine == "torch"
        if (
            needs_torch
            and not self.foreign
            and RULES[self.opt].counterpart(self.rule_options) is None
        ):
            with_torch = ", ".join(name for name, method in RULES.items() if method.counterparts)
            raise ConfigError(
                f"--device {self.device} --engine {self.engine} needs a torch optimizer, which"
                f" exists for {with_torch} and package.module:Class only, but --opt {self.opt} was"
                " given"
            )
        if self.foreign and only_torch:
            raise ConfigError(f"--opt {self.opt} needs --engine torch, but {self.engine} was given")
        if self.first_t + self.steps > INT64:
            raise ConfigError(
                f"--first_t plus --steps must be at most 2**63 - 1, but they are {self.first_t} and"
                f" {self.steps}"
            )
        if self.certify == "yes" and (self.foreign or self.engine in ("torch", "reference")):
            raise ConfigError(
                f"--certify yes needs a rule and --engine compiled, but --opt {self.opt} --engine"
                f" {self.engine} was given"
            )
        if self.every is not None and self.steps > self.every * MOST_RECORDS:
            raise ConfigError(
                f"--every must be at least {-(-self.steps // MOST_RECORDS)} with --steps"
                f" {self.steps}, for {MOST_RECORDS:,} records at most, but {self.every} was given"
            )


def _run_options() -> dict[str, Option]:
    options = {}
    for entry in fields(Config):
        for part in getattr(entry.type, "__metadata__", ()):
            default = REQUIRED if entry.name == "opt" else entry.default
            options[entry.name] = replace(part, default=default)
    return options


RUN = _run_options()  # the options that every run has


def names() -> list[str]:
    """Return the names of all settings, those of every rule and problem among them.

    Raises:
        TypeError: one name is an option of a rule and of a problem, or of every run.
    """
    rule, problem = list(rules_with()), list(problems_with())
    twice = {name for name in RUN if name in rule + problem} | set(rule).intersection(problem)
    if twice:
        raise TypeError(f"the option {min(twice)} has two owners; rename one of them")
    at = list(RUN).index
    order = list(RUN)
    order[at("problem") + 1 : at("problem") + 1] = problem
    order[at("opt") + 1 : at("opt") + 1] = rule
    return order


def _resolved(options: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a rule's or a problem's options: those given, read, and defaults."""
    own = {
        name: read(option, given[name], name)
        for name, option in options.items()
        if given.get(name) is not None
    }
    values = resolve(options, own)
    return {name: value for name, value in values.items() if value is not None}


def to_yaml(config: Config) -> str:
    """Return every setting in force as YAML; `Config(**settings)` of it is the same Config."""
    return str(yaml.safe_dump(config.settings(), sort_keys=False, allow_unicode=True))
