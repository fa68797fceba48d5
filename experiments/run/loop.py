"""The loop around an engine: decides when to stop, to track and to save; knows no mathematics."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from amsgrad.engines.base import Engine, Records
from amsgrad.schedules import record_steps
from experiments.run import checkpoint
from experiments.run.folder import RunFolder
from experiments.run.progress import Progress
from experiments.tracking.labml_tracker import Tracker

FIRST_CHUNK = 1000  # steps
SECONDS_A_CHUNK = 0.1  # so soon does a run answer to Ctrl-C
SECONDS_BETWEEN_CHECKPOINTS = 2.0
CHECKPOINT_SHARE = 0.05  # of the time at most: a long trace takes long to write
HINDSIGHT = "average_hindsight_regret"


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `finished`, `interrupted` or `diverged`."""

    status: str
    state: Any
    records: Records
    computing: float  # seconds spent in the engine
    tracking: float  # seconds spent in the tracker


class Stop:
    """Asked by the first SIGINT or SIGTERM; a second SIGINT is Python's KeyboardInterrupt."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        self.asked = True
        print("stopping; once more to leave at the last checkpoint", file=sys.stderr)
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def raising_at_sigterm() -> Iterator[None]:
    """Let SIGTERM end what is not yet, or no longer, a running loop as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def stopping() -> Iterator[Stop]:
    """Let SIGINT and SIGTERM end the run after its chunk; give the signals back at the end."""
    stop = Stop()
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(
    engine: Engine[Any],
    state: Any,
    records: Records,
    *,
    steps: int,
    every: int | None,
    folder: RunFolder,
    tracker: Tracker,
    progress: Progress,
    stop: Stop,
) -> Outcome:
    """Advance from `state`, whose records so far are `records`, to `steps` or until stopped."""
    record_at = record_steps(steps, every)
    parts = [records]
    for start in range(0, records.step.size, 2000):  # few enough to answer to Ctrl-C at once
        if not stop.asked:
            track(tracker, records.part(start, start + 2000))
    computing = tracking = 0.0
    saved = time.monotonic()
    saving = 0.0
    chunk = FIRST_CHUNK
    while not stop.asked and state.steps < steps:
        began = time.monotonic()
        end = min(state.steps + chunk, steps)
        low, high = np.searchsorted(record_at, (state.steps, end), side="right")
        try:
            state, new = engine.advance(state, end - state.steps, record_at[low:high])
        except Exception:
            checkpoint.save(folder.checkpoint, engine.dump(state), Records.join(parts))
            raise
        computed = time.monotonic()
        track(tracker, new)
        tracked = time.monotonic()
        computing += computed - began
        tracking += tracked - computed
        parts.append(new)
        progress.update(state.steps)
        if not state.finite:
            status = "diverged"
            break
        # Towards the length that takes SECONDS_A_CHUNK, cautiously: the first call may compile.
        chunk = int(min(8 * chunk, max(1, chunk * SECONDS_A_CHUNK / (tracked - began))))
        if tracked - saved > max(SECONDS_BETWEEN_CHECKPOINTS, saving / CHECKPOINT_SHARE):
            parts = [Records.join(parts)]
            checkpoint.save(folder.checkpoint, engine.dump(state), parts[0])
            saved = time.monotonic()
            saving = saved - tracked
    else:
        status = "interrupted" if state.steps < steps else "finished"
    records = Records.join(parts)
    checkpoint.save(folder.checkpoint, engine.dump(state), records)
    return Outcome(status, state, records, computing, tracking)


def track(tracker: Tracker, records: Records) -> None:
    """Hand the records to the tracker."""
    tracked = [name for name in Records._fields[1:] if name != HINDSIGHT or records.in_hindsight]
    columns = [getattr(records, name).tolist() for name in tracked]
    for step, *values in zip(records.step.tolist(), *columns, strict=True):
        tracker.save(step, dict(zip(tracked, values, strict=True)))
