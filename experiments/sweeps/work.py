"""The work of a chunk as a value: what is to be computed, and nothing else."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amsgrad.code_digest import code_digest
from experiments.config.run_config import Config
from experiments.sweeps.quantities import Keep, to_document

EXPERIMENTS = Path(__file__).parents[1]
DECIDING = (  # the files of the runs that decide the numbers of a cell
    *("config/build.py", "config/run_config.py"),
    *("sweeps/chunk.py", "sweeps/follow.py", "sweeps/plan.py", "sweeps/plan_checks.py"),
    *("sweeps/quantities.py", "sweeps/work.py"),
)


@cache
def cell_code() -> str:
    """Return the digest of all code that computes a cell."""
    return code_digest(*(EXPERIMENTS / name for name in DECIDING))


class Stopped(Exception):
    """A chunk was given up because its sweep ends."""


class Work(NamedTuple):
    """Cells that one batch can hold; plain enough to be sent to another machine."""

    cells: NDArray[np.int64]  # their numbers in the sweep
    configs: list[Config]  # settings that cells share
    of: NDArray[np.int64]  # for each cell the index of its shared settings
    numbers: dict[str, NDArray[Any]]  # for each free axis the value of each cell
    keep: Keep
    certified: bool  # whether each cell is computed by itself, up to its cycle

    def config(self, i: int) -> Config:
        """Return the settings of cell i of the chunk, which were checked with the plan."""
        shared: Config = self.configs[self.of[i]]
        return shared.with_numbers(
            {name: column[i].item() for name, column in self.numbers.items()}
        )

    @property
    def steps(self) -> int:
        """Steps per cell."""
        return self.configs[0].steps

    @property
    def cost(self) -> int:
        """Cells times steps."""
        return self.cells.size * self.steps

    def name(self, code: str) -> str:
        """Return the name of the chunk: a digest of all this and of the code that computes it."""
        settings = [config.settings() for config in self.configs]
        plain = [code, settings, to_document(self.keep), self.certified, sorted(self.numbers)]
        digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
        for array in (self.cells, self.of, *(self.numbers[name] for name in sorted(self.numbers))):
            digest.update(array.dtype.str.encode() + array.tobytes())
        return digest.hexdigest()[:24]
