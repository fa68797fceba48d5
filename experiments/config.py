"""The settings of one run: what each is, what it may be, and how it is written to a file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any

import numpy as np
import yaml

from amsgrad import problems, rules
from amsgrad.problems import PROBLEMS
from amsgrad.problems.problem import Problem
from amsgrad.rules import RULES, SEMANTICS, TORCH_RULES
from amsgrad.schedules import BETA1_SCHEDULES, LOG_RECORDS, SCHEDULES
from experiments.kinds import (
    INT64,
    ConfigError,
    OneOf,
    Optimizer,
    Real,
    Setting,
    Whole,
    closest,
    shown,
)

EPS = ", ".join(f"{eps:g} for {name}" for name, eps in SEMANTICS.items())
ENGINES = ("auto", "compiled", "torch", "reference")
DEVICES = ("cpu", "cuda")
DTYPES = ("float32", "float64")

CERTIFY = ("auto", "yes", "no")

EVERY = 1000
MANY_STEPS = 1_000_000 * EVERY
MOST_RECORDS = 50_000_000  # a float64 trace of as many records takes 1.2 GB

RULE_OPTIONS = set().union(*map(rules.option_names, RULES))
PROBLEM_NUMBERS = set().union(*map(problems.parameter_names, PROBLEMS)) - {"seed"}

# The papers count from 1, the seed program from 0; at its optimum 0 adafom would stay.
STARTS = {name: {"first_t": 1, "x0": 0.0} for name in PROBLEMS}
STARTS["online"]["first_t"] = 0
STARTS["adafom"]["x0"] = 1.0
LATER: Any = None  # never seen: __post_init__ puts the problem's own in its place


def by_rule(option: str, before: str = ", by default ") -> str:
    """The defaults of an option that rules have, in words for --help."""
    return _in_words({rule: rules.defaults(rule).get(option) for rule in RULES}, before)


def by_problem(number: str) -> str:
    """The defaults of a number that problems have, likewise."""
    values = {name: problems.defaults(name).get(number) for name in PROBLEMS}
    return _in_words(values, ", by default ")


def by_start(name: str) -> str:
    """Where the problems start by default, likewise."""
    return _in_words({problem: STARTS[problem][name] for problem in PROBLEMS}, ", by default ")


def _in_words(values: Mapping[str, Any], before: str) -> str:
    owners: dict[str, list[str]] = {}
    for name, value in values.items():
        if value is not None:
            text = value if isinstance(value, str) else f"{value:g}"
            owners.setdefault(text, []).append(name)
    commonest = max(owners, key=lambda text: len(owners[text]))
    if len(owners) == 1:
        return before + commonest
    others = [f"{text} for {' '.join(owners[text])}" for text in owners if text != commonest]
    return f"{before}{', '.join(others)} and {commonest} for the others"


@dataclass(frozen=True, kw_only=True)
class Config:
    """One run: every field is the option and the YAML key of its name, checked when it is made.

    Texts are taken for what they spell. An option of the rule or a number of the problem that is
    not given has the default of that rule or problem; one that they do not have is None. For a
    class of another package None stands for its own default.
    """

    opt: Annotated[str, Optimizer(tuple(RULES)), "The update rule, or the optimizer class, to run"]
    semantics: Annotated[
        str | None,
        OneOf(tuple(SEMANTICS)),
        "Whose Adam and AMSGrad are meant: of paper without correction and eps, of torch and optax"
        " with eps after the correction, of keras and labml before it; optax maximises the"
        " corrected v; by default labml's",
    ] = None
    lr: Annotated[float, Real(0), "Step size alpha; 0 keeps x where it is"] = 0.01
    beta1: Annotated[
        float | None, Real(0, below=1), f"Decay of m, the mean of the gradients{by_rule('beta1')}"
    ] = None
    beta2: Annotated[
        float | None, Real(0, below=1), f"Decay of v, the mean of their squares{by_rule('beta2')}"
    ] = None
    eps: Annotated[
        float | None, Real(0), f"Added to the divisor, by default {EPS}{by_rule('eps', ', ')}"
    ] = None
    window: Annotated[
        int | None, Whole(1, 64), f"Gradients that adashift averages{by_rule('window')}"
    ] = None
    power: Annotated[
        float | None,
        Real(above=0, most=0.5),
        f"Power of vmax that divides in padam{by_rule('power')}",
    ] = None
    final_lr: Annotated[
        float | None,
        Real(0),
        f"Where the bounds of adabound and amsbound meet{by_rule('final_lr')}",
    ] = None
    gamma: Annotated[
        float | None, Real(above=0, below=1), f"How fast those bounds meet{by_rule('gamma')}"
    ] = None
    schedule: Annotated[
        str,
        OneOf(tuple(SCHEDULES)),
        "Step size: lr, lr / sqrt(k) or lr / sqrt(1 + rate k) at step k",
    ] = "constant"
    schedule_rate: Annotated[float, Real(0), "The rate of shifted_inverse_sqrt"] = 0.01
    beta1_schedule: Annotated[
        str,
        OneOf(tuple(BETA1_SCHEDULES)),
        "Decay of m: beta1, beta1 rate^(k-1) or beta1 / k at step k",
    ] = "constant"
    beta1_rate: Annotated[float, Real(0, 1), "The rate of exponential"] = 0.999

    problem: Annotated[str, OneOf(tuple(PROBLEMS)), "The sequence of losses"] = "online"
    period: Annotated[
        int | None, Whole(1), f"Steps from one big slope to the next{by_problem('period')}"
    ] = None
    probability: Annotated[
        float | None,
        Real(0, below=1),
        f"How often the stochastic slope is big{by_problem('probability')}",
    ] = None
    big: Annotated[float | None, Real(), f"The rare slope{by_problem('big')}"] = None
    small: Annotated[float | None, Real(), f"The slope else{by_problem('small')}"] = None
    delta: Annotated[
        float | None, Real(0), f"Mean slope of theorem3 and adashift{by_problem('delta')}"
    ] = None
    a: Annotated[
        float | None, Real(0), f"How far the batches of zhang disagree{by_problem('a')}"
    ] = None
    order: Annotated[
        str | None, OneOf(("cyclic", "random")), f"Order of those batches{by_problem('order')}"
    ] = None
    first_t: Annotated[int, Whole(0), f"Time t of the first step{by_start('first_t')}"] = LATER
    x0: Annotated[float, Real(), f"The first x, inside the feasible set{by_start('x0')}"] = LATER
    seed: Annotated[int, Whole(0), "Seed of random losses, and of a random optimizer"] = 0

    steps: Annotated[int, Whole(1), "Number of steps"] = 10_000_000
    every: Annotated[
        int | None,
        Whole(1),
        f"Steps from one record to the next, by default {EVERY}, and beyond {MANY_STEPS:,} steps"
        f" {LOG_RECORDS:,} records evenly over the logarithm; the last step is always kept",
    ] = None
    verify: Annotated[
        int,
        Whole(0),
        "First steps that are held to torch, or to plain Python where torch has no such rule",
    ] = 1000
    engine: Annotated[
        str, OneOf(ENGINES), "What runs the steps; auto takes the fastest that can"
    ] = "auto"
    certify: Annotated[
        str,
        OneOf(CERTIFY),
        "Whether to find the exact cycle of a run at a constant step and to compute no further;"
        " auto where the run must have one",
    ] = "auto"
    device: Annotated[str, OneOf(DEVICES), "Where the torch engine computes"] = "cpu"
    dtype: Annotated[str, OneOf(DTYPES), "Precision of the computation"] = "float32"

    def __post_init__(self) -> None:
        for name, setting in SETTINGS.items():
            object.__setattr__(self, name, setting.read(getattr(self, name), name))
        self._fill_in()
        self._check_pairs()

    def _fill_in(self) -> None:
        """Put the numbers in force where none were given, and None where they have no effect."""
        if not self.foreign:
            resolved = rules.defaults(self.opt)
            if "semantics" in resolved:
                resolved["eps"] = SEMANTICS[self.semantics or "labml"]
            self._resolve(RULE_OPTIONS, resolved)
        self._resolve(PROBLEM_NUMBERS, problems.defaults(self.problem))
        self._resolve({"first_t", "x0"}, STARTS[self.problem])
        if self.every is None and self.steps <= MANY_STEPS:
            object.__setattr__(self, "every", EVERY)

    def _resolve(self, names: set[str], resolved: Mapping[str, Any]) -> None:
        for name in names:
            if name not in resolved or getattr(self, name) is None:
                object.__setattr__(self, name, resolved.get(name))

    def make_problem(self) -> Problem:
        """The problem with its numbers; ConfigError where they do not go together."""
        numbers = {name: getattr(self, name) for name in problems.parameter_names(self.problem)}
        try:
            problem: Problem = PROBLEMS[self.problem](**numbers)
        except ValueError as error:
            raise ConfigError(f"--{error} with --problem {self.problem}") from None
        return problem

    @property
    def foreign(self) -> bool:
        """Whether `opt` is a class of another package, and not a rule of ours."""
        return ":" in self.opt

    def _check_pairs(self) -> None:
        only_torch = self.engine in ("compiled", "reference")
        if self.device == "cuda" and only_torch:
            raise ConfigError(f"--device cuda needs --engine torch, but {self.engine} was given")
        if self.foreign and self.semantics is not None:
            raise ConfigError(f"--semantics is for adam and amsgrad, but --opt is {self.opt}")
        if self.foreign and (self.beta1 is None) != (self.beta2 is None):
            raise ConfigError(f"--beta1 and --beta2 go together with --opt {self.opt}; give both")
        if self.beta1_schedule != "constant" and self.beta1 is None:
            needs = "--beta1 and --beta2 with" if self.foreign else "a rule with a beta1, not"
            raise ConfigError(f"--beta1_schedule needs {needs} --opt {self.opt}")
        largest = float(np.finfo(self.dtype).max)
        for name in ("lr", "eps", "big", "small", "delta", "a", "x0"):
            if abs(getattr(self, name) or 0.0) > largest:
                raise ConfigError(
                    f"--{name} must be at most {largest:.3g} in size with --dtype {self.dtype},"
                    f" but {getattr(self, name)} was given"
                )
        problem = self.make_problem()
        if not problem.lower <= self.x0 <= problem.upper:
            raise ConfigError(
                f"--x0 must be a number in [{problem.lower:g}, {problem.upper:g}] with --problem"
                f" {self.problem}, but {self.x0:g} was given"
            )
        needs_torch = self.device == "cuda" or self.engine == "torch"
        if needs_torch and not self.foreign and self.opt not in TORCH_RULES:
            given = f"--device {self.device} --engine {self.engine}"
            raise ConfigError(
                f"{given} needs a torch optimizer, which stands behind {', '.join(TORCH_RULES)}"
                f" and package.module:Class only, but --opt {self.opt} was given"
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


def _setting(annotation: Any, default: Any) -> Setting:
    kind, sentence = annotation.__metadata__
    return Setting(kind, sentence, default)


SETTINGS = {field.name: _setting(field.type, field.default) for field in fields(Config)}
for _name in RULE_OPTIONS | PROBLEM_NUMBERS:
    if _name not in SETTINGS:
        raise TypeError(f"the option {_name} of a rule or problem needs a field in Config")


def from_mapping(given: Mapping[str, object]) -> Config:
    """The Config of a mapping from names to values; the rest has its default."""
    if not isinstance(given, Mapping):
        raise ConfigError(f"settings must be a mapping of names to values, not {shown(given)}")
    for name in given:
        if name not in SETTINGS:
            raise ConfigError(f"{shown(name)} is no setting{closest(name, SETTINGS)}")
    if "opt" not in given:
        raise ConfigError(f"opt must be given: {SETTINGS['opt'].kind}")
    return Config(**given)  # type: ignore[arg-type]


def to_yaml(config: Config) -> str:
    """Every setting in the order of the fields; `from_mapping` of it is the same Config."""
    return str(yaml.safe_dump(asdict(config), sort_keys=False, allow_unicode=True))
