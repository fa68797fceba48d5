"""The settings of one run: what each is, what it may be, and how it is written to a file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any

import numpy as np
import yaml

from amsgrad.problems import PROBLEMS
from amsgrad.rules import RULES, SEMANTICS
from amsgrad.schedules import BETA1_SCHEDULES, SCHEDULES
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

EPS = " and ".join(f"{eps:g} for {name}" for name, eps in SEMANTICS.items())
ENGINES = ("auto", "compiled", "torch", "reference")
DEVICES = ("cpu", "cuda")
DTYPES = ("float32", "float64")

MOST_RECORDS = 50_000_000  # a float64 trace of as many records takes 1.2 GB


@dataclass(frozen=True, kw_only=True)
class Config:
    """One run: every field is the option and the YAML key of its name, checked when it is made.

    Texts are taken for what they spell. For the rules by name, `semantics`, the betas and `eps`
    are those in force; for a class of another package None stands for its own.
    """

    opt: Annotated[str, Optimizer(tuple(RULES)), "The update rule, or the optimizer class, to run"]
    semantics: Annotated[
        str | None, OneOf(tuple(SEMANTICS)), "Whose Adam and AMSGrad are meant, by default labml's"
    ] = None
    lr: Annotated[float, Real(0), "Step size alpha; 0 keeps x where it is"] = 0.01
    beta1: Annotated[
        float | None, Real(0, below=1), "Decay of m, the mean of the gradients, by default 0.9"
    ] = None
    beta2: Annotated[
        float | None, Real(0, below=1), "Decay of v, the mean of their squares, by default 0.99"
    ] = None
    eps: Annotated[float | None, Real(0), f"Added to the divisor, by default {EPS}"] = None
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

    problem: Annotated[str, OneOf(tuple(PROBLEMS)), "The sequence of slopes of the loss"] = "online"
    period: Annotated[int, Whole(1), "Steps from one big slope to the next"] = 101
    probability: Annotated[float, Real(0, below=1), "How often the stochastic slope is big"] = 0.01
    big: Annotated[float, Real(), "The rare slope: at t mod period = 1, or by chance"] = 1010.0
    small: Annotated[float, Real(), "The slope at every other t"] = -10.0
    first_t: Annotated[int, Whole(0), "Time t of the first step; the paper counts from 1"] = 0
    x0: Annotated[float, Real(-1, 1), "The first x"] = 0.0
    seed: Annotated[int, Whole(0), "Seed of the stochastic slopes, and of a random optimizer"] = 0

    steps: Annotated[int, Whole(1), "Number of steps"] = 10_000_000
    every: Annotated[
        int, Whole(1), "Steps from one record to the next; the last step is always kept"
    ] = 1000
    verify: Annotated[int, Whole(0), "First steps that torch repeats as a check; 0 for none"] = 1000
    engine: Annotated[
        str, OneOf(ENGINES), "What runs the steps; auto takes the fastest that can"
    ] = "auto"
    device: Annotated[str, OneOf(DEVICES), "Where the torch engine computes"] = "cpu"
    dtype: Annotated[str, OneOf(DTYPES), "Precision of the computation"] = "float32"

    def __post_init__(self) -> None:
        for name, setting in SETTINGS.items():
            object.__setattr__(self, name, setting.read(getattr(self, name), name))
        if not self.foreign:
            self._fill_in()
        self._check_pairs()

    def _fill_in(self) -> None:
        """Put the numbers in force where none were given; a class of another has its own."""
        semantics = self.semantics or "labml"
        resolved = {
            "semantics": semantics,
            "beta1": 0.9,
            "beta2": 0.99,
            "eps": SEMANTICS[semantics],
        }
        for name, value in resolved.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)

    @property
    def foreign(self) -> bool:
        """Whether `opt` is a class of another package, and not a rule of ours."""
        return ":" in self.opt

    def _check_pairs(self) -> None:
        only_torch = self.engine in ("compiled", "reference")
        if self.device == "cuda" and only_torch:
            raise ConfigError(f"--device cuda needs --engine torch, but {self.engine} was given")
        if self.foreign and self.semantics is not None:
            raise ConfigError(f"--semantics is for {', '.join(RULES)}, but --opt is {self.opt}")
        if self.foreign and (self.beta1 is None) != (self.beta2 is None):
            raise ConfigError(f"--beta1 and --beta2 go together with --opt {self.opt}; give both")
        if self.foreign and self.beta1_schedule != "constant" and self.beta1 is None:
            raise ConfigError(f"--beta1_schedule needs --beta1 and --beta2 with --opt {self.opt}")
        largest = float(np.finfo(self.dtype).max)
        for name in ("lr", "eps", "big", "small"):
            if abs(getattr(self, name) or 0.0) > largest:
                raise ConfigError(
                    f"--{name} must be at most {largest:.3g} in size with --dtype {self.dtype},"
                    f" but {getattr(self, name)} was given"
                )
        if self.foreign and only_torch:
            raise ConfigError(f"--opt {self.opt} needs --engine torch, but {self.engine} was given")
        if self.first_t + self.steps > INT64:
            raise ConfigError(
                f"--first_t plus --steps must be at most 2**63 - 1, but they are {self.first_t} and"
                f" {self.steps}"
            )
        if self.steps > self.every * MOST_RECORDS:
            raise ConfigError(
                f"--every must be at least {-(-self.steps // MOST_RECORDS)} with --steps"
                f" {self.steps}, for {MOST_RECORDS:,} records at most, but {self.every} was given"
            )


def _setting(annotation: Any, default: Any) -> Setting:
    kind, sentence = annotation.__metadata__
    return Setting(kind, sentence, default)


SETTINGS = {field.name: _setting(field.type, field.default) for field in fields(Config)}


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
