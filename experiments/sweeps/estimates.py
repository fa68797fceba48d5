"""About how long cells take that are run step by step, here and on a GPU."""

from collections.abc import Sequence

from amsgrad.config.run_config import Config
from amsgrad.cuda.powers import NANOSECONDS_PER_POWER
from experiments.sweeps.threads import cores

# Of one core of a shared machine; in double precision twice as much. Measured.
NANOSECONDS_PER_STEP = {"constant": 0.5, "decaying": 3.0}
# Of a GPU: estimates for an H100, at 60 % of what it can issue (`benchmarks/issue.py`).
# None was measured.
STEPS_PER_SECOND = {"constant": 4e11, "decaying": 2e11}
SECONDS_PER_STEP = 1e-7  # of a run that waits for each of its steps
SECONDS_PER_CELL = 6e-5  # of this process, to put a cell into a batch: measured
SECONDS_TO_START = 3.0  # the kernel is made, and loaded


def seconds_on_a_core(cost: int, configs: Sequence[Config]) -> float:
    """Return about how long one core takes for so many cells x steps."""
    double = any(config.dtype == "float64" for config in configs)
    seconds = cost * NANOSECONDS_PER_STEP[_schedule(configs)] * 1e-9
    return seconds * 2 if double else seconds


def seconds_on_a_gpu(cells: int, steps: int, configs: Sequence[Config], powers: int = 0) -> float:
    """Return about how long a GPU, and this process for it, take for a batch.

    Args:
        cells, steps: of the batch.
        configs: settings that stand for those of all cells.
        powers: that the cores compute for it.
    """
    together = max(SECONDS_PER_STEP, cells / STEPS_PER_SECOND[_schedule(configs)])
    of_powers = powers * NANOSECONDS_PER_POWER * 1e-9 / cores()
    return SECONDS_TO_START + cells * SECONDS_PER_CELL + steps * together + of_powers


def _schedule(configs: Sequence[Config]) -> str:
    decays = any({config.schedule, config.beta1_schedule} != {"constant"} for config in configs)
    return "decaying" if decays else "constant"
