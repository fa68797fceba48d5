"""Fill a card: cells that were computed before are read, the others are computed and kept."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from amsgrad.options import ConfigError
from amsgrad.verification import Disagreement
from experiments.cards import cache
from experiments.cards.cell import Cell, compute_rule
from experiments.cards.plan import PlannedCell
from experiments.command import CommandError
from experiments.sweeps.progress import Line
from experiments.sweeps.threads import cores, in_threads
from experiments.sweeps.work import Stopped
from experiments.terminal import say

Place = tuple[str, str]  # optimizer and column
Cells = dict[Place, tuple[PlannedCell, Cell]]
Work = Sequence[PlannedCell]
SECONDS_PER_STEP = {"cyclic": 1e-8, "drawn": 1e-8, "shuffled": 1.3e-7, "": 1e-8}  # of a run
SECONDS_PER_CELL = 1.0  # to find its loop in numba's cache, and the mean step


def kept(plan: Mapping[Place, PlannedCell], folder: Path) -> Cells:
    """Return the cells of a plan that were computed before.

    Raises:
        ConfigError: a class of torch optimizers, of which cells are missing, cannot be run.
    """
    found = {place: cache.load(folder, planned) for place, planned in plan.items()}
    missing = {place[0]: plan[place] for place, cell in found.items() if cell is None}
    for planned in missing.values():
        if planned.config.foreign:
            from amsgrad.config.build import build_lanes
            from experiments.sweeps.torch_cells import tested

            tested(planned.config)  # in some seconds
            build_lanes([planned.config])  # refuses an lr that may not change from step to step
    return {place: (plan[place], cell) for place, cell in found.items() if cell is not None}


def fill(
    plan: Mapping[Place, PlannedCell], found: Cells, folder: Path, stop: Callable[[], bool]
) -> Cells:
    """Return the cells, fewer of them where `stop` returned True; what was computed is kept.

    Args:
        plan: the cells by place.
        found: those that are there.
        folder: of the kept cells.
        stop: asked several times per second.

    Raises:
        Disagreement: a batch leaves the path of the reference engine.
        OSError: the folder cannot be written.
    """
    cells = dict(found)
    works = _works({place: cell for place, cell in plan.items() if place not in cells})
    turns = _Turns(works)
    progress = _Progress(sum(map(_cost, works)), len(plan) - len(cells), len(cells))
    over = False
    finished = in_threads(_compute, cores(), turns, lambda: over or stop())
    try:
        for work, future in finished:
            try:
                computed = future.result()
            except Stopped:
                continue
            turns.done(work)
            for planned, cell in zip(work, computed, strict=True):
                cache.save(folder, planned, cell)
                cells[planned.config.opt, planned.column.name] = planned, cell
            progress.count(len(work), _cost(work))
    finally:
        over = True  # threads stop at their next piece
        finished.close()  # type: ignore[attr-defined]
        progress.line.close()
    return cells


class _Turns:
    """Hands out work, the longest first, and one class of torch optimizers at a time.

    A class beside another one would only wait for it, and keep a core from the rules.
    """

    def __init__(self, works: Sequence[Work]) -> None:
        longest_first = sorted(works, key=_cost, reverse=True)
        self._classes = [work for work in longest_first if work[0].config.foreign]
        self._others = [work for work in longest_first if not work[0].config.foreign]
        self._under_way = 0  # classes

    def __iter__(self) -> Iterator[Work]:
        while self._classes or self._others:
            if self._classes and not (self._under_way and self._others):
                self._under_way += 1
                yield self._classes.pop(0)
            else:
                yield self._others.pop(0)

    def done(self, work: Work) -> None:
        """Note that a piece of work has ended."""
        self._under_way -= work[0].config.foreign


def _works(missing: Mapping[Place, PlannedCell]) -> list[Work]:
    """Return what is computed at once: a cell of a rule, all cells of a class."""
    rows: dict[object, list[PlannedCell]] = {}
    for (opt, column), planned in missing.items():
        rows.setdefault(opt if planned.config.foreign else (opt, column), []).append(planned)
    return list(rows.values())


def _compute(work: Work, stop: Callable[[], bool]) -> list[Cell]:
    if not work[0].config.foreign:
        return [compute_rule(work[0], stop)]
    from experiments.cards.torch_row import compute_row

    try:
        return compute_row(work, stop)
    except (ConfigError, Disagreement, Stopped):
        raise
    except (Exception, SystemExit) as error:  # another's code may fail in any way
        reason = " ".join(str(error).split())[:200]
        sentence = f"--opt {work[0].config.opt} fails in a run ({type(error).__name__}: {reason})"
        raise CommandError(sentence, status=1) from error


class _Progress:
    """Counts cells, and shows how many are left, and for how long."""

    def __init__(self, cost: float, cells: int, found: int) -> None:
        self.line = Line()
        self.done = 0
        self._cost, self._cells, self._found = cost, cells, found
        self._paid, self._began = 0.0, time.monotonic()
        if cells:
            say(f"{cells} cells to compute, about {cost / min(cores(), cells):,.0f} s")

    def count(self, cells: int, cost: float) -> None:
        """Count cells that were computed."""
        self.done += cells
        self._paid += cost
        self.line.show(self._text)

    def _text(self) -> str:
        left = (self._cost - self._paid) / self._paid * (time.monotonic() - self._began)
        found = f" ({self._found} more were found)" if self._found else ""
        return f"{self.done} of {self._cells} cells{found}, about {left:,.0f} s left"


def _cost(work: Work) -> float:
    """Return about how many seconds it takes."""
    first = work[0]
    if first.config.foreign:
        from experiments.cards.torch_row import seconds

        return seconds(work)
    steps = len(first.lrs) * len(first.seeds) * first.config.steps
    return SECONDS_PER_CELL + steps * SECONDS_PER_STEP[first.column.order]
