"""The cells of a class of torch optimizers: all their runs as lanes of a few tensors."""

import threading
from collections.abc import Callable, Sequence

from amsgrad.config.build import build_lanes, lanes_of, torch_class, verify_lanes
from amsgrad.engines.torch_lanes import step_seconds
from amsgrad.optimizers.elementwise import LIMITS, Elementwise
from amsgrad.theory.black_box import black_box
from amsgrad.theory.mean_step import MeanStep
from amsgrad.verification import VERIFIED
from experiments.cards.cell import NOT_LINEAR, Cell, assemble
from experiments.cards.plan import PlannedCell
from experiments.cards.runs import Runs, follow
from experiments.sweeps.torch_cells import tested
from experiments.sweeps.work import Stopped

WAIT = 0.2  # seconds between two looks at Ctrl-C
SECONDS_FOR_D = {True: 20.0, False: 120.0}  # by whether the lanes go together
SEEDS_FOR_D = {"cyclic": 1, "shuffled": 32, "drawn": 256}  # a shuffled step costs ten others
FEW_SEEDS = 8  # where each lane has an optimizer of its own
_one = threading.Lock()


def compute_row(cells: Sequence[PlannedCell], stop: Callable[[], bool]) -> list[Cell]:
    """Return the cells of one class.

    Cells with the same keywords and the same steps go together, the linear ones apart, whose
    gradients need no x. torch's random generators are those of the process: one row at a time.

    Raises:
        ConfigError: the class cannot be run in lanes, or ignores lr.
        Disagreement: the lanes leave the path of the torch loop.
        Stopped: `stop` returned True.
    """
    while not _one.acquire(timeout=WAIT):
        if stop():
            raise Stopped
    try:
        runs: dict[str, Runs] = {}
        steps: dict[str, MeanStep | str] = {}
        for group in _groups(cells):
            runs |= _together(group, stop)
            steps |= _mean_steps(group, stop)
    finally:
        _one.release()
    made = [assemble(cell, runs[cell.column.name], steps[cell.column.name]) for cell in cells]
    for cell, one in zip(cells, made, strict=True):
        one.facts["lanes"] = _in_words(lanes_of(cell.config))
    return made


def seconds(cells: Sequence[PlannedCell]) -> float:
    """Return about how long the row takes."""
    total, together = 0.0, tested(cells[0].config).lanes
    for group in _groups(cells):
        calls = len({(cell.config.schedule, lr) for cell in group for lr in cell.lrs})
        lanes = sum(len(cell.lrs) * len(cell.seeds) for cell in group)
        step = step_seconds(calls if together else lanes, lanes)
        total += SECONDS_FOR_D[together] + group[0].config.steps * step
    return total


def _in_words(found: Elementwise) -> str:
    if found.lanes:
        return f"lanes of one tensor, which are the runs alone {found.verdict}; {LIMITS}"
    return f"each run has an optimizer of its own, since it {found.reason}"


def _groups(cells: Sequence[PlannedCell]) -> list[list[PlannedCell]]:
    groups: dict[object, list[PlannedCell]] = {}
    for cell in cells:
        options = tuple(sorted(cell.config.rule_options.items()))
        key = options, cell.config.steps, bool(cell.column.order)
        groups.setdefault(key, []).append(cell)
    return list(groups.values())


def _mean_steps(
    cells: Sequence[PlannedCell], stop: Callable[[], bool]
) -> dict[str, MeanStep | str]:
    """Return D of each of these cells, or why it does not exist, by column."""
    cls, keywords = torch_class(cells[0].config)
    together = lanes_of(cells[0].config).lanes
    orders: dict[str, list[PlannedCell]] = {}
    for cell in cells:
        orders.setdefault(cell.column.order, []).append(cell)
    found: dict[str, MeanStep | str] = {}
    for order, own in orders.items():
        names = [cell.column.name for cell in own]
        if not order:
            found |= dict.fromkeys(names, NOT_LINEAR)
            continue
        try:
            slopes = [cell.column.numbers for cell in own]
            seeds = SEEDS_FOR_D[order] if together else FEW_SEEDS
            steps = black_box(cls, slopes, keywords, order=order, seeds=seeds, stop=stop)
            found |= dict(zip(names, steps, strict=True))
        except ValueError as error:
            found |= dict.fromkeys(names, str(error))
        if stop():
            raise Stopped
    return found


def _together(cells: Sequence[PlannedCell], stop: Callable[[], bool]) -> dict[str, Runs]:
    """Return the runs of each of these cells, by column."""
    configs = [config for cell in cells for config in cell.runs]
    steps = cells[0].config.steps
    engine = build_lanes(configs)
    verify_lanes(engine, configs[0], min(VERIFIED, steps))
    found = follow(engine, len(configs), steps, stop)
    runs, first = {}, 0
    for cell in cells:
        last = first + len(cell.lrs) * len(cell.seeds)
        runs[cell.column.name] = found.part(first, last)
        first = last
    return runs
