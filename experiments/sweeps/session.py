"""One sweep from its file to its chunks."""

import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from experiments.command import ConfigError
from experiments.files import provenance
from experiments.signals import stopping
from experiments.sweeps import cluster
from experiments.sweeps.fill import Executor, Filling, Outcome
from experiments.sweeps.numba_cache import use_own_cache
from experiments.sweeps.plan import Plan, make_plan
from experiments.sweeps.reporter import Report, Reporter
from experiments.sweeps.status import cost
from experiments.sweeps.store import Store
from experiments.sweeps.sweep_file import read_sweep
from experiments.sweeps.threads import cores, in_threads
from experiments.sweeps.work import cell_code
from experiments.tracking.labml_tracker import Tracker, labml_tracker


class Invocation(NamedTuple):
    """What a command line asks for."""

    config: Path
    out: Path
    shard: tuple[int, int]  # (i, N): every N-th chunk, from the i-th on
    threads: int | None
    workers: int | None
    scheduler: str | None
    app: str | None
    dry_run: bool
    fail_fast: bool
    arguments: Sequence[str]  # the line itself


# From the identity of a folder, a stop and a reporter.
MakeExecutor = Callable[[str, Callable[[], bool], Reporter], Executor]


def run_sweep(asked: Invocation) -> Report:
    """Plan, compute and write a sweep.

    Raises:
        ConfigError, StoreError: before anything is written.
    """
    plan = make_plan(read_sweep(asked.config))
    numbers = range(asked.shard[0], len(plan.works), asked.shard[1])
    if asked.dry_run:
        return cost(plan)
    if asked.shard[1] > 1:
        use_own_cache()
    with _executing(asked) as make_executor:
        try:
            store = Store.create(asked.out, plan.identity(), _provenance(asked))
        except OSError as error:
            raise ConfigError(f"--out {asked.out} cannot be written ({error.strerror})") from None
        return _fill(asked, plan, store, numbers, make_executor)


def _fill(
    asked: Invocation,
    plan: Plan,
    store: Store,
    numbers: Sequence[int],
    make_executor: MakeExecutor,
) -> Report:
    began = time.monotonic()
    filling = Filling(plan, store, numbers, asked.fail_fast)
    reporter = Reporter(filling.missing, filling.cost, len(numbers) - filling.missing)
    outcome, error = filling.outcome, ""
    if outcome.damaged:
        reporter.warn(f"damaged chunks, which are computed again: {len(outcome.damaged)}")
    if filling.missing:
        with stopping() as stop, _tracked(asked, plan, reporter) as tracker:
            executor = make_executor(store.identity, lambda: stop.asked or filling.halt, reporter)
            try:
                filling.run(executor, lambda: stop.asked, reporter, tracker)
            except OSError as full:
                error = f"{asked.out} cannot be written ({full.strerror}); make room"
            except cluster.SchedulerLost:
                error = "the scheduler no longer answers; start it again"
            finally:
                reporter.close()
            outcome.interrupted = stop.asked
            tracker.conclude("interrupted" if stop.asked else "diverged" if error else "finished")
    return _report(asked, plan, len(numbers), outcome, reporter, time.monotonic() - began, error)


def _report(
    asked: Invocation,
    plan: Plan,
    chunks: int,
    outcome: Outcome,
    reporter: Reporter,
    seconds: float,
    error: str,
) -> Report:
    status = "interrupted" if outcome.interrupted else "finished"
    if error or (not outcome.interrupted and (outcome.failed or outcome.lost)):
        status = "failed"
    summary = {
        "sweep": asked.config.stem,
        "status": status,
        "cells": plan.cells,
        "chunks": chunks,
        "computed": outcome.computed,
        "skipped": outcome.found,
        "damaged": len(outcome.damaged),
        "failed": outcome.failed,
        "lost": outcome.lost,
        "seconds": seconds,
        "steps_per_second": reporter.rate if outcome.computed else None,
        "out": str(asked.out),
    }
    missing = chunks - outcome.computed - outcome.found
    rate = f", {reporter.rate:.2g} cells x steps/s" if outcome.computed else ""
    lines = [
        f"{asked.config.stem} {status}: {outcome.computed:,} chunks computed, {outcome.found:,}"
        f" found in the folder, {missing:,} missing; {outcome.failed:,} of {outcome.cells:,} cells"
        f" failed or diverged; {seconds:.1f} s{rate}"
    ]
    again = f"python -m experiments.sweep {shlex.join(asked.arguments)}"
    if error:
        error = f"{error}, then go on with {again}"
    elif missing:
        lines.append(f"go on with: {again}")
    else:
        lines.append(f"next: python -m experiments.sweep merge {shlex.quote(str(asked.out))}")
    exit_status = {"finished": 0, "interrupted": 130}.get(status, 1)
    return Report(lines, summary, exit_status, error)


@contextmanager
def _executing(asked: Invocation) -> Iterator[MakeExecutor]:
    """Yield what makes an executor; connect to a cluster before anything is written."""
    if asked.scheduler is None and asked.workers is None:
        yield partial(_threaded, asked.threads or cores())
        return
    with cluster.connected(asked.scheduler, asked.workers) as client:

        def make(sweep: str, stop: Callable[[], bool], reporter: Reporter) -> Executor:
            compute = partial(cluster.on_this_machine, sweep=sweep)
            if asked.scheduler is not None:
                compute = partial(cluster.on_any_machine, sweep=sweep, code=cell_code())
            return lambda works: cluster.in_cluster(client, compute, works, stop, reporter.warn)

        yield make


def _threaded(threads: int, sweep: str, stop: Callable[[], bool], _reporter: Reporter) -> Executor:
    from experiments.sweeps.chunk import computed_bytes

    compute = partial(computed_bytes, sweep=sweep, stop=stop)
    return lambda works: in_threads(compute, works, threads, stop)


def _tracked(asked: Invocation, plan: Plan, reporter: Reporter) -> AbstractContextManager[Tracker]:
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
        warn=lambda sentence: reporter.warn(f"warning: {sentence}"),
    )


def _provenance(asked: Invocation) -> dict[str, object]:
    return provenance.collect(
        engine="compiled",
        verification={"against": "the reference engine, to the bit", "cells": "one per chunk"},
        arguments=asked.arguments,
        started=datetime.now(UTC),
        finished=None,
    )
