"""A chunk of a sweep as a value: what is to be computed, and nothing else."""

import hashlib
import json
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.config.run_config import Config
from experiments.sweeps.quantities import Keep, to_document


class Stopped(Exception):
    """Somebody asked for the end of a chunk that is being computed."""


class Work(NamedTuple):
    """Cells that one batch can hold; plain enough to be sent to another machine."""

    cells: NDArray[np.int64]  # their numbers in the sweep
    configs: list[Config]  # settings that cells share
    of: NDArray[np.int64]  # for each cell the number of its shared settings
    numbers: dict[str, NDArray[Any]]  # for each cell what it has instead, by setting
    keep: Keep
    certified: bool  # whether each cell computes its transient alone

    def config(self, i: int) -> Config:
        """The settings of cell i of the chunk: checked when the sweep was planned."""
        shared = self.configs[self.of[i]]
        config: Config = object.__new__(Config)  # a tenth of the time of a check of all settings
        own = {name: column[i].item() for name, column in self.numbers.items()}
        # what a rule or problem does not have stays None
        own = {name: value for name, value in own.items() if getattr(shared, name) is not None}
        config.__dict__.update(vars(shared), **own)
        return config

    @property
    def steps(self) -> int:
        """Steps a cell."""
        return self.configs[0].steps

    @property
    def cost(self) -> int:
        """Cells times steps."""
        return self.cells.size * self.steps

    def name(self, kernels: str) -> str:
        """A digest of all this and of the code that computes it."""
        configs = [asdict(config) for config in self.configs]
        plain = [kernels, configs, to_document(self.keep), self.certified, sorted(self.numbers)]
        digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
        for array in (self.cells, self.of, *(self.numbers[name] for name in sorted(self.numbers))):
            digest.update(array.dtype.str.encode() + array.tobytes())
        return digest.hexdigest()[:24]
