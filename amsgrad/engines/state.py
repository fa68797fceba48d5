"""The state of the scalar engines (reference and compiled), and its form in a file."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.contract import Setup
from amsgrad.regret import EMPTY, RegretSum
from amsgrad.rules.rule import Rule


class State(NamedTuple):
    """Where a scalar engine stands; of a batch, all but `steps` are arrays with an entry a run."""

    steps: int  # steps taken
    x: Any  # x after them, in the run's precision
    memory: Any  # the rule's NamedTuple, in the run's precision
    regret: RegretSum
    slopes: RegretSum  # sum of all slopes, where regret in hindsight is asked for
    finite: Any = True  # False once a recorded step met NaN or infinity


def initial(setup: Setup, rule: Rule) -> State:
    real = setup.dtype
    start = rule.start or (0.0 for _ in rule.memory._fields)
    memory = rule.memory(*map(real, start))
    return State(0, real(setup.x0), memory, EMPTY, EMPTY)


def dump(state: State) -> dict[str, NDArray[Any]]:
    return {
        "steps": np.asarray(state.steps),
        "x": np.asarray(state.x),
        "memory": np.array(state.memory),
        "regret": np.array(state.regret),
        "slopes": np.array(state.slopes),
    }


def load(arrays: Mapping[str, NDArray[Any]], rule: Rule) -> State:
    return State(
        int(arrays["steps"]),
        arrays["x"][()],
        rule.memory(*arrays["memory"]),
        RegretSum(*map(float, arrays["regret"])),
        RegretSum(*map(float, arrays["slopes"])),
    )
