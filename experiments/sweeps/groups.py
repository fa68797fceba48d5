"""Chunks that a GPU computes together, and those that stay with the processor.

A sweep's chunks suit a processor, and their files must not depend on what computes them. A GPU gets
as many neighbours of one kind as it needs, in one batch.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from typing import Any, Literal, NamedTuple

import numpy as np

from amsgrad.config.build import build_setup
from amsgrad.config.run_config import Config
from amsgrad.cuda.driver import DeviceError, NoDevice
from amsgrad.cuda.powers import powers_from_host
from amsgrad.cuda.refusal import Refused, why_not
from amsgrad.engines.kind import kind, numbers_of
from experiments.sweeps.estimates import seconds_on_a_core, seconds_on_a_gpu
from experiments.sweeps.threads import cores
from experiments.sweeps.work import Work

Where = Literal["auto", "cpu", "cuda"]

# Of a batch. The 132 multiprocessors of an H100 have room for 768 runs each, or 512 with a table in
# shared memory (`kernel_ir.py`): these are two such rounds, or three.
MOST_RUNS = 202_752
MOST_NUMBERS = 16_000_000  # of the series, or of the problems of a batch, in this machine's memory
WITHOUT_POWERS = ("lr", "seed", "x0")  # no power is taken of these
GAIN = 2.0  # of `auto`: the cores must be estimated to take so many times as long


class Group(NamedTuple):
    """Works whose chunks are computed together."""

    works: list[Work]
    on_gpu: bool

    @property
    def size(self) -> tuple[int, int]:
        """The number of cells, and of steps of each."""
        return sum(work.cells.size for work in self.works), self.works[0].steps

    @property
    def configs(self) -> list[Config]:
        """Settings that stand for those of all cells."""
        return [work.configs[0] for work in self.works]

    @property
    def code(self) -> str:
        """The digest of the code that is to compute them."""
        return self.works[0].code

    @property
    def torch(self) -> bool:
        """Whether the cells are runs of a torch optimizer."""
        return self.works[0].torch


Groups = Callable[[Iterable[Group], Callable[[], bool]], Iterator[tuple[Group, Any]]]


def why_not_on_gpu(work: Work) -> str | None:
    """Return why no GPU computes the cells of a chunk step by step, or None where one does."""
    if work.torch:
        return "the numbers of a torch optimizer depend on its device: give device in base"
    if work.keep.mean_log_distance is not None:
        return "mean_log_distance looks at each step; give converged: {distance: ...} instead"
    return None if work.how != "steps" else _why_not(work.configs[0])


def grouped(works: Iterable[Work], where: Where) -> Iterator[Group]:
    """Yield the works, neighbours of one kind together where a GPU takes them.

    Args:
        works: in the order of the sweep.
        where: "cuda" for all that a GPU can compute, "auto" for those that are worth it.
    """
    together: list[Work] = []
    cells, most, last = 0, MOST_RUNS, None
    for work in works:
        key = _key(work)
        if together and (key != last or cells + work.cells.size > most):
            yield from _as_groups(together, where)
            together, cells = [], 0
        if key is None:
            yield Group([work], on_gpu=False)
        else:
            together.append(work)
            cells += work.cells.size
            most = min(MOST_RUNS, MOST_NUMBERS // max(work.keep.series or 1, key[-1]))
        last = key
    if together:
        yield from _as_groups(together, where)


def in_groups(
    executor: Groups,
    where: Where,
    warn: Callable[[str], None],
    works: Iterable[Work],
    stop: Callable[[], bool],
) -> Iterator[tuple[Work, Any]]:
    """Yield each work with its finished future, as an executor of groups ends them.

    With "auto" the processor computes what a GPU fails at, and all that follows it.
    """
    failed: list[Work] = []

    def supply() -> Iterator[Group]:
        for group in grouped(works, where):
            yield from _alone(group.works) if failed else [group]

    def left() -> Iterator[Group]:
        yield from _alone(failed)

    for groups in (supply, left):
        with closing(executor(groups(), stop)) as finished:  # type: ignore[type-var]
            for group, future in finished:
                try:
                    contents = future.result()
                except Exception as error:  # each of them has this future, and so this error
                    fails = isinstance(error, DeviceError | NoDevice | Refused)
                    if where == "auto" and group.on_gpu and fails:
                        if not failed:
                            warn(f"warning: the GPU fails, and the cores go on: {error}")
                        failed += group.works
                    else:
                        yield from ((work, future) for work in group.works)
                    continue
                for work, content in zip(group.works, contents, strict=True):
                    own: Future[bytes] = Future()
                    own.set_result(content)
                    yield work, own


def powers_of(works: Sequence[Work]) -> int:
    """Return about how many powers the host computes for a batch.

    A number of which a power is taken is that of an axis: a cell for each value has them all.
    """
    chosen: dict[Any, Config] = {}
    for work in works:
        for name, column in {"": work.of, **work.numbers}.items():
            if name not in WITHOUT_POWERS:
                values, at = np.unique(column, return_index=True)
                for value, i in zip(values.tolist(), at.tolist(), strict=True):
                    chosen.setdefault((name, value), work.config(i))
    configs = list(chosen.values())
    setups, rules = map(build_setup, configs), [config.make_rule() for config in configs]
    return powers_from_host(list(setups), rules, works[0].steps)


def worth_a_gpu(cells: int, steps: int, configs: Sequence[Config], powers: int = 0) -> bool:
    """Return whether `auto` gives a batch to a GPU rather than to the cores of this machine."""
    here = seconds_on_a_core(cells * steps, configs) / cores()
    return here > GAIN * seconds_on_a_gpu(cells, steps, configs, powers)


def _as_groups(works: list[Work], where: Where) -> Iterator[Group]:
    together = Group(works, on_gpu=True)
    if where == "cuda" or (
        worth_a_gpu(*together.size, together.configs)
        and worth_a_gpu(*together.size, together.configs, powers_of(works))
    ):
        yield together
    else:
        yield from _alone(works)


def _alone(works: Iterable[Work]) -> Iterator[Group]:
    return (Group([work], on_gpu=False) for work in works)


def _key(work: Work) -> tuple[Any, ...] | None:
    """Return what works must share to be one batch; None for those of the processor."""
    if work.how != "steps" or why_not_on_gpu(work) is not None:
        return None
    config = work.configs[0]
    setup = build_setup(config)
    return kind(setup, config.make_rule()), work.steps, numbers_of(setup)


def _why_not(config: Config) -> str | None:
    setup, rule = build_setup(config), config.make_rule()
    key = kind(setup, rule)
    if key not in _refusals:
        _refusals[key] = why_not(setup, rule)
    return _refusals[key]


_refusals: dict[Any, str | None] = {}  # a kind's functions are compiled for it, in seconds
