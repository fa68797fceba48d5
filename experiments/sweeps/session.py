"""One sweep from its file to its chunks."""

import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from amsgrad.cuda.driver import Device
from experiments.files import provenance
from experiments.files.unwritten import status_of, why_unwritten
from experiments.invocation import invocation
from experiments.signals import stopping
from experiments.sweeps import cluster, torch_cells
from experiments.sweeps.fill import Executor, Filling
from experiments.sweeps.gpu import described, gpus
from experiments.sweeps.groups import Groups, Where, in_groups
from experiments.sweeps.plan import Plan, make_plan
from experiments.sweeps.reporter import Report, Reporter
from experiments.sweeps.status import cost
from experiments.sweeps.store import Store, StoreError
from experiments.sweeps.sweep_file import read_sweep
from experiments.sweeps.threads import cores, in_threads
from experiments.tracking.labml_tracker import Tracker, labml_tracker


class Invocation(NamedTuple):
    """A command line, read and checked."""

    config: Path
    out: Path
    shard: tuple[int, int]  # (i, N): every N-th chunk, from the i-th on
    threads: int | None
    workers: int | None
    scheduler: str | None
    device: Where
    app: str | None
    dry_run: bool
    fail_fast: bool
    arguments: Sequence[str]  # the line itself


def run_sweep(asked: Invocation) -> Report:
    """Plan, compute and write a sweep.

    Raises:
        CommandError: before anything is computed.
    """
    plan = make_plan(read_sweep(asked.config))
    numbers = range(asked.shard[0], len(plan.chunks), asked.shard[1])
    found = gpus(asked.device, plan, asked.workers, asked.scheduler is not None)
    if asked.dry_run:
        return cost(plan, found)
    reporter = Reporter(plan.sweep)
    for sentence in torch_cells.remarks(plan.configs, map(plan.work, numbers)):
        reporter.line.warn(sentence)
    if found and asked.device == "auto":
        name = found[0].name
        reporter.line.warn(f"{name} computes all cells that are worth it; --device cpu forbids it")
    on_gpu = bool(found) or asked.device == "cuda"
    number = found[0].number if found else 0
    with _executor(asked, reporter, on_gpu, number) as executor:
        try:
            store = Store.create(asked.out, plan.identity, _provenance(asked, plan, found))
        except OSError as error:
            where = error.filename or asked.out
            sentence = f"--out cannot be written: {where} ({error.strerror})"
            raise StoreError(sentence, status_of(error)) from None
        filling = Filling(plan, store, reporter, asked.fail_fast)
        return _fill(asked, filling, numbers, executor)


def _fill(
    asked: Invocation, filling: Filling, numbers: Sequence[int], executor: Executor
) -> Report:
    began = time.monotonic()
    plan, reporter = filling.plan, filling.reporter
    again = _again(asked)
    status, error = "finished", ""
    to_compute = filling.missing(numbers)
    reporter.begin(len(to_compute), sum(to_compute.values()))
    if to_compute:
        with stopping() as stop, _tracked(asked, plan, reporter) as tracker:
            try:
                filling.run(to_compute, executor, lambda: stop.asked, tracker)
            except OSError as unwritten:
                error = why_unwritten(asked.out, unwritten, again)
            except cluster.SchedulerLost:
                error = f"the scheduler no longer answers; start it again, then go on with {again}"
            finally:
                reporter.line.close()
            status = "interrupted" if stop.asked else "finished"
            tracker.conclude("diverged" if error and not stop.asked else status)
    if error or (status == "finished" and (reporter.failed or reporter.lost)):
        status = "failed"
    return _report(asked, filling, len(numbers), time.monotonic() - began, status, error)


def _report(
    asked: Invocation, filling: Filling, chunks: int, seconds: float, status: str, error: str
) -> Report:
    reporter = filling.reporter
    missing = chunks - reporter.computed - reporter.found
    rate = f" ({reporter.rate:.2g} cells x steps/s)" if reporter.rate else ""
    lines = [
        f"{asked.config.stem} {status} in {seconds:.1f} s{rate}; chunks: {reporter.computed:,}"
        f" of {chunks:,} computed, {reporter.found:,} found in the folder, {missing:,}"
        f" missing; cells: {reporter.failed:,} of {reporter.cells:,} failed or diverged"
    ]
    lines += filling.plan.lawless
    if missing and not error:
        lines.append(f"go on with: {_again(asked)}")
    elif not missing:
        lines.append(f"next: {invocation('sweep merge')} {shlex.quote(str(asked.out))}")
    summary = {
        "sweep": asked.config.stem,
        "status": status,
        "cells": filling.plan.cells,
        "chunks": chunks,
        "computed": reporter.computed,
        "skipped": reporter.found,
        "damaged": len(reporter.damaged),
        "failed": reporter.failed,
        "lost": reporter.lost,
        "seconds": seconds,
        "steps_per_second": reporter.rate if reporter.computed else None,
        "out": str(asked.out),
    }
    return Report(lines, summary, {"finished": 0, "interrupted": 130}.get(status, 1), error)


def _again(asked: Invocation) -> str:
    return f"{invocation('sweep')} {shlex.join(asked.arguments)}"


@contextmanager
def _executor(
    asked: Invocation, reporter: Reporter, on_gpu: bool, device: int
) -> Iterator[Executor]:
    """Import what computes, or connect to a cluster: both before anything is written."""
    threads, warn = asked.threads or cores(), reporter.line.warn
    by_groups: Groups
    if asked.scheduler is not None or asked.workers is not None:
        anywhere = asked.scheduler is not None
        with cluster.connected(asked.scheduler, asked.workers) as client:
            if on_gpu:
                group = cluster.group_on_any_machine if anywhere else cluster.group_on_this_machine
                by_groups = partial(cluster.in_cluster, client, group, warn=warn)
                yield partial(in_groups, by_groups, asked.device, warn)
            else:
                compute = cluster.on_any_machine if anywhere else cluster.on_this_machine
                yield partial(cluster.in_cluster, client, compute, warn=warn)
    elif on_gpu:
        from experiments.sweeps.gpu_chunk import computed_group

        group = partial(computed_group, device=device, tell=reporter.show_steps)
        by_groups = partial(in_threads, group, threads)
        yield partial(in_groups, by_groups, asked.device, warn)
    else:
        from experiments.sweeps.chunk import computed_bytes

        yield partial(in_threads, computed_bytes, threads)


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
        warn=lambda sentence: reporter.line.warn(f"warning: {sentence}"),
    )


def _provenance(asked: Invocation, plan: Plan, gpus: Sequence[Device]) -> dict[str, object]:
    verification: dict[str, object] = {
        "against": "the reference engine, to the bit",
        "cells": "one per chunk",
    }
    if found := torch_cells.verdicts(plan.configs):
        verification["torch optimizers"] = found
    engines = {config.engine_name for config in plan.configs}
    return provenance.collect(
        engine=" and ".join(sorted(engines | {"cuda"} if gpus else engines)),
        device=described(gpus[0]) if gpus else provenance.CPU,
        verification=verification,
        arguments=asked.arguments,
        started=datetime.now(UTC),
        finished=None,
    )
