"""The driver of every engine, by which runs, sweeps, figures and the verification advance.

"x after N steps" is after the last update, `state.x`; a record at step k is x_k, before the update
of that step.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.base import NOTHING, Engine, Records, S


def never() -> bool:
    """Return False: the run goes on to its end."""
    return False


def drive(
    engine: Engine[S],
    state: S,
    steps: int,
    record_at: NDArray[np.int64] = NOTHING,
    *,
    piece: Callable[[], int] | None = None,
    stop: Callable[[], bool] = never,
) -> Iterator[tuple[S, Records]]:
    """Advance from `state` until `steps` steps are taken in all; yield after each piece.

    The driver ends early if `stop` returns True before a piece, or once no run is finite any more.

    Args:
        engine: of one run or of a batch.
        state: where to begin.
        steps: the number of the last step, counted from the beginning of the run.
        record_at: numbers of the steps to record, increasing; those up to `state` are left out.
        piece: returns how many steps to take at once; None takes all of them.
        stop: asked before each piece.

    Yields:
        The state after a piece, and the records of that piece.
    """
    while state.steps < steps and not stop():
        done = state.steps
        end = steps if piece is None else min(steps, done + max(piece(), 1))
        low, high = np.searchsorted(record_at, (done, end), side="right")
        state, records = engine.advance(state, end - done, record_at[low:high])
        yield state, records
        if not np.any(state.finite):
            return


def run_to(
    engine: Engine[S], steps: int, record_at: NDArray[np.int64] = NOTHING, start: S | None = None
) -> tuple[S, Records]:
    """Return the state after `steps` steps, and the records on the way.

    Args:
        engine, steps, record_at: as for `drive`.
        start: where to begin; None is the beginning of the run.
    """
    begin = engine.init() if start is None else start
    pieces = list(drive(engine, begin, steps, record_at))
    return pieces[-1] if pieces else (begin, Records.empty(0))
