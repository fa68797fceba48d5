"""The runs of a panel, and where each is kept."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import amsgrad
from experiments.figure2.panels import BATCH, BETA1, EPS, OPTIMIZERS, PANELS, readings
from experiments.figure2.question import Asked

# What decides the bits of a run, besides its settings and its data.
SOURCES = ("optimizers/*.py", "schedules.py")
OWN = ("networks.py", "training.py")


class Cell(NamedTuple):
    """One run of a panel."""

    optimizer: str
    beta2: float
    alpha: float
    seed: int

    @property
    def name(self) -> str:
        """What it is, in the names of files and of tracked losses."""
        return f"{self.optimizer}-beta2={self.beta2:g}-alpha={self.alpha:g}-seed={self.seed}"


def cells(asked: Asked) -> list[Cell]:
    """Return all runs; those of one seed come first."""
    grid = product(range(asked.seeds), asked.alphas, asked.betas2, OPTIMIZERS)
    return [Cell(optimizer, beta2, alpha, seed) for seed, alpha, beta2, optimizer in grid]


def record_at(asked: Asked) -> list[int]:
    """Return after how many iterations the losses are recorded: those of the readings, too."""
    even = range(0, asked.iterations + 1, asked.every)
    read = {r.iteration for r in readings(asked.panel) if r.iteration <= asked.iterations}
    return sorted({*even, *read, asked.iterations})


def file_name(asked: Asked, *, original: bool) -> str:
    """Return the name of the figure's files; a trial never replaces the figure itself.

    Args:
        asked: the panel.
        original: the data are those of the paper.
    """
    if asked.data is None:
        return f"figure2-{asked.panel}-made"
    short = asked.iterations != PANELS[asked.panel].published
    return (
        f"figure2-{asked.panel}"
        + ("" if original else "-other-images")
        + (f"-{asked.iterations}" if short else "")
    )


def settings(asked: Asked) -> dict[str, Any]:
    """Return what decides the numbers of a panel, as JSON can hold it, but for the data."""
    panel = PANELS[asked.panel]
    return {
        "panel": asked.panel,
        "semantics": "paper",
        "schedule": panel.schedule,
        "batch": BATCH,
        "beta1": BETA1,
        "eps": EPS,
        "alpha": list(asked.alphas),
        "beta2": list(asked.betas2),
        "seeds": asked.seeds,
        "iterations": asked.iterations,
        "every": asked.every,
    }


def file_of(folder: Path, asked: Asked, cell: Cell, sha256: Mapping[str, str]) -> Path:
    """Return where the run is kept: another place for other settings, data, sources or torch."""
    alone = {**settings(asked), "alpha": cell.alpha, "beta2": cell.beta2, "seeds": cell.seed}
    decided = {
        **alone,
        "optimizer": cell.optimizer,
        "data": dict(sha256) if asked.data else "made",
        "sources": _sources(*OWN, *([] if asked.data else ["made.py"])),
        "versions": [version("torch"), version("numpy")],
    }
    key = hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()[:16]
    return folder / f"{asked.panel}-{cell.name}-{key}.json"


def _sources(*own: str) -> str:
    science, here = Path(amsgrad.__file__).parent, Path(__file__).parent
    files = sorted(file for pattern in SOURCES for file in science.glob(pattern))
    digest = hashlib.sha256()
    for file in [*files, *(here / name for name in own)]:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
