"""One table of cases: every rule, on both problems, with either step size, in both precisions."""

from dataclasses import dataclass, field
from inspect import signature
from itertools import product
from typing import Any

import numpy as np
import pytest

from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import drive
from amsgrad.engines.reference import Reference
from amsgrad.problems.online import Online
from amsgrad.problems.stochastic import Stochastic
from amsgrad.rules import RULES
from amsgrad.rules.rule import Rule
from amsgrad.schedules import BETA1_SCHEDULES, SCHEDULES
from tests import naive_rules
from tests.marks import slow

PROBLEMS = {"online": Online(), "stochastic": Stochastic(seed=7)}
BETA1_RATE = 0.99
STEPS = 4200  # past the last settling step in the table, 3735


def with_lr(opt: str, lr: float) -> dict[str, float]:
    """Return the first step size as an option of those rules that need it."""
    return {"lr": lr} if "lr" in signature(RULES[opt].make).parameters else {}


@dataclass(frozen=True)
class Case:
    opt: str
    options: dict[str, Any] = field(default_factory=dict)  # what is not the rule's default
    lr: float = 1e-2
    problem: str = "online"
    schedule: str = "constant"
    beta1_schedule: str = "constant"
    dtype: Any = np.float64

    @property
    def setup(self) -> Setup:
        return Setup(
            problem=PROBLEMS[self.problem],
            lr=self.lr,
            schedule=SCHEDULES[self.schedule],
            beta1_schedule=BETA1_SCHEDULES[self.beta1_schedule],
            beta1_rate=BETA1_RATE,
            dtype=self.dtype,
        )

    @property
    def builder_options(self) -> dict[str, Any]:
        first = with_lr(self.opt, self.lr)
        return {**RULES[self.opt].resolve(self.options), **first}

    @property
    def rule(self) -> Rule:
        return RULES[self.opt](**self.builder_options)

    @property
    def reference(self) -> Reference:
        return Reference(self.setup, self.rule)

    @property
    def compiled(self) -> Compiled:
        return Compiled(self.setup, self.rule)

    def gradients(self, steps: int) -> list[float]:
        if self.problem == "online":
            return naive_rules.online(steps)
        p = PROBLEMS["stochastic"].parameters(float)
        with np.errstate(over="ignore"):
            return [float(Stochastic.select(t, 0, p)) for t in range(1, steps + 1)]

    def alphas(self, steps: int) -> list[float]:
        return naive_rules.step_sizes(steps, self.lr, self.schedule)

    def betas(self, steps: int) -> list[float]:
        beta1 = self.builder_options.get("beta1", 0.0)
        return naive_rules.momenta(steps, beta1, self.beta1_schedule, BETA1_RATE)

    def oracle(self, steps: int) -> list[dict[str, float]]:
        options = {name: value for name, value in self.builder_options.items() if name != "beta1"}
        sequences = self.gradients(steps), self.alphas(steps), self.betas(steps)
        return naive_rules.run(self.opt, *sequences, **options)

    def __str__(self) -> str:
        options = "".join(f"-{name}{value}" for name, value in self.options.items())
        where = f"{self.problem}-{self.schedule}-{self.beta1_schedule}"
        return f"{self.opt}{options}-{where}-{np.dtype(self.dtype).name}"


def walk(engine: Any, steps: int) -> list[dict[str, float]]:
    """Return a dict per step: x after it, and the rule's state variables."""
    states = drive(engine, engine.init(), steps, piece=lambda: 1)
    return [{"x": state.x, **state.memory._asdict()} for state, _ in states]


# beta2 = .99 where there is bias correction: it settles at step 3725, inside the tests. Yogi's v
# climbs by (1 - beta2) 100 per step towards 100: with .99 it would stop there on the last bit, and
# rounding would decide sign(v - g^2); with .987 it steps over 100.
RULE_CASES: list[tuple[str, dict[str, Any], float]] = [
    ("sgd", {}, 1e-3),
    ("rmsprop", {}, 1e-2),
    ("rmsprop", {"eps": 0.0, "beta2": 0.9}, 1e-2),
    ("adagrad", {}, 0.5),
    ("adamnc", {}, 1e-2),
    ("adamx", {}, 1e-2),
    ("adopt", {}, 1e-2),
    ("adopt", {"beta2": 0.9}, 1e-2),
    ("adopt_unclipped", {}, 1e-2),
    ("adashift", {"beta2": 0.99}, 1e-2),
    ("adashift", {"beta2": 0.99, "window": 1, "beta1": 0.0}, 1e-2),
    ("adashift", {"beta2": 0.99, "window": 3, "beta1": 1.0}, 1e-2),
    # eps = 1: while the gradient stays the same g - m falls to its rounding error, and s with it
    ("acprop", {"beta2": 0.99, "eps": 1.0}, 1e-3),
    ("acprop", {"beta2": 0.98, "beta1": 0.5, "eps": 1.0}, 1e-3),
    ("yogi", {"beta2": 0.987}, 1e-2),
    ("padam", {"beta2": 0.99}, 1e-3),
    ("padam", {"beta2": 0.99, "power": 0.5}, 1e-2),
    ("adabound", {"beta2": 0.99, "final_lr": 1e-4}, 1e-2),
    ("amsbound", {"beta2": 0.99, "final_lr": 1e-4}, 1e-2),
    ("signum", {}, 1e-3),
    ("ef_signum", {}, 1e-3),
    ("lion", {}, 1e-3),
    # as acprop: without an eps that is beside the rounding of g - m a step is what rounding left
    ("adabelief", {"beta2": 0.99, "eps": 1e-2}, 1e-3),
    ("nadam", {"beta2": 0.99, "momentum_decay": 0.4}, 1e-2),  # mu settles at step 2,250
    ("adamax", {"beta2": 0.99}, 1e-2),
]
CIRCUMSTANCES = [
    ("online", "constant", "constant"),
    ("online", "inverse_sqrt", "exponential"),
    ("stochastic", "constant", "harmonic"),
    ("stochastic", "inverse_sqrt", "constant"),
]
CASES = [
    Case(opt, options, lr, *circumstances, dtype)
    for (opt, options, lr), circumstances, dtype in product(
        RULE_CASES, CIRCUMSTANCES, (np.float32, np.float64)
    )
]
# Every rule in both precisions, the circumstances going round.
SOME_CASES = [CASES[8 * i + 2 * (i % 4) + j] for i in range(len(RULE_CASES)) for j in range(2)]
QUICK_CASES = [SOME_CASES[2 * i + i % 2] for i in range(len(RULE_CASES))]  # in one of them
every_case = pytest.mark.parametrize(
    "case", [case if case in QUICK_CASES else slow(case) for case in CASES], ids=str
)
OPTS = list(dict.fromkeys(opt for opt, _, _ in RULE_CASES))
# Every rule in one precision, and all its options in the same circumstances, so that they have one
# compiled loop: each takes a second to compile.
COMPILED_CASES = [
    Case(opt, options, lr, *CIRCUMSTANCES[i % 4], (np.float32, np.float64)[(i + i // 4) % 2])
    for opt, options, lr in RULE_CASES
    for i in [OPTS.index(opt)]
]
