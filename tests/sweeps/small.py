"""Small sweeps for the tests, in this process and in others."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from experiments.sweep import main

ROOT = Path(__file__).parents[2]
MERGED = ("sweep.nc", "cells.csv", "cells.parquet")

# 24 cells in 6 chunks
TEXT = """
base: {opt: amsgrad, semantics: paper, problem: stochastic, steps: 300, verify: 20}
axes:
  schedule: [constant, inverse_sqrt]
  lr: {log: [0.01, 1, 4]}
seeds: 3
keep:
  - x
  - average_regret
  - converged: {mean_log_distance: -0.2, share: 0.5}
  - series: 5
chunk: 4
"""


def write(folder: Path, text: str = TEXT, name: str = "small") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return path


def sweep(path: Path, out: Path, *options: str) -> int:
    return main(["--config", str(path), "--out", str(out), *options])


def merged(folder: Path) -> dict[str, bytes]:
    """The bytes of what `merge` makes."""
    assert main(["merge", str(folder)]) == 0
    return {name: (folder / name).read_bytes() for name in MERGED}


def fails(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """The one sentence with which bad input is refused."""
    capsys.readouterr()
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("sweep: error: ")
    assert err.count("\n") == 1
    return err


def start(*argv: Any, **options: Any) -> subprocess.Popen[str]:
    """A process of its own; without a compiler it is ready at once, and has the same bits."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "NUMBA_DISABLE_JIT": "1"}
    return subprocess.Popen(
        [sys.executable, *map(str, argv)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def start_sweep(path: Path, out: Path, *options: Any, **more: Any) -> subprocess.Popen[str]:
    line = ("-m", "experiments.sweep", "--config", path, "--out", out, *options)
    return start(*line, **more)
