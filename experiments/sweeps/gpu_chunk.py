"""Compute chunks of one kind on a GPU, all in one batch: it wants many more runs than a core."""

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import accumulate, pairwise

from amsgrad.cuda.driver import Device, Driver, driver_of
from amsgrad.cuda.engine import Cuda
from amsgrad.engines.driver import never
from amsgrad.engines.reference import Reference
from amsgrad.verification import Disagreement, verify_runs
from experiments.files.provenance import nvidia_driver
from experiments.sweeps.chunk import (
    Runs,
    begin,
    build_runs,
    computed_bytes,
    put_terms,
    verified_steps,
)
from experiments.sweeps.chunk_file import Chunk, pack
from experiments.sweeps.follow import follow, silent
from experiments.sweeps.gpu import described
from experiments.sweeps.groups import Group
from experiments.sweeps.kept import fail, put
from experiments.sweeps.origin import origin
from experiments.sweeps.turns import one_at_a_time
from experiments.sweeps.work import Work

# While the GPU has one batch, the next is built; a third would only take memory.
_building, _gpu = threading.Lock(), threading.Lock()


def computed_group(
    group: Group,
    stop: Callable[[], bool] = never,
    device: int = 0,
    tell: Callable[[int], None] = silent,
) -> list[bytes]:
    """Return the chunks of a group as their files hold them.

    Args:
        group: its works.
        stop: asked between two pieces.
        device: the number of the GPU, from 0.
        tell: told after each piece how many cells x steps of the group are done.

    Raises:
        Stopped: `stop` returned True.
        NoDevice, DeviceError: the GPU is not there, or fails.
    """
    if not group.on_gpu:
        return [computed_bytes(work, stop) for work in group.works]
    chunks = compute_on_gpu(group.works, stop, driver_of(device), tell)
    return [
        pack(chunk, work.name, work.sweep) for work, chunk in zip(group.works, chunks, strict=True)
    ]


def compute_on_gpu(
    works: Sequence[Work],
    stop: Callable[[], bool],
    driver: Driver,
    tell: Callable[[int], None] = silent,
) -> list[Chunk]:
    """Run the cells of all works together; a cell that cannot be built does not touch the others.

    The first cell of each chunk is held to the reference engine.
    """
    with ExitStack() as turns:
        with one_at_a_time(_building, stop):
            made_by = origin_on(driver.device)
            chunks = [begin(work, made_by) for work in works]
            built = [build_runs(work, chunk) for work, chunk in zip(works, chunks, strict=True)]
            pairs = [pair for runs in built for pair in runs.values()]
            if not pairs:
                return chunks
            turns.enter_context(one_at_a_time(_gpu, stop))
        _run(works, chunks, built, stop, driver, tell)
    return chunks


def _run(
    works: Sequence[Work],
    chunks: Sequence[Chunk],
    built: Sequence[Runs],
    stop: Callable[[], bool],
    driver: Driver,
    tell: Callable[[int], None],
) -> None:
    setups, rules = zip(*(pair for runs in built for pair in runs.values()), strict=True)
    steps, keep, x_star = works[0].steps, works[0].keep, setups[0].problem.x_star
    firsts = [0, *accumulate(map(len, built))]
    cells = len(setups)
    try:
        engine = Cuda(setups, rules, driver=driver)
        if checked := verified_steps(works[0]):
            there = (i for i, runs in zip(firsts, built, strict=False) if runs)
            verify_runs(engine, ((i, Reference(setups[i], rules[i])) for i in there), checked)
        kept = follow(
            engine,
            cells,
            steps=steps,
            keep=keep,
            x_star=x_star,
            stop=stop,
            tell=lambda done: tell(cells * done),
        )
    except Disagreement as error:  # none of its cells can be trusted
        for chunk, runs in zip(chunks, built, strict=True):
            for i in runs:
                fail(chunk, i, error)
        return
    finally:
        tell(0)
    for work, runs, chunk, (first, last) in zip(
        works, built, chunks, pairwise(firsts), strict=True
    ):
        if runs:
            put({name: array[..., first:last] for name, array in kept.items()}, [*runs], chunk)
        put_terms(work, chunk)


def origin_on(device: Device) -> dict[str, str]:
    """Return what this process computes with on a GPU; powers come from the processor's library."""
    gpu = described(device)
    return {**origin(), "device": gpu.pop("name"), **gpu, "driver": str(nvidia_driver())}
