"""One sweep from its file to its chunks."""

import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.files import provenance
from experiments.config.field_types import ConfigError
from experiments.run.loop import stopping
from experiments.files.strict_json import to_json
from experiments.sweeps.cluster import SchedulerLost, connected, in_cluster
from experiments.sweeps.dry_run import cores, dry_run
from experiments.sweeps.kernels import kernels, versions
from experiments.sweeps.local import in_threads
from experiments.sweeps.numba_cache import use_own_cache
from experiments.sweeps.plan import Plan, make_plan
from experiments.sweeps.run import Executor, Filling, Outcome
from experiments.sweeps.store import Store
from experiments.sweeps.sweep_file import read_sweep
from experiments.sweeps.task import (
    Product,
    Task,
    produce,
    produce_anywhere,
    produce_on_this_machine,
)
from experiments.sweeps.reporter import Telling
from experiments.tracking.labml_tracker import labml_tracker

if TYPE_CHECKING:
    from experiments.sweep import Invocation


def run_sweep(asked: "Invocation", arguments: Sequence[str]) -> int:
    """Plan, compute, write, tell; return the exit status.

    Raises:
        ConfigError, StoreError: before anything is written.
    """
    plan = make_plan(read_sweep(asked.config))
    numbers = range(asked.shard[0], len(plan.works), asked.shard[1])
    if asked.dry_run:
        return dry_run(plan, asked.json)
    if asked.shard[1] > 1:
        use_own_cache()
    with _executing(asked) as executor_of:
        try:
            store = Store.create(asked.out, identity(plan), _provenance(arguments))
        except OSError as error:
            raise ConfigError(f"--out {asked.out} cannot be written ({error.strerror})") from None
        again = f"python -m experiments.sweep {shlex.join(arguments)}"
        return _fill(asked, plan, store, numbers, executor_of, again)


def identity(plan: Plan) -> dict[str, Any]:
    """All that decides what the chunks hold."""
    first = asdict(plan.first)
    return {
        "sweep": plan.sweep.document(),
        "first_cell": {name: value for name, value in first.items() if value is not None},
        "cells": plan.cells,
        "chunks": len(plan.works),
        "kernels": kernels(),
        "versions": versions(),
    }


def _fill(
    asked: "Invocation",
    plan: Plan,
    store: Store,
    numbers: Sequence[int],
    executor_of: Any,
    again: str,
) -> int:
    began = time.monotonic()
    filling = Filling(plan, store, numbers, asked.fail_fast)
    telling = Telling(filling.missing, filling.cost, len(numbers) - filling.missing)
    if filling.outcome.damaged:
        telling.warn(f"damaged chunks, which are computed again: {len(filling.outcome.damaged)}")
    outcome, why = filling.outcome, ""
    if filling.missing:
        with stopping() as stop, _tracked(asked, plan, telling) as tracker:
            executor = executor_of(lambda: stop.asked or filling.halt, telling)
            try:
                filling.run(executor, lambda: stop.asked, telling, tracker)
            except OSError as error:
                why = f"{asked.out} cannot be written ({error.strerror}); make room"
            except SchedulerLost:
                why = "the scheduler no longer answers; start it again"
            finally:
                telling.close()
            outcome.interrupted = stop.asked
            tracker.conclude("interrupted" if stop.asked else "diverged" if why else "finished")
    status = _status(outcome, why)
    there = outcome.skipped + outcome.computed + outcome.by_others
    summary = {
        "sweep": asked.config.stem,
        "status": status,
        "cells": plan.cells,
        "chunks": len(numbers),
        "computed": outcome.computed,
        "skipped": outcome.skipped + outcome.by_others,
        "damaged": len(outcome.damaged),
        "failed": outcome.failed,
        "lost": outcome.lost,
        "seconds": time.monotonic() - began,
        "steps_per_second": telling.rate if outcome.computed else None,
        "out": str(asked.out),
    }
    lines = [_report(summary, outcome, telling)]
    if why:
        lines.append(f"sweep: error: {why}, then go on with {again}")
    elif there < len(numbers):
        lines.append(f"go on with: {again}")
    else:
        lines.append(f"next: python -m experiments.sweep merge {shlex.quote(str(asked.out))}")
    print("\n".join(lines), file=sys.stderr if asked.json or why else sys.stdout)
    if asked.json:
        print(to_json(summary))
    sys.stdout.flush()
    return {"finished": 0, "interrupted": 130}.get(status, 1)


def _status(outcome: Outcome, why: str) -> str:
    if why or (not outcome.interrupted and (outcome.failed or outcome.lost)):
        return "failed"
    return "interrupted" if outcome.interrupted else "finished"


def _report(summary: dict[str, Any], outcome: Outcome, telling: Telling) -> str:
    rate = f", {telling.rate:.2g} configurations x steps/s" if outcome.computed else ""
    return (
        f"{summary['sweep']} {summary['status']}: of {summary['chunks']:,} chunks"
        f" {summary['computed']:,} computed and {summary['skipped']:,} there before,"
        f" {outcome.failed:,} of {outcome.cells:,} cells failed or diverged,"
        f" {summary['seconds']:.1f} s{rate}"
    )


@contextmanager
def _executing(asked: "Invocation") -> Iterator[Any]:
    """Yield what makes an executor; connect to a cluster before anything is written."""
    if asked.scheduler is not None or asked.workers is not None:
        compute = produce_on_this_machine if asked.scheduler is None else produce_anywhere
        with connected(asked.scheduler, asked.workers) as client:
            yield (
                lambda stop, telling: (
                    lambda tasks: in_cluster(client, tasks, compute, stop, telling.warn)
                )
            )
        return

    def in_this_process(stop: Any, telling: Telling) -> Executor:
        def compute(task: Task) -> Product:
            return produce(task, stop)

        return lambda tasks: in_threads(compute, tasks, asked.threads or cores(), stop)

    yield in_this_process


def _tracked(asked: "Invocation", plan: Plan, telling: Telling) -> Any:
    axes = {name: f"{len(values)} values" for name, values in plan.sweep.axes.items()}
    shard = f", shard {asked.shard[0]}/{asked.shard[1]}" if asked.shard[1] > 1 else ""
    return labml_tracker(
        name="sweep",
        comment=f"{asked.config.stem}: {plan.cells:,} cells over {', '.join(axes)}{shard}",
        tags=("sweep", asked.config.stem),
        python_file=Path(__file__).parents[1] / "sweep.py",
        defaults={},
        chosen={**plan.sweep.base, **axes},
        folder=asked.out / "labml",
        app=asked.app,
        warn=lambda sentence: telling.warn(f"warning: {sentence}"),
    )


def _provenance(arguments: Sequence[str]) -> dict[str, object]:
    return provenance.collect(
        engine="compiled",
        verification={"against": "the reference engine, to the bit", "cells": "one a chunk"},
        arguments=arguments,
        started=datetime.now(UTC),
        finished=None,
    )
