"""Fill a folder: skip what is there, compute what is not, write it down, tell of it."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.sweeps.chunk_file import STATUS, Chunk, Damaged
from experiments.sweeps.kernels import kernels
from experiments.sweeps.plan import Plan
from experiments.sweeps.store import Store
from experiments.sweeps.task import Product, Task
from experiments.sweeps.reporter import Telling
from experiments.sweeps.work import Stopped
from experiments.tracking.labml_tracker import Tracker

FINISHED, FAILED = map(STATUS.index, ("finished", "failed"))

LOST_TOLD = 5

Executor = Callable[[Iterable[Task]], Iterator[tuple[Task, Any]]]


@dataclass
class Outcome:
    """What this process has found and done."""

    skipped: int = 0  # chunks that were there
    computed: int = 0
    damaged: set[str] = field(default_factory=set)  # chunks that were there, but not whole
    by_others: int = 0  # chunks that another process wrote meanwhile
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
        """How many chunks are to be computed."""
        return len(self._missing)

    @property
    def cost(self) -> int:
        """Their cells times steps."""
        return sum(self._missing.values())

    def run(
        self, executor: Executor, stop: Callable[[], bool], telling: Telling, tracker: Tracker
    ) -> Outcome:
        """Compute what is missing.

        Raises:
            OSError: a chunk cannot be written.
            SchedulerLost: the cluster is gone; what had come back is written.
        """
        finished = executor(self._tasks(stop, telling))
        try:
            for task, future in finished:
                try:
                    product: Product = future.result()
                except Exception as error:
                    self._lose(error, telling)
                else:
                    self._keep(task, product, telling)
                    tracked = {"chunks": telling.done, "failures": telling.failures}
                    tracker.save(telling.done, {**tracked, "steps_per_second": telling.rate})
        finally:
            self.halt = True  # threads stop at their next piece
            finished.close()  # type: ignore[attr-defined]
        return self.outcome

    def _look(self, numbers: Iterable[int]) -> dict[int, int]:
        """What each missing chunk costs, by its number."""
        missing = {}
        for number in numbers:
            work = self.plan.work(number)
            chunk = self._found(work.name(kernels()))
            if chunk is None:
                missing[number] = work.cost
            else:
                self.outcome.skipped += 1
                self._count(chunk)
        return missing

    def _tasks(self, stop: Callable[[], bool], telling: Telling) -> Iterator[Task]:
        numbers = list(self._missing)
        if self.outcome.skipped:  # somebody else may be at work on the first ones
            turn = random.SystemRandom().randrange(max(len(numbers), 1))
            numbers = numbers[turn:] + numbers[:turn]
        for number in numbers:
            if stop() or self.halt:
                return
            work = self.plan.work(number)
            name = work.name(kernels())
            chunk = self._found(name)
            if chunk is None:
                yield Task(name, self.store.identity, kernels(), work)
            else:
                self.outcome.by_others += 1
                self._count(chunk)
                telling.chunk(0)

    def _found(self, name: str) -> Chunk | None:
        """The chunk, if it need not be computed: failures are, perhaps they do not come again."""
        try:
            chunk = self.store.load(self.store.file(name))
        except FileNotFoundError:
            return None
        except Damaged:
            self.outcome.damaged.add(name)
            return None
        return None if (chunk.status == FAILED).any() else chunk

    def _keep(self, task: Task, product: Product, telling: Telling) -> None:
        self.store.save(task.name, product.content)
        self.outcome.computed += 1
        self.outcome.cells += task.work.cells.size
        self.outcome.failed += len(product.errors)
        telling.chunk(task.work.cost)
        for cell, (status, why) in product.errors.items():
            telling.failure(cell, self.plan.values(cell), status, why)
        if product.errors and self._fail_fast:
            self.halt = True

    def _lose(self, error: Exception, telling: Telling) -> None:
        if isinstance(error, Stopped) or self.halt:
            return
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        self.outcome.lost += 1
        if self.outcome.lost <= LOST_TOLD:
            telling.warn(f"a chunk is not computed: {reason}")
        if self._fail_fast:
            self.halt = True

    def _count(self, chunk: Chunk) -> None:
        self.outcome.cells += chunk.cells.size
        self.outcome.failed += int(np.count_nonzero(chunk.status != FINISHED))
