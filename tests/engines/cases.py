"""One table of cases: rule x semantics, and schedules, first t and dtype spread over them."""

from dataclasses import dataclass
from itertools import cycle, product
from typing import Any

import numpy as np
import pytest

from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.reference import Reference
from amsgrad.problems.online import Online
from amsgrad.problems.problem import Problem
from amsgrad.rules import RULES
from amsgrad.rules.adam import SEMANTICS
from amsgrad.rules.method import Counterpart
from amsgrad.rules.rule import Rule
from amsgrad.schedules import BETA1_SCHEDULES, SCHEDULES
from tests.marks import slow

SEED = Online()
RATES = {"schedule_rate": 0.02, "beta1_rate": 0.99}


@dataclass(frozen=True)
class Case:
    opt: str = "adam"
    semantics: str = "labml"
    schedule: str = "constant"
    beta1_schedule: str = "constant"
    first_t: int = 0
    dtype: Any = np.float64
    lr: float = 1e-2
    beta1: float = 0.9
    beta2: float = 0.99
    x0: float = 0.0
    eps: float | None = None
    problem: Problem = SEED

    def __post_init__(self) -> None:
        object.__setattr__(self, "eps", self.options.get("eps"))

    @property
    def options(self) -> dict[str, Any]:
        given = {name: getattr(self, name) for name in ("beta1", "beta2", "eps", "semantics")}
        return RULES[self.opt].resolve(given)

    @property
    def setup(self) -> Setup:
        return Setup(
            problem=self.problem,
            lr=self.lr,
            schedule=SCHEDULES[self.schedule],
            beta1_schedule=BETA1_SCHEDULES[self.beta1_schedule],
            first_t=self.first_t,
            x0=self.x0,
            dtype=self.dtype,
            **RATES,
        )

    @property
    def rule(self) -> Rule:
        return RULES[self.opt](**self.options)

    @property
    def counterpart(self) -> Counterpart:
        found = RULES[self.opt].counterpart(self.options)
        assert found is not None
        return found

    def engine(self, name: str) -> Any:
        if name == "torch":  # torch takes seconds to import
            from amsgrad.engines.torch_loop import TorchLoop
            from amsgrad.optimizers.catalog import real_optimizer

            return TorchLoop(self.setup, real_optimizer(self.opt, lr=self.lr, **self.options))
        return {"compiled": Compiled, "reference": Reference}[name](self.setup, self.rule)

    def __str__(self) -> str:
        dtype = np.dtype(self.dtype).name
        schedules = f"{self.schedule}-{self.beta1_schedule}"
        return f"{self.opt}-{self.semantics}-{schedules}-from{self.first_t}-{dtype}"


# Both rules with every semantics in both precisions; the cycles are out of step with one another.
CASES = [
    Case(opt, semantics, schedule, beta1_schedule, first_t, dtype)
    for (opt, semantics, dtype), schedule, beta1_schedule, first_t in zip(
        product(("adam", "amsgrad"), SEMANTICS, (np.float32, np.float64)),
        cycle(SCHEDULES),
        cycle(("constant", "exponential", "constant", "harmonic")),
        cycle((0, 1, 1, 0)),
        strict=False,
    )
]
# Each rule with each semantics in one precision, with every schedule and first t among them.
QUICK = [case for i, case in enumerate(CASES) if i % 8 in (0, 3, 5, 6)]

every_case = pytest.mark.parametrize(
    "case", [case if case in QUICK else slow(case) for case in CASES], ids=str
)
