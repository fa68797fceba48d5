"""Fill a folder: skip the chunks that are there, compute and write the others."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from experiments.sweeps.chunk_file import Damaged, Status, unpack
from experiments.sweeps.plan import Plan
from experiments.sweeps.reporter import Reporter
from experiments.sweeps.store import Store
from experiments.sweeps.work import Stopped, Work
from experiments.tracking.labml_tracker import Tracker

# From works and a stop to each work with its finished future, which holds the bytes of its chunk.
Executor = Callable[[Iterable[Work], Callable[[], bool]], Iterator[tuple[Work, Any]]]


class Filling:
    """One process that fills a store with the chunks of a plan.

    Args:
        plan, store: of one sweep.
        reporter: counts what is found and done.
        fail_fast: whether the first failure ends all.
    """

    def __init__(self, plan: Plan, store: Store, reporter: Reporter, fail_fast: bool) -> None:
        self.plan, self.store, self.reporter = plan, store, reporter
        self._fail_fast = fail_fast
        self._halt = False

    def missing(self, numbers: Sequence[int]) -> dict[int, int]:
        """Return the cost of each of these chunks that is to be computed, by its number."""
        missing: dict[int, int] = {}
        for number in numbers:
            work = self.plan.work(number)
            if not self._find(work):
                missing[number] = work.cost
            self.reporter.line.show(lambda: self.reporter.looked(len(missing), len(numbers)))
        return missing

    def run(
        self,
        numbers: Iterable[int],
        executor: Executor,
        stop: Callable[[], bool],
        tracker: Tracker,
    ) -> None:
        """Compute these chunks.

        Raises:
            OSError: a chunk cannot be written.
            SchedulerLost: the cluster is gone; what had come back is written.
        """
        reporter = self.reporter
        finished = executor(self._works(list(numbers), stop), lambda: stop() or self._halt)
        try:
            for work, future in finished:
                try:
                    content: bytes = future.result()
                except Exception as error:
                    if not isinstance(error, Stopped) and not self._halt:
                        reporter.count_lost(error)
                        self._halt = self._fail_fast
                    continue
                chunk = unpack(content, work.name, self.store.sweep)
                self.store.save(work.name, content)
                reporter.count_computed(chunk, work.cost)
                self._halt = self._halt or bool(chunk.errors and self._fail_fast)
                tracked = {"chunks": reporter.done, "failures": reporter.failures}
                tracker.save(reporter.done, {**tracked, "steps_per_second": reporter.rate})
        finally:
            self._halt = True  # threads stop at their next piece
            finished.close()  # type: ignore[attr-defined]

    def _works(self, numbers: list[int], stop: Callable[[], bool]) -> Iterator[Work]:
        if self.reporter.found:  # another process may be at work on the first ones
            turn = random.SystemRandom().randrange(max(len(numbers), 1))
            numbers = numbers[turn:] + numbers[:turn]
        for number in numbers:
            if stop() or self._halt:
                return
            work = self.plan.work(number)
            if not self._find(work):
                yield work

    def _find(self, work: Work) -> bool:
        """Count the chunk if it is there; cells that failed are tried again."""
        try:
            chunk = self.store.load(self.store.file(work.name))
        except FileNotFoundError:
            return False
        except Damaged:
            self.reporter.damaged.add(work.name)
            return False
        if (chunk.status == Status.failed).any():
            return False
        self.reporter.count_found(chunk)
        return True
