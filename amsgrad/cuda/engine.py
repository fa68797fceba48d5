"""The engine for very many runs at once: `Batch` on an NVIDIA GPU, a thread per run."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from amsgrad.cuda.driver import Driver
from amsgrad.engines.base import Engine, Records, Setup, State
from amsgrad.rules.rule import Rule


class Cuda(Engine[State]):
    """Each run has the bits of `Reference`, as in `Batch`, whose interface this is.

    Args:
        setups: one per run.
        rules: one per run, all made by one method.
        device: its number, from 0.
        driver: of the device; None opens that of this machine.

    Raises:
        ValueError: the list is empty, or the runs are not of one kind (`Batch`).
        Refused: no GPU has the bits of this CPU for them (`refusal.py`).
        NoDevice: there is no such device.
    """

    def __init__(
        self,
        setups: Sequence[Setup],
        rules: Sequence[Rule],
        device: int = 0,
        driver: Driver | None = None,
    ) -> None:
        raise NotImplementedError

    def piece(self, runs: int) -> int:
        raise NotImplementedError

    def init(self) -> State:
        raise NotImplementedError

    def advance(
        self, state: State, steps: int, record_at: NDArray[np.int64]
    ) -> tuple[State, Records]:
        raise NotImplementedError
