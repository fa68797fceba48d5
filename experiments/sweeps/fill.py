"""Fill a folder: skip the chunks that are there, compute and write the others."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.sweeps.chunk_file import STATUS, Chunk, Damaged, unpack
from experiments.sweeps.plan import Plan
from experiments.sweeps.reporter import Reporter
from experiments.sweeps.store import Store
from experiments.sweeps.work import Stopped, Work, cell_code
from experiments.tracking.labml_tracker import Tracker

FINISHED, FAILED = map(STATUS.index, ("finished", "failed"))
LOST_SHOWN = 5

Executor = Callable[[Iterable[Work]], Iterator[tuple[Work, Any]]]  # to works and their futures


@dataclass
class Outcome:
    """What this process has found and done."""

    found: int = 0  # chunks that were there, or that another process wrote meanwhile
    computed: int = 0
    damaged: set[str] = field(default_factory=set)  # names of chunks that had to be replaced
    lost: int = 0  # chunks that could not be computed at all
    cells: int = 0  # in the chunks that are there now
    failed: int = 0  # of them: cells that failed or diverged
    interrupted: bool = False


class Filling:
    """One process that fills a store with the chunks `numbers` of a plan."""

    def __init__(self, plan: Plan, store: Store, numbers: Iterable[int], fail_fast: bool) -> None:
        self.plan, self.store = plan, store
        self.outcome = Outcome()
        self.halt = False  # after a failure that ends all
        self._fail_fast = fail_fast
        self._missing = self._look(numbers)

    @property
    def missing(self) -> int:
        """The number of chunks to compute."""
        return len(self._missing)

    @property
    def cost(self) -> int:
        """Their cells times steps."""
        return sum(self._missing.values())

    def run(
        self, executor: Executor, stop: Callable[[], bool], reporter: Reporter, tracker: Tracker
    ) -> None:
        """Compute what is missing.

        Raises:
            OSError: a chunk cannot be written.
            SchedulerLost: the cluster is gone; what had come back is written.
        """
        finished = executor(self._works(stop, reporter))
        try:
            for work, future in finished:
                try:
                    content: bytes = future.result()
                except Exception as error:
                    self._lose(error, reporter)
                else:
                    self._keep(work, content, reporter)
                    tracked = {"chunks": reporter.done, "failures": reporter.failures}
                    tracker.save(reporter.done, {**tracked, "steps_per_second": reporter.rate})
        finally:
            self.halt = True  # threads stop at their next piece
            finished.close()  # type: ignore[attr-defined]

    def _look(self, numbers: Iterable[int]) -> dict[int, int]:
        """Return the cost of each missing chunk, by its number."""
        missing = {}
        for number in numbers:
            work = self.plan.work(number)
            if not self._find(work):
                missing[number] = work.cost
        return missing

    def _works(self, stop: Callable[[], bool], reporter: Reporter) -> Iterator[Work]:
        numbers = list(self._missing)
        if self.outcome.found:  # another process may be at work on the first ones
            turn = random.SystemRandom().randrange(max(len(numbers), 1))
            numbers = numbers[turn:] + numbers[:turn]
        for number in numbers:
            if stop() or self.halt:
                return
            work = self.plan.work(number)
            if self._find(work):
                reporter.chunk(0)
            else:
                yield work

    def _find(self, work: Work) -> bool:
        """Count the chunk if it is there; cells that failed are tried again."""
        name = work.name(cell_code())
        try:
            chunk = self.store.load(self.store.file(name))
        except FileNotFoundError:
            return False
        except Damaged:
            self.outcome.damaged.add(name)
            return False
        if (chunk.status == FAILED).any():
            return False
        self.outcome.found += 1
        self._count(chunk)
        return True

    def _keep(self, work: Work, content: bytes, reporter: Reporter) -> None:
        name = work.name(cell_code())
        chunk = unpack(content, name, self.store.identity)
        self.store.save(name, content)
        self.outcome.computed += 1
        self._count(chunk)
        reporter.chunk(work.cost)
        statuses = dict(zip(chunk.cells.tolist(), chunk.status.tolist(), strict=True))
        for cell, why in chunk.errors.items():
            reporter.failure(cell, self.plan.values(cell), STATUS[statuses[cell]], why)
        if chunk.errors and self._fail_fast:
            self.halt = True

    def _lose(self, error: Exception, reporter: Reporter) -> None:
        if isinstance(error, Stopped) or self.halt:
            return
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        self.outcome.lost += 1
        if self.outcome.lost <= LOST_SHOWN:
            reporter.warn(f"a chunk is not computed: {reason}")
        if self._fail_fast:
            self.halt = True

    def _count(self, chunk: Chunk) -> None:
        self.outcome.cells += chunk.cells.size
        self.outcome.failed += int(np.count_nonzero(chunk.status != FINISHED))
