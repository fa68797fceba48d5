"""A sweep without computing it: what it would cost, and how far its folder is."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from amsgrad.cuda.driver import Device
from experiments.sweeps import torch_cells
from experiments.sweeps.estimates import seconds_on_a_core, seconds_on_a_gpu
from experiments.sweeps.gather import gather
from experiments.sweeps.groups import grouped, powers_of
from experiments.sweeps.plan import Plan
from experiments.sweeps.reporter import Report
from experiments.sweeps.threads import cores

ERRORS_SHOWN = 5


def cost(plan: Plan, gpus: Sequence[Device] = ()) -> Report:
    """Return the cells, the chunks, and the time that they and the compiler take here.

    Args:
        plan: of the sweep.
        gpus: those that compute what is run step by step, if any do.
    """
    from experiments.sweeps.kernels import to_compile

    sizes: Counter[str] = Counter()
    for cells, how in plan.chunks:
        sizes[how] += cells.size
    works = [plan.work(i) for i, (_, how) in enumerate(plan.chunks) if how == "steps"]
    batch = sum(work.cost for work in works if not work.torch)
    torch = sum(torch_cells.seconds(work) for work in works if work.torch)
    seconds = seconds_on_a_core(batch, plan.configs)
    here = seconds / min(cores(), len(plan.chunks)) + torch
    seconds += torch
    kernels, compiling = to_compile(plan)
    compiler = "all kernels are compiled on this machine"
    if kernels:
        compiler = f"kernels to compile on this machine: {kernels:,}, in about {compiling:,.0f} s"
    shape = " x ".join(f"{len(values)} {name}" for name, values in plan.sweep.axes.items())
    lines = [
        f"{plan.cells:,} cells: {shape}",
        f"{len(plan.chunks):,} chunks of at most {max(w.size for w, _ in plan.chunks):,} cells",
        f"{plan.cost:.3g} cells x steps; {sizes['cycle']:,} cells are computed only up to their"
        " cycle" + (f", {sizes['terms']:,} by their law, without a step" if sizes["terms"] else ""),
        f"about {seconds:,.0f} s on one core, {here:,.0f} s here, for the"
        f" {sizes['steps']:,} others",
        *(_on_gpu(plan, gpu) for gpu in gpus[:1]),
        *plan.lawless,
        *torch_cells.remarks(plan.configs, works),
        f"{compiler}; nothing is written",
    ]
    counted = {"cells": plan.cells, "chunks": len(plan.chunks), "certified": sizes["cycle"]}
    times = {"core_seconds": seconds, "kernels_to_compile": kernels, "compile_seconds": compiling}
    return Report(lines, {**counted, "cost": plan.cost, **times})


def _on_gpu(plan: Plan, gpu: Device) -> str:
    works = map(plan.work, range(len(plan.chunks)))
    groups = [group for group in grouped(works, "cuda") if group.on_gpu]
    seconds = sum(
        seconds_on_a_gpu(*group.size, group.configs, powers_of(group.works)) for group in groups
    )
    return f"about {seconds:,.0f} s on {gpu.name}: an estimate of an H100, not a measurement"


def status(folder: Path) -> Report:
    """Return how many chunks and cells of a folder are done, and the commonest errors.

    Raises:
        StoreError: the folder does not hold a sweep.
    """
    cells = gather(folder)
    chunks, counts = cells.about["chunks"], cells.counts()
    shape = " x ".join(f"{len(values)} {name}" for name, values in cells.axes.items())
    lines = [
        f"{folder}: {shape}, begun {cells.begun['started']}",
        f"{cells.chunks:,} of {chunks:,} chunks are done, {cells.damaged} others are damaged",
        f"{cells.status.size:,} cells: "
        + ", ".join(f"{count:,} {name}" for name, count in counts.items() if count),
    ]
    for reason, number in Counter(cells.errors.values()).most_common(ERRORS_SHOWN):
        cell = next(cell for cell, why in cells.errors.items() if why == reason)
        lines.append(f"  {number:,} cells: {reason} (the first is cell {cell})")
    summary = {"out": str(folder), "chunks": chunks, "chunks_done": cells.chunks}
    return Report(
        lines, {**summary, "damaged": cells.damaged, "cells": cells.status.size, **counts}
    )
