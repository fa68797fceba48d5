"""One table of cases: every rule and problem in both precisions, the schedules going round."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import cycle
from typing import Any

import numpy as np

from amsgrad.cuda.driver import Driver
from amsgrad.cuda.engine import Cuda
from amsgrad.engines.agreement import first_difference
from amsgrad.engines.base import Records, Setup, State
from amsgrad.engines.driver import run_to
from amsgrad.engines.reference import Reference
from amsgrad.problems import PROBLEMS
from amsgrad.problems.problem import Problem
from amsgrad.rules import RULES
from amsgrad.rules.rule import Rule
from amsgrad.schedules import BETA1_SCHEDULES, SCHEDULES, record_steps
from tests.cuda.stand_in import StandIn
from tests.rules.cases import with_lr
from tests.same import same

REFUSED = ("padam",)
RUNS = 3


@dataclass(frozen=True)
class Case:
    opt: str
    problem: str
    schedule: str = "constant"
    beta1_schedule: str = "constant"
    dtype: Any = np.float32
    options: tuple[tuple[str, Any], ...] = ()  # of the rule
    losses: tuple[tuple[str, Any], ...] = ()  # options of the problem
    steps: int = 700

    def problems(self) -> list[Problem]:
        cls = PROBLEMS[self.problem]
        names = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        given = dict(self.losses)
        if "seed" in names:
            return [cls(seed=i, **given) for i in range(RUNS)]
        if self.problem == "online":
            return [cls(big=1010.0 + 10 * i, **given) for i in range(RUNS)]
        return [cls(**given) for _ in range(RUNS)]

    def runs(self) -> tuple[list[Setup], list[Rule]]:
        """Runs that differ in all their numbers; the memory soon repeats with the period."""
        setups, rules = [], []
        own = RULES[self.opt].options
        for i, problem in enumerate(self.problems()):
            lr, beta2 = (0.1, 0.5, 0.01)[i], (0.5, 0.75, 0.9)[i]
            given = {
                "beta1": (0.5, 0.25, 0.0)[i],
                "beta2": beta2,
                "eps": 1e-12,
                **dict(self.options),
            }
            setups.append(
                Setup(
                    *(problem, lr, SCHEDULES[self.schedule], (0.3, 0.6, 1.0)[i]),
                    *(BETA1_SCHEDULES[self.beta1_schedule], (0.99, 0.9, 0.5)[i]),
                    first_t=(0, 1)[len(own) % 2],
                    x0=(-0.5, 0.25, 1.0)[i],
                    dtype=self.dtype,
                )
            )
            chosen = {name: value for name, value in given.items() if name in own}
            rules.append(RULES[self.opt](**chosen, **with_lr(self.opt, lr)))
        return setups, rules

    def __str__(self) -> str:
        others = [str(value) for _, value in self.options + self.losses]
        names = [self.opt, *others, self.problem, self.schedule, self.beta1_schedule]
        return "-".join([*names, np.dtype(self.dtype).name])


def _cases() -> list[Case]:
    opts = [opt for opt in RULES if opt not in REFUSED]
    times = max(len(opts), len(PROBLEMS))
    rows = zip(
        range(times),
        cycle(opts),
        cycle(PROBLEMS),
        cycle(["constant", "inverse_sqrt", "constant", "shifted_inverse_sqrt", *SCHEDULES]),
        cycle(["constant", "exponential", "constant", "constant", "constant", "harmonic"]),
    )  # every problem comes in order and at a constant step, or with a decaying one
    return [Case(*row, dtype) for _, *row in rows for dtype in (np.float32, np.float64)]


MORE = [
    *(
        Case("amsgrad", "online", dtype=np.float64, options=(("semantics", s),))
        for s in ("torch", "optax")
    ),
    Case("adam", "online", losses=(("period", 500),), steps=1700),  # a table in the device's memory
    Case("yogi", "online", losses=(("period", 5000),)),  # no table
    Case("amsgrad", "sequence", losses=(("slopes", "3,-1,-1,0.5"), ("order", "shuffled"))),
    Case("amsgrad", "sequence", losses=(("slopes", "3,-1,-1,0.5"), ("order", "drawn"))),
]
CASES = [*_cases(), *MORE]
TABLE = Case("amsgrad", "online")  # in the memory that a block shares
DRAWS = Case("adam", "stochastic", "inverse_sqrt", "exponential", np.float64)
QUICK = [TABLE, DRAWS]


def engine(case: Case, library: StandIn) -> Cuda:
    setups, rules = case.runs()
    return Cuda(setups, rules, driver=Driver(library=library))


def assert_runs(
    state: State, records: Records, setups: Sequence[Setup], rules: Sequence[Rule]
) -> None:
    """Check that each run has the numbers of the reference engine, to the bit.

    A run by itself ends at the first record that is not finite.
    """
    for i, definition in enumerate(map(Reference, setups, rules)):
        expected, rows = run_to(definition, state.steps, records.step)
        step, *columns = records.part(0, rows.step.size)
        assert same(Records(step, *(column[:, i] for column in columns)), rows)
        if expected.steps == state.steps:
            assert first_difference(state.run(i), expected) is None
        assert state.finite[i] == expected.finite


def recorded(case: Case) -> Any:
    return record_steps(case.steps, 37)
