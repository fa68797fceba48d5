"""The settings of one run: every option that every run has, and those of its rule and problem."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any

from amsgrad.config.own_options import (
    is_foreign,
    options_of_problem,
    options_of_rule,
    parameters,
    problems_with,
    rules_with,
    start_defaults,
)
from amsgrad.config.together import check_owners, check_together
from amsgrad.field_types import OneOf, Real, Whole, closest
from amsgrad.options import REQUIRED, ConfigError, Option, Role, resolve, shown
from amsgrad.problems import PROBLEMS
from amsgrad.problems.problem import Problem
from amsgrad.registry import Named
from amsgrad.rules import RULES
from amsgrad.rules.form import Form
from amsgrad.rules.memory_text import MemoryText, with_memory
from amsgrad.rules.rule import Rule
from amsgrad.schedules import BETA1_SCHEDULES, LOG_RECORDS, SCHEDULES

STEPS = 10_000_000
EAGER_STEPS = 200_000
EVERY = 1000
MANY_STEPS = 1_000_000 * EVERY


@dataclass(frozen=True, init=False)
class Config:
    """One run: all its settings, checked when it is made.

    `Config(opt="adam", beta2=0.999, period=50)` takes the options of every run, below, and those
    that its rule and its problem declare; texts are read as the values that they spell. An option
    that is not given has its default; one that this rule or problem does not have is ignored. A
    class of another package keeps its own default where None is given.
    """

    opt: Annotated[
        str,
        Option(
            Named(RULES, "a torch optimizer or a rule"),
            "The update rule, or the torch optimizer, to run",
        ),
    ]
    rule_options: Mapping[str, Any]  # the values of the rule's own options
    lr: Annotated[float, Option(Real(0), "Step size alpha; 0 keeps x where it is", free=True)] = (
        0.01
    )
    schedule: Annotated[
        str,
        Option(
            OneOf(SCHEDULES), "Step size at step k: lr, lr/sqrt(k), lr/sqrt(1+rate k), lr/k^rate"
        ),
    ] = "constant"
    schedule_rate: Annotated[
        float, Option(Real(0), "Rate of shifted_inverse_sqrt; inverse_power needs it", free=True)
    ] = 0.01
    beta1_schedule: Annotated[
        str,
        Option(
            OneOf(BETA1_SCHEDULES),
            "Decay of m: beta1, beta1 rate^(k-1) or beta1 / k at step k",
        ),
    ] = "constant"
    beta1_rate: Annotated[float, Option(Real(0, 1), "The rate of exponential", free=True)] = 0.999

    problem: Annotated[str, Option(Named(PROBLEMS, "a problem"), "The sequence of losses")] = (
        "online"
    )
    problem_options: Mapping[str, Any] = field(
        default_factory=dict
    )  # the values of the problem's own options
    first_t: Annotated[
        int, Option(Whole(0), f"Time t of the first step{start_defaults('first_t')}")
    ] = None  # type: ignore[assignment]  # the problem's own
    x0: Annotated[
        float, Option(Real(), f"The first x, inside the feasible set{start_defaults('x0')}")
    ] = None  # type: ignore[assignment]  # the problem's own
    memory0: Annotated[
        str | None,
        Option(MemoryText(), "State variables before the first step, by default mostly 0"),
    ] = None
    seed: Annotated[
        int, Option(Whole(0), "Seed of random losses, and of a random optimizer", free=True)
    ] = 0

    steps: Annotated[
        int,
        Option(
            Whole(1),
            f"Number of steps, by default {STEPS:,}, and {EAGER_STEPS:,} in the torch engine, where"
            " 10,000 take about a second",
            Role.LENGTH,
        ),
    ] = None  # type: ignore[assignment]  # by the engine
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
            "Whether to find the exact cycle of a run, or at a decaying step its law, and to"
            " compute no further; auto where it can have one",
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
        for name, options in (("opt", options_of_rule), ("problem", options_of_problem)):
            if given.get(name) is not None:  # its own options are known from here on
                options(RUN[name].read(given[name], name))
        known = names()
        unknown = [name for name in given if name not in known]
        if unknown:
            hint = closest(unknown[0], known)
            raise ConfigError(f"{shown(unknown[0])} is not a setting{hint}")
        if "opt" not in given:
            raise ConfigError(f"opt must be given: {RUN['opt'].type}")
        for name, option in RUN.items():
            value = option.read(given[name], name) if name in given else option.default
            self._set(name, value)
        rule, problem = options_of_rule(self.opt), options_of_problem(self.problem)
        check_owners(self.opt, self.problem, rule if not self.foreign else {}, problem, RUN)
        if self.foreign:
            rule = {n: option for n, option in rule.items() if n not in {**RUN, **problem}}
        self._set("rule_options", _resolved(rule, given))
        self._set("problem_options", _resolved(problem, given))
        for name, option in rule.items():
            if (
                option.default is REQUIRED
                and option.default_by is None
                and name not in self.rule_options
            ):
                raise ConfigError(f"--opt {self.opt} needs --{name}: {option.type}")
        if self.schedule == "inverse_power" and "schedule_rate" not in given:
            raise ConfigError("--schedule inverse_power needs --schedule_rate, the power of k")
        for name in ("first_t", "x0"):
            if getattr(self, name) is None:
                self._set(name, getattr(PROBLEMS[self.problem], name))
        if self.steps is None:
            self._set("steps", EAGER_STEPS if self.engine_name == "torch" else STEPS)
        if self.every is None and self.steps <= MANY_STEPS:
            self._set("every", EVERY)
        if self.foreign and given.get("semantics") is not None:
            raise ConfigError(f"--semantics is for adam and amsgrad, but --opt is {self.opt}")
        check_together(self.settings(), {**RUN, **rule, **problem}, self.make_problem())
        if self.memory0 is not None:
            self.make_rule()  # refuses the name of another variable

    @property
    def foreign(self) -> bool:
        """Whether `opt` is a class of another package, and not a rule of ours."""
        return is_foreign(self.opt)

    @property
    def engine_name(self) -> str:
        """The engine; auto is compiled where there is a rule and no GPU is asked for."""
        if self.engine != "auto":
            return self.engine
        return "torch" if self.foreign or self.device == "cuda" else "compiled"

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
        cls: Any = PROBLEMS[self.problem]
        run = {name: getattr(self, name) for name in parameters(cls) & RUN.keys()}
        try:
            problem: Problem = cls(**self.problem_options, **run)
        except ValueError as error:
            raise ConfigError(f"--{error} with --problem {self.problem}") from None
        return problem

    def make_rule(self) -> Rule:
        """Return the rule with its options."""
        method = RULES[self.opt]
        run = {name: getattr(self, name) for name in parameters(method.make) & RUN.keys()}
        rule = method(**self.rule_options, **run)
        return rule if self.memory0 is None else with_memory(rule, self.memory0)

    def make_form(self) -> Form | None:
        """Return the closed form of the rule's steps on periodic slopes, where it has one.

        A form takes the memory to begin as the rule's own does: a maximum never forgets its start.
        """
        if self.memory0 is not None:
            return None
        method = RULES[self.opt]
        run = {name: getattr(self, name) for name in parameters(method.make) & RUN.keys()}
        return method.form_with(**self.rule_options, **run)

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


def _run_options() -> dict[str, Option]:
    options = {}
    for entry in fields(Config):
        for part in getattr(entry.type, "__metadata__", ()):
            default = REQUIRED if entry.name == "opt" else entry.default
            options[entry.name] = replace(part, default=default)
    return options


RUN = _run_options()  # the options that every run has


def names() -> list[str]:
    """Return the names of all settings, those of every known rule and problem included."""
    rule = [name for name in rules_with() if name not in RUN]
    problem = [name for name in problems_with() if name not in {*RUN, *rule}]
    at = list(RUN).index
    order = list(RUN)
    order[at("problem") + 1 : at("problem") + 1] = problem
    order[at("opt") + 1 : at("opt") + 1] = rule
    return order


def _resolved(options: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a rule's or a problem's options: those given, read, and defaults."""
    own = {
        name: option.read(given[name], name)
        for name, option in options.items()
        if given.get(name) is not None
    }
    values = resolve(options, own)
    return {name: value for name, value in values.items() if value is not None}
