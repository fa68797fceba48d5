"""What a sweep would cost."""

import os
import sys

from experiments.files.strict_json import to_json
from experiments.sweeps.plan import Plan

# Of one core of a shared machine; in double precision twice as much.
NANOSECONDS_A_STEP = {"constant": 0.5, "decaying": 3.0}


def dry_run(plan: Plan, json: bool) -> int:
    """Print it; return the exit status."""
    certified = sum(cells.size for cells, certified in plan.works if certified)
    double = any(config.dtype == "float64" for config in plan.configs)
    batch = sum(plan.work(i).cost for i, (_, c) in enumerate(plan.works) if not c)
    decays = any(config.schedule != "constant" for config in plan.configs)
    seconds = batch * NANOSECONDS_A_STEP["decaying" if decays else "constant"] * 1e-9
    seconds *= 2 if double else 1
    here = seconds / min(cores(), len(plan.works))
    shape = " x ".join(f"{len(values)} {name}" for name, values in plan.sweep.axes.items())
    lines = [
        f"{plan.cells:,} cells: {shape}",
        f"{len(plan.works):,} chunks of at most {max(w.size for w, _ in plan.works):,} cells",
        f"{plan.cost:.3g} configurations x steps; {certified:,} cells compute their transient only",
        f"about {seconds:,.0f} s on one core, {here:,.0f} s here, for the"
        f" {plan.cells - certified:,} others; nothing is written",
    ]
    print("\n".join(lines), file=sys.stderr if json else sys.stdout)
    if json:
        counted = {"cells": plan.cells, "chunks": len(plan.works), "certified": certified}
        print(to_json({**counted, "cost": plan.cost, "core_seconds": seconds}))
    return 0


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
