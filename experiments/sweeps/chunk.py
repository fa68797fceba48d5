"""Compute a chunk: as one batch, or cell by cell where that is cheaper or a batch fails."""

import threading
from collections.abc import Callable

import numpy as np

from amsgrad.config.build import build_setup
from amsgrad.cycles.engine import Certified
from amsgrad.cycles.search import find_cycle
from amsgrad.engines.base import Engine, Setup, State
from amsgrad.engines.batch import Batch
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import never
from amsgrad.engines.reference import Reference
from amsgrad.rules.rule import Rule
from amsgrad.verification import VERIFIED, Disagreement, verify_to_the_bit
from experiments.sweeps.chunk_file import Chunk, Status, pack
from experiments.sweeps.kept import fail, take
from experiments.sweeps.origin import origin
from experiments.sweeps.quantities import OF_LAWS
from experiments.sweeps.terms import terms_of
from experiments.sweeps.work import Stopped, Work

Runs = dict[int, tuple[Setup, Rule]]  # by the place of the cell in the chunk

# Threads that meet a new kernel at once would each make it.
_compiling = threading.Lock()


def computed_bytes(work: Work, stop: Callable[[], bool] = never) -> bytes:
    """Return the chunk as its file holds it."""
    return pack(compute(work, stop), work.name, work.sweep)


def compute(work: Work, stop: Callable[[], bool] = never) -> Chunk:
    """Run all cells; a cell that fails does not touch the others.

    Raises:
        Stopped: `stop` returned True.
    """
    size = work.cells.size
    status, arrays = np.zeros(size, np.int8), work.keep.arrays(work.steps, size)
    chunk = Chunk(work.cells, status, {}, arrays, origin(work.torch))
    if work.how == "terms":
        _put_terms(work, chunk)
        return chunk
    if work.torch:
        from experiments.sweeps.torch_chunk import compute_torch

        compute_torch(work, chunk, stop)
        return chunk
    runs: Runs = {}
    for i in range(size):
        try:
            config = work.config(i)
            runs[i] = build_setup(config), config.make_rule()
        except Exception as error:
            fail(chunk, i, error)
    if not runs:
        return chunk
    try:
        if work.how == "cycle" or not _as_a_batch(work, runs, chunk, stop):
            _one_by_one(work, runs, chunk, stop)
    except Disagreement as error:  # a kernel that is wrong: none of its cells can be trusted
        for i in runs:
            fail(chunk, i, error)
    _put_terms(work, chunk)
    return chunk


def _put_terms(work: Work, chunk: Chunk) -> None:
    """Fill in what laws say of the cells; a limit that a certificate has given stays."""
    names = [name for name in OF_LAWS if name in chunk.arrays]
    if not names:
        return
    found, good = terms_of(work), chunk.status == Status.finished
    for name in names:
        array = chunk.arrays[name]
        array[...] = np.where(good & np.isnan(array), found[name], array)


def _as_a_batch(work: Work, runs: Runs, chunk: Chunk, stop: Callable[[], bool]) -> bool:
    """Run the cells together; return False where some error ends them all."""
    setups, rules = zip(*runs.values(), strict=True)
    try:
        with _compiling:
            engine = Batch(setups, rules)
        _verify(work, engine, setups[0], rules[0], run=0)
        take(work, engine, list(runs), setups[0].problem.x_star, chunk, stop)
    except (Stopped, Disagreement):
        raise
    except Exception:  # its cell is found when they run one by one
        return False
    return True


def _one_by_one(work: Work, runs: Runs, chunk: Chunk, stop: Callable[[], bool]) -> None:
    setup, rule = next(iter(runs.values()))
    with _compiling:
        plain = Compiled(setup, rule)
        if work.how == "cycle":
            find_cycle(setup, rule, plain.init(), 0)  # makes its loops, and takes no step
    _verify(work, plain, setup, rule, run=None)
    for i, (setup, rule) in runs.items():
        if stop():
            raise Stopped
        try:
            cycle = work.how == "cycle"
            engine = Certified(setup, rule, work.steps) if cycle else Compiled(setup, rule)
            take(work, engine, [i], setup.problem.x_star, chunk, stop)
        except Stopped:
            raise
        except Exception as error:
            fail(chunk, i, error)


def _verify(work: Work, engine: Engine[State], setup: Setup, rule: Rule, run: int | None) -> None:
    steps = min(VERIFIED, work.steps, work.configs[0].verify)
    if steps:
        verify_to_the_bit(engine, Reference(setup, rule), steps, run=run)
