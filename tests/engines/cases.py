"""One table of cases: rule x semantics x schedule x first t x dtype."""

from dataclasses import dataclass
from itertools import cycle, product
from typing import Any

import numpy as np
import pytest

from amsgrad.engines.compiled import Compiled
from amsgrad.engines.contract import Setup
from amsgrad.engines.reference import Reference
from amsgrad.engines.torch_loop import TorchLoop
from amsgrad.optimizers.catalog import real_optimizer
from amsgrad.problems.online import Online
from amsgrad.rules import RULES, SEMANTICS
from amsgrad.rules.rule import Rule
from amsgrad.schedules import SCHEDULES

SEED = Online()


@dataclass(frozen=True)
class Case:
    opt: str = "adam"
    semantics: str = "labml"
    schedule: str = "constant"
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
            self.problem, SCHEDULES[self.schedule], self.lr, self.first_t, self.x0, self.dtype
        )

    @property
    def rule(self) -> Rule:
        return RULES[self.opt](
            beta1=self.beta1, beta2=self.beta2, eps=self.eps, semantics=self.semantics
        )

    def engine(self, name: str) -> Any:
        if name == "torch":
            betas = (self.beta1, self.beta2)
            make = real_optimizer(self.opt, self.semantics, lr=self.lr, betas=betas, eps=self.eps)
            return TorchLoop(self.setup, make)
        return {"compiled": Compiled, "reference": Reference}[name](self.setup, self.rule)

    def __str__(self) -> str:
        dtype = np.dtype(self.dtype).name
        return f"{self.opt}-{self.semantics}-{self.schedule}-from{self.first_t}-{dtype}"


# Time from 0 and from 1 alternate; everything else meets everything.
CASES = [
    Case(opt, semantics, schedule, first_t, dtype)
    for first_t, (opt, semantics, schedule, dtype) in zip(
        cycle((0, 1, 1, 0)),  # not in step with the dtypes
        product(RULES, SEMANTICS, SCHEDULES, (np.float32, np.float64)),
        strict=False,
    )
]

every_case = pytest.mark.parametrize("case", CASES, ids=str)
