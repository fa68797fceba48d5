"""Compute a chunk of a torch optimizer: as the lanes of one tensor, or each cell alone."""

import threading
from collections.abc import Callable

import numpy as np

from amsgrad.config.build import build_lanes, build_setup, lanes_of, verify_lanes
from amsgrad.config.run_config import Config
from amsgrad.verification import VERIFIED
from experiments.sweeps.chunk_file import Chunk
from experiments.sweeps.kept import fail, take
from experiments.sweeps.turns import one_at_a_time
from experiments.sweeps.work import Stopped, Work

_one = threading.Lock()  # torch's random generators are those of the process


def compute_torch(work: Work, chunk: Chunk, stop: Callable[[], bool]) -> None:
    """Run all cells; a cell that fails does not touch the others.

    Raises:
        Stopped: `stop` returned True.
    """
    configs = {i: work.config(i) for i in range(work.cells.size)}
    with one_at_a_time(_one, stop):
        try:
            if not (lanes_of(configs[0]).lanes and _together(work, configs, chunk, stop)):
                _each_alone(work, configs, chunk, stop)
        except Stopped:
            raise
        except Exception as error:  # lanes that are wrong: none of them can be trusted
            for i in configs:
                fail(chunk, i, error)


def _together(
    work: Work, configs: dict[int, Config], chunk: Chunk, stop: Callable[[], bool]
) -> bool:
    """Run the cells as lanes; return False where some error ends them all."""
    engine = build_lanes(list(configs.values()))
    steps = min(VERIFIED, work.steps, configs[0].verify)
    if steps:
        verify_lanes(engine, configs[0], steps)
    x_star = np.array([setup.problem.x_star for setup in engine.setups])
    try:
        take(work, engine, list(configs), x_star, chunk, stop)
    except Stopped:
        raise
    except Exception:  # its cell is found when they run alone
        return False
    return True


def _each_alone(
    work: Work, configs: dict[int, Config], chunk: Chunk, stop: Callable[[], bool]
) -> None:
    for i, config in configs.items():
        if stop():
            raise Stopped
        try:
            engine = build_lanes([config])
            take(work, engine, [i], build_setup(config).problem.x_star, chunk, stop)
        except Stopped:
            raise
        except Exception as error:
            fail(chunk, i, error)
