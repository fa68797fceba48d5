"""Compute a chunk: as one batch, or cell by cell where that is cheaper or a batch fails."""

import threading
from collections.abc import Callable

import numpy as np

from amsgrad.config.build import build_setup, settings_of_problem
from amsgrad.cycles.engine import Certified
from amsgrad.cycles.search import find_cycle
from amsgrad.engines.base import Engine, Setup, State
from amsgrad.engines.batch import Batch
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import never
from amsgrad.engines.reference import Reference
from amsgrad.problems.problem import Problem
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
    chunk = begin(work, origin(work.torch))
    if work.how == "terms":
        put_terms(work, chunk)
        return chunk
    if work.torch:
        from experiments.sweeps.torch_chunk import compute_torch

        compute_torch(work, chunk, stop)
        return chunk
    runs = build_runs(work, chunk)
    if not runs:
        return chunk
    try:
        if work.how == "cycle" or not _as_a_batch(work, runs, chunk, stop):
            _one_by_one(work, runs, chunk, stop)
    except Disagreement as error:  # a kernel that is wrong: none of its cells can be trusted
        for i in runs:
            fail(chunk, i, error)
    put_terms(work, chunk)
    return chunk


def begin(work: Work, made_by: dict[str, str]) -> Chunk:
    """Return the chunk of this work with nothing in it yet."""
    size = work.cells.size
    arrays = work.keep.arrays(work.steps, size)
    return Chunk(work.cells, np.zeros(size, np.int8), {}, arrays, made_by)


def build_runs(work: Work, chunk: Chunk) -> Runs:
    """Return the cells that can be built; the others fail."""
    runs: Runs = {}
    shared: dict[int, Problem] = {}  # by number of the settings that cells share
    for i in range(work.cells.size):
        try:
            config, of = work.config(i), int(work.of[i])
            setup = build_setup(config, shared.get(of))
            if of not in shared and not settings_of_problem(config) & work.numbers.keys():
                shared[of] = setup.problem
            runs[i] = setup, config.make_rule()
        except Exception as error:
            fail(chunk, i, error)
    return runs


def put_terms(work: Work, chunk: Chunk) -> None:
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


def verified_steps(work: Work) -> int:
    """Return how many steps of its first cell are held to the reference engine."""
    return min(VERIFIED, work.steps, work.configs[0].verify)


def _verify(work: Work, engine: Engine[State], setup: Setup, rule: Rule, run: int | None) -> None:
    if steps := verified_steps(work):
        verify_to_the_bit(engine, Reference(setup, rule), steps, run=run)
