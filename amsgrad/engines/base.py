"""The contract of the engines: what they take and return, and the state of a run.

An engine is `init() -> state` and `advance(state, steps, record_at) -> state, records`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from amsgrad.problems.problem import Problem
from amsgrad.regret import EMPTY, RegretSum
from amsgrad.rules.rule import Rule
from amsgrad.schedules import Schedule, constant

NOTHING: Final = np.empty(0, np.int64)  # no step is recorded
PIECE: Final = 50_000_000  # runs x steps of a compiled engine in about 0.1 s


class Records(NamedTuple):
    """The tracked quantities, a row per recorded step; all are at x_t, before its update."""

    step: NDArray[np.int64]  # 1-based number of the step
    x: NDArray[np.float64]  # x_t
    regret: NDArray[np.float64]  # f_t(x_t) - f_t(x*)
    average_regret: NDArray[np.float64]  # R / step
    # the same against the best fixed point so far; NaN where the problem does not ask for it
    average_hindsight_regret: NDArray[np.float64]

    @property
    def in_hindsight(self) -> bool:
        """True if the regret against the best fixed point in hindsight was kept."""
        return not bool(np.isnan(self.average_hindsight_regret).all())

    @classmethod
    def empty(cls, size: int) -> "Records":
        columns = (np.full(size, np.nan) for _ in cls._fields[1:])
        return cls(np.empty(size, np.int64), *columns)

    @classmethod
    def from_rows(cls, rows: "list[tuple[int, float, float, float, float]]") -> "Records":
        records = cls.empty(len(rows))
        for i, row in enumerate(rows):
            for column, entry in zip(records, row, strict=True):
                column[i] = entry
        return records

    def part(self, start: int, stop: int) -> "Records":
        step, *columns = self
        return Records(step[start:stop], *(column[start:stop] for column in columns))

    def where(self, chosen: NDArray[np.bool_]) -> "Records":
        step, *columns = self
        return Records(step[chosen], *(column[chosen] for column in columns))

    @classmethod
    def join(cls, parts: "list[Records]") -> "Records":
        """Join the records of consecutive pieces of one run."""
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class Trajectory(NamedTuple):
    """The path of a real optimizer: values after each of its first steps."""

    name: str  # the optimizer's class
    x: list[float]
    memory: dict[str, list[float]]  # by the optimizer's own names


@dataclass(frozen=True)
class Setup:
    """Everything but the optimizer that decides the numbers of a run.

    Args:
        problem: losses, feasible set and comparator.
        lr: alpha, >= 0.
        schedule: alpha_k as a function of the step k = 1, 2, ..., of lr and of schedule_rate.
        schedule_rate: how fast it falls, where the schedule has a choice.
        beta1_schedule: beta1_k, likewise of the rule's beta1 and of beta1_rate.
        beta1_rate: how fast it falls, where the schedule has a choice.
        first_t: the problem's time at the first step; the paper starts at 1, the seed program at 0.
        x0: the starting point, inside the feasible set.
        dtype: the arithmetic of x and of the optimizer's state.
    """

    problem: Problem
    lr: float
    schedule: Schedule = constant
    schedule_rate: float = 0.0
    beta1_schedule: Schedule = constant
    beta1_rate: float = 0.0
    first_t: int = 1
    x0: float = 0.0
    dtype: Any = np.float32

    def alpha(self, k: int) -> float:
        """Return the step size of step k."""
        return self.schedule(k, self.lr, self.schedule_rate)

    def beta1(self, k: int, beta1: float) -> float:
        """Return the decay of the first moment at step k, for a rule with this beta1."""
        return self.beta1_schedule(k, beta1, self.beta1_rate)


class State(NamedTuple):
    """The state of a run; of a batch, all but `steps` are arrays with an entry per run."""

    steps: int  # steps taken
    x: Any  # x after them, in the run's precision
    memory: Any  # the rule's NamedTuple, in the run's precision; of torch's optimizers, bytes
    regret: RegretSum
    slopes: RegretSum  # sum of all slopes, where regret in hindsight is asked for
    finite: Any = True  # False once a recorded step met NaN or infinity

    def run(self, i: int) -> "State":
        """Return the state of run i of a batch."""
        memory = type(self.memory)(*(entry[i] for entry in self.memory))
        regret, slopes = (RegretSum(*(part[i] for part in s)) for s in (self.regret, self.slopes))
        return State(self.steps, self.x[i], memory, regret, slopes, self.finite[i])


class Standing(Protocol):
    """The entries that every state has."""

    @property
    def steps(self) -> int: ...

    @property
    def finite(self) -> Any: ...


S = TypeVar("S", bound=Standing)


class Engine(ABC, Generic[S]):
    """A way to run a setup. The state is a value: it can be kept, compared, saved and resumed.

    Advancing by a + b steps gives the same bits as advancing by a and then by b.
    """

    certificate: Any = None  # proves the limit of the run (`amsgrad/cycles`), if one was found
    law: Any = None  # of the run at a decaying step (`amsgrad/laws`), if one was found
    no_law: str | None = None  # why none was found, as a sentence ends
    stepped_to: int | None = None  # the step after which to look for the law next, if one may come

    def piece(self, runs: int) -> int:
        """Return how many steps of so many runs take about 0.1 s: a run answers to Ctrl-C then."""
        return max(1, PIECE // runs)

    @abstractmethod
    def init(self) -> S:
        """Return the state before the first step."""

    @abstractmethod
    def advance(self, state: S, steps: int, record_at: NDArray[np.int64]) -> tuple[S, Records]:
        """Take steps; record those whose numbers stand in `record_at` (increasing).

        An engine of one run stops after the first recorded step that meets NaN or infinity; the
        `finite` of its state is then False.
        """


class RunEngine(Engine[State]):
    """An engine of one run, whose state can be saved."""

    defaults: Mapping[str, Any] = {}  # a torch optimizer's own, as it resolved them

    @abstractmethod
    def dump(self, state: State) -> dict[str, NDArray[Any]]:
        """Return the state as named arrays, for a file."""

    @abstractmethod
    def load(self, arrays: Mapping[str, NDArray[Any]]) -> State:
        """Return the state that `dump` gave, to the bit."""


class ScalarEngine(RunEngine):
    """An engine of one run of a rule: its state is a few numbers."""

    def __init__(self, setup: Setup, rule: Rule) -> None:
        self.setup = setup
        self.rule = rule

    def init(self) -> State:
        real = self.setup.dtype
        start = self.rule.start or (0.0 for _ in self.rule.memory._fields)
        return State(0, real(self.setup.x0), self.rule.memory(*map(real, start)), EMPTY, EMPTY)

    def dump(self, state: State) -> dict[str, NDArray[Any]]:
        return {name: np.asarray(getattr(state, name)) for name in State._fields[:-1]}

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> State:
        return State(
            int(arrays["steps"]),
            arrays["x"][()],
            self.rule.memory(*arrays["memory"]),
            RegretSum(*map(float, arrays["regret"])),
            RegretSum(*map(float, arrays["slopes"])),
        )


def check_records(record_at: NDArray[np.int64], done: int, steps: int) -> None:
    """Refuse steps to record that are not increasing, or not among those to be taken.

    Raises:
        ValueError: they are not.
    """
    if record_at.size and not (
        done < record_at[0] and record_at[-1] <= done + steps and (np.diff(record_at) > 0).all()
    ):
        raise ValueError(
            f"the recorded steps must increase and lie in {done + 1} to {done + steps}, the steps"
            " to be taken"
        )
