"""The loop of a run: when to track, to save and to stop; it knows no mathematics."""

import time
from typing import NamedTuple

from amsgrad.engines.base import Records, RunEngine, State
from amsgrad.engines.driver import drive
from amsgrad.schedules import is_tracked, record_steps, with_early_steps
from experiments.run import checkpoint
from experiments.run.folder import RunFolder
from experiments.run.progress import Progress
from experiments.signals import Stop
from experiments.tracking.labml_tracker import Tracker

FIRST_PIECE = 1000  # steps
SECONDS_A_PIECE = 0.1  # so soon does a run answer to Ctrl-C
SECONDS_BETWEEN_CHECKPOINTS = 2.0
CHECKPOINT_SHARE = 0.05  # of the time at most: a long trace takes long to write
TRACKED_AT_ONCE = 2000  # few enough to answer to Ctrl-C at once
HINDSIGHT = "average_hindsight_regret"


class Outcome(NamedTuple):
    """The end of a run: `finished`, `interrupted` or `diverged`."""

    status: str
    state: State
    records: Records
    computing: float  # seconds spent in the engine
    tracking: float  # seconds spent in the tracker


def run(
    engine: RunEngine,
    state: State,
    records: Records,
    *,
    steps: int,
    every: int | None,
    folder: RunFolder,
    tracker: Tracker,
    progress: Progress,
    stop: Stop,
) -> Outcome:
    """Advance from `state`, whose records so far are `records`, to `steps` or until stopped.

    The tracker gets the records of `record_steps(steps, every)`. The steps that a picture needs
    besides are recorded only.
    """
    parts = [records]

    def save() -> None:
        parts[:] = [Records.join(parts)]
        checkpoint.save(folder.checkpoint, engine.dump(state), parts[0])

    def watched(some: Records) -> Records:
        return some.where(is_tracked(some.step, steps, every))

    record_at = record_steps(steps, every)
    if every is not None:
        record_at = with_early_steps(record_at)
    before = watched(records)
    for start in range(0, before.step.size, TRACKED_AT_ONCE):
        if not stop.asked:
            track(tracker, before.part(start, start + TRACKED_AT_ONCE))
    computing = tracking = saving = 0.0
    length = FIRST_PIECE
    saved = began = time.monotonic()
    pieces = drive(
        engine,
        state,
        steps,
        record_at,
        piece=lambda: length,
        stop=lambda: stop.asked,
    )
    try:
        for state, new in pieces:
            computed = time.monotonic()
            track(tracker, watched(new))
            tracked = time.monotonic()
            computing += computed - began
            tracking += tracked - computed
            parts.append(new)
            progress.update(state.steps)
            # Towards what takes SECONDS_A_PIECE, cautiously: the first call may compile.
            length = int(min(8 * length, max(1, length * SECONDS_A_PIECE / (tracked - began))))
            if tracked - saved > max(SECONDS_BETWEEN_CHECKPOINTS, saving / CHECKPOINT_SHARE):
                save()
                saved = time.monotonic()
                saving = saved - tracked
            began = time.monotonic()
    except Exception:
        save()
        raise
    save()
    status = "finished" if state.steps == steps else "interrupted"
    return Outcome(status if state.finite else "diverged", state, parts[0], computing, tracking)


def track(tracker: Tracker, records: Records) -> None:
    """Hand the records to the tracker."""
    tracked = [name for name in Records._fields[1:] if name != HINDSIGHT or records.in_hindsight]
    columns = [getattr(records, name).tolist() for name in tracked]
    for step, *values in zip(records.step.tolist(), *columns, strict=True):
        tracker.save(step, dict(zip(tracked, values, strict=True)))
