"""The work of a chunk as a value: everything that is to be computed, and nothing else."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

import amsgrad.config
from amsgrad.code_digest import code_digest
from amsgrad.config.run_config import Config
from experiments.files.strict_json import to_json
from experiments.sweeps.quantities import Keep

FORM = "amsgrad sweep, form 2"
EXPERIMENTS = Path(__file__).parents[1]
SETTINGS = Path(amsgrad.config.__file__).parent
OPTIMIZERS = SETTINGS.parent / "optimizers"
DECIDING = (  # the files of the runs that decide the numbers of a cell
    *("sweeps/chunk.py", "sweeps/follow.py", "sweeps/plan.py", "sweeps/plan_checks.py"),
    *("sweeps/gpu_chunk.py", "sweeps/groups.py", "sweeps/kept.py"),
    *("sweeps/quantities.py", "sweeps/terms.py", "sweeps/torch_cells.py"),
    *("sweeps/torch_chunk.py", "sweeps/work.py"),
)


@cache
def cell_code(torch: bool) -> str:
    """Return the digest of all code that computes a cell, of a torch optimizer or of a rule."""
    terms = (SETTINGS.parent / "theory" / name for name in ("closed_form.py", "periodic.py"))
    files = [*sorted(SETTINGS.glob("*.py")), *terms, *(EXPERIMENTS / name for name in DECIDING)]
    if not torch:
        return code_digest(*files)
    digest = f"{code_digest(*files, *sorted(OPTIMIZERS.glob('*.py')))} {version('torch')}"
    return hashlib.sha256(digest.encode()).hexdigest()[:16]


def sweep_digest(identity: Mapping[str, Any]) -> str:
    """Return a digest of what decides the contents of the chunks of a sweep."""
    plain = json.loads(to_json(identity))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:24]


# step by step; each cell by itself, up to its cycle; or no step, but the terms of its law
How = Literal["steps", "cycle", "terms"]


class Stopped(Exception):
    """A chunk was given up because its sweep ends."""


class Work(NamedTuple):
    """Cells that one batch can hold; plain enough to be sent to another machine."""

    sweep: str  # digest of the sweep
    code: str  # digest of the code that is to compute it
    cells: NDArray[np.int64]  # their numbers in the sweep
    configs: list[Config]  # settings that cells share
    of: NDArray[np.int64]  # for each cell the index of its shared settings
    numbers: dict[str, NDArray[Any]]  # for each free axis the value of each cell
    keep: Keep
    how: How

    def config(self, i: int) -> Config:
        """Return the settings of cell i of the chunk, which were checked with the plan."""
        own = {name: column[i].item() for name, column in self.numbers.items()}
        return self.configs[int(self.of[i])].with_numbers(own)

    @property
    def torch(self) -> bool:
        """Whether the cells are runs of a torch optimizer."""
        return self.configs[0].foreign

    @property
    def steps(self) -> int:
        """Steps per cell."""
        return self.configs[0].steps

    @property
    def cost(self) -> int:
        """Cells times steps that are taken."""
        return 0 if self.how == "terms" else self.cells.size * self.steps

    @property
    def name(self) -> str:
        """The name of the chunk: a digest of the sweep and of its cells."""
        return hashlib.sha256(self.sweep.encode() + self.cells.tobytes()).hexdigest()[:24]
