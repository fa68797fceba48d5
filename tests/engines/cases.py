"""One table of cases: rule x semantics, and schedules, first t and dtype spread over them."""

from dataclasses import dataclass
from itertools import cycle, product
from typing import Any

import numpy as np
import pytest

from amsgrad.engines.compiled import Compiled
from amsgrad.engines.base import Setup
from amsgrad.engines.reference import Reference
from amsgrad.engines.torch_loop import TorchLoop
from amsgrad.optimizers.catalog import real_optimizer
from amsgrad.problems.online import Online
from amsgrad.rules import RULES, SEMANTICS
from amsgrad.rules.rule import Rule
from amsgrad.schedules import BETA1_SCHEDULES, SCHEDULES

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
    problem: Online = SEED

    def __post_init__(self) -> None:
        if self.eps is None:
            object.__setattr__(self, "eps", SEMANTICS[self.semantics])

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
        return RULES[self.opt](
            beta1=self.beta1, beta2=self.beta2, eps=self.eps, semantics=self.semantics
        )

    def engine(self, name: str) -> Any:
        if name == "torch":
            numbers = {"beta1": self.beta1, "beta2": self.beta2, "eps": self.eps}
            make = real_optimizer(self.opt, self.semantics, lr=self.lr, **numbers)
            return TorchLoop(self.setup, make)
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

every_case = pytest.mark.parametrize("case", CASES, ids=str)
