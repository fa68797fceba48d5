"""The kernels of a sweep that this machine has yet to compile."""

from collections.abc import Iterable
from contextlib import suppress

import numpy as np

from amsgrad.config.build import build_setup
from amsgrad.cycles.certificate import LONGEST
from amsgrad.cycles.search import find_cycle
from amsgrad.engines.base import NOTHING
from amsgrad.engines.batch import Batch
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.kernel_cache import NotKept, nothing_compiled
from amsgrad.engines.lane_losses import LaneLosses, is_linear
from experiments.sweeps.plan import Plan
from experiments.sweeps.work import Work

# Of one idle core, by the first part of a kernel's name, measured. The two loops that search for a
# cycle count as one.
SECONDS = {"batch_kernel": 3.0, "compiled": 0.5, "search": 0.7, "lane_losses": 0.4}
SECONDS_OF_THE_FIRST = 2.0  # beside its own


def to_compile(plan: Plan) -> tuple[int, float]:
    """Return how many kernels are not in numba's cache on disk, and the seconds to compile them.

    The kernels of each sort of chunks are called as the sweep calls them, but for no step, and
    nothing is compiled.
    """
    called = set()
    with nothing_compiled() as names:
        for number in range(len(plan.chunks)):
            work = plan.work(number)
            varying = [name for name, column in work.numbers.items() if np.any(column != column[0])]
            if work.how == "terms":
                continue
            sort = work.how, *varying, *map(id, work.configs)
            if sort not in called:
                called.add(sort)
                with suppress(NotKept):
                    _call(work, varying)
    seconds = sum(SECONDS[name.partition(".")[0]] for name in names)
    return len(names), seconds + (SECONDS_OF_THE_FIRST if names else 0.0)


def _call(work: Work, varying: Iterable[str]) -> None:
    # cells that differ wherever cells of this chunk differ: the kernel is theirs, too
    cells = {*np.unique(work.of, return_index=True)[1].tolist()}
    cells |= {int(np.argmax(work.numbers[name] != work.numbers[name][0])) for name in varying}
    configs = [work.config(i) for i in {0, *cells}]
    setups = [build_setup(config) for config in configs]
    if work.torch:
        for setup in setups:
            losses = LaneLosses([setup])
            with suppress(NotKept):
                if is_linear(setup.problem):
                    losses.slopes(0, 0)
                else:
                    losses.at(0, losses.x_star)
        return
    rules = [config.make_rule() for config in configs]
    if work.how == "steps":
        batch = Batch(setups, rules)
        batch.advance(batch.init(), 0, NOTHING)
        return
    plain = Compiled(setups[0], rules[0])
    with suppress(NotKept):
        plain.advance(plain.init(), 0, NOTHING)
    period = setups[0].problem.period
    if period <= LONGEST:  # one period is searched where the kernel is there
        find_cycle(setups[0], rules[0], plain.init(), period)
