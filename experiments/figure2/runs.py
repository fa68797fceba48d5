"""All runs of a panel: those that are kept are taken, the others trained and kept."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from amsgrad.optimizers.threads import one_thread
from experiments.figure2.images import ImageData
from experiments.figure2.plan import Cell, cells, file_of, record_at
from experiments.figure2.question import Asked
from experiments.figure2.training import Training, TrainingSet
from experiments.files.atomic import write_bytes, write_text
from experiments.files.regular import read_regular
from experiments.files.strict_json import to_json
from experiments.run.progress import Progress
from experiments.tracking.labml_tracker import Tracker

SECONDS_BETWEEN_CHECKPOINTS = 2.0
CHECKPOINT_SHARE = 0.05  # of the time at most
PIECE = 20  # iterations between two looks at Ctrl-C


class Run(NamedTuple):
    """A finished run."""

    records: list[tuple[int, float, float]]  # iterations done, train and test loss
    seconds: float
    origin: Mapping[str, Any]  # of the code: commit, dirty


def kept(asked: Asked, data: ImageData, folder: Path) -> dict[Cell, Run]:
    """Return the runs that are finished."""
    found = {}
    for cell in cells(asked):
        with suppress(OSError, ValueError, TypeError, KeyError):  # missing or damaged: run again
            run = _read(file_of(folder, asked, cell, data.sha256))
            if [record[0] for record in run.records] == record_at(asked):
                found[cell] = run
    return found


def train_all(
    asked: Asked,
    data: ImageData,
    folder: Path,
    *,
    origin: Mapping[str, Any],
    tracker: Tracker,
    stop: Callable[[], bool],
) -> dict[Cell, Run]:
    """Return all runs, and train those that are not kept.

    Where `stop` returns True, the run under way is saved; it and those after it are left out.
    """
    found = kept(asked, data, folder)
    total, before = len(cells(asked)) * asked.iterations, len(found) * asked.iterations
    images = TrainingSet(data)
    with one_thread(), Progress(total, before) as progress:
        for cell in cells(asked):
            if cell in found:
                continue
            file = file_of(folder, asked, cell, data.sha256)
            training = _begin(asked, cell, images, file.with_suffix(".checkpoint"))
            done = _train(
                training, asked, cell, file.with_suffix(".checkpoint"),
                tracker=tracker, stop=stop,
                told=partial(_tell, progress, len(found) * asked.iterations),
            )  # fmt: skip
            if not done:
                return found
            run = Run(training.records, training.seconds, origin)
            write_text(file, to_json(run._asdict()) + "\n")
            run = _read(file)  # also what was trained just now: infinity is null in JSON
            file.with_suffix(".checkpoint").unlink(missing_ok=True)
            found[cell] = run
    return {cell: found[cell] for cell in cells(asked)}


def _read(file: Path) -> Run:
    stored = json.loads(read_regular(file))
    return Run([tuple(record) for record in stored["records"]], stored["seconds"], stored["origin"])


def _tell(progress: Progress, before: int, iterations: int) -> None:
    progress.update(before + iterations)


def _begin(asked: Asked, cell: Cell, images: TrainingSet, checkpoint: Path) -> Training:
    """Return the run at its checkpoint, or at its beginning where none can be read."""
    with suppress(Exception):
        training = Training(asked.panel, cell, images)
        training.load(read_regular(checkpoint))
        return training
    return Training(asked.panel, cell, images)


def _train(
    training: Training,
    asked: Asked,
    cell: Cell,
    checkpoint: Path,
    *,
    tracker: Tracker,
    stop: Callable[[], bool],
    told: Callable[[int], None],
) -> bool:
    """Train, and save checkpoints from time to time; return False where a signal has come."""

    def track(iteration: int, train: float, test: float) -> None:
        tracker.save(iteration, {f"loss.train.{cell.name}": train, f"loss.test.{cell.name}": test})

    for record in training.records:  # of the process before, which had a tracker of its own
        track(*record)
    recorded = {record[0] for record in training.records}
    saved, saving = time.monotonic(), 0.0
    for at in record_at(asked):
        if at in recorded:
            continue
        while training.iterations < at:
            training.advance(min(at, training.iterations + PIECE))
            told(training.iterations)
            late = time.monotonic() - saved > max(
                SECONDS_BETWEEN_CHECKPOINTS, saving / CHECKPOINT_SHARE
            )
            stopped = stop()
            if late or stopped:
                began = time.monotonic()
                write_bytes(checkpoint, training.dump())
                saved = time.monotonic()
                saving = saved - began
            if stopped:
                return False
        track(at, *training.record())
    return True
