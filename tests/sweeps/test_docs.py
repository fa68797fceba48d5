"""The files that docs/sweeps.md shows are sweeps."""

import re
from pathlib import Path

import pytest

from experiments.sweeps.plan import make_plan
from experiments.sweeps.sweep_file import read_sweep
from tests.sweeps.small import ROOT, write

BLOCKS = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "sweeps.md").read_text(), re.DOTALL)


@pytest.mark.parametrize(("text", "cells"), list(zip(BLOCKS, [980, 6, 64], strict=True)))
def test_a_file_of_the_docs(text: str, cells: int, tmp_path: Path) -> None:
    assert make_plan(read_sweep(write(tmp_path, text))).cells == cells
