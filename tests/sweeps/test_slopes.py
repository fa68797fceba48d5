"""Sweeps over sequences: what an axis of slopes may hold, and which cells share a batch."""

from itertools import product
from pathlib import Path

import pytest

from amsgrad.config.build import build_engine
from amsgrad.config.run_config import Config
from amsgrad.engines.driver import run_to
from experiments.sweeps.in_memory import compute_sweep
from experiments.sweeps.plan import MOST_IN_A_CHUNK, Plan, make_plan
from experiments.sweeps.sweep_file import read_sweep
from tests.sweeps.small import fails, write

BASE = "base: {opt: adam, problem: sequence, steps: 100}\n"


def plan(folder: Path, axes: str) -> Plan:
    return make_plan(read_sweep(write(folder, BASE + axes)))


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ('["3,-1x2", "4 -1,-1 -1"]', ("3,-1x2", "4,-1x3")),
        ("\n  - 3,-1x2\n  - 4,-1x3\n", ("3,-1x2", "4,-1x3")),
        ("[[3, -1, -1], [4, -1x3]]", ("3,-1x2", "4,-1x3")),
        ('["3,-1x2"]', ("3,-1x2",)),
        ('[s.txt, "3,-1x2"]', ("5,-2x2", "3,-1x2")),
        ("[[3], [-1x2]]", ("3", "-1x2")),
    ],
)
def test_an_axis_of_slopes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: str, read: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.txt").write_text("5 -2 # and\n-2")
    made = plan(tmp_path, f"axes:\n  slopes: {values}\n")
    assert made.sweep.axes["slopes"] == read
    assert [config.settings()["slopes"] for config in made.configs] == list(read)


@pytest.mark.parametrize(
    ("axes", "sentence"),
    [
        ("slopes: [1010,-10x100]", "['1010', '-10x100'] is one value of the axis slopes; put each"),
        ("slopes: [3, -1, -1]", "['3', '-1', '-1'] is one value of the axis slopes"),
        ('slopes: ["3,-1x2", "3 -1 -1"]', "the axis slopes has the value 3,-1x2 twice"),
        ('slopes: ["3,-1x2", none.txt]', "or the name of a file of them, but none.txt was given"),
        ('slopes: "3,-1x2"', "the axis slopes must be a list of values"),
        ('slopes: ["1,-1"]\nkeep: [{converged: {distance: 0.1}}]', "converged needs a best point"),
    ],
)
def test_what_is_not_an_axis_of_slopes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], axes: str, sentence: str
) -> None:
    path = write(tmp_path, f"{BASE}axes:\n  {axes}\n")
    assert sentence in fails(capsys, "--config", str(path), "--out", str(tmp_path / "out"))


def test_cells_of_one_length_order_and_optimum_share_a_chunk(tmp_path: Path) -> None:
    made = plan(
        tmp_path,
        'axes:\n  slopes: ["3,-1x2", "-1,4,-2", "-3,1x2", "3,-1,-1,0"]\n'
        "  order: [cyclic, shuffled, drawn]\n",
    )
    cells = sorted(sorted(cells.tolist()) for cells, _ in made.chunks)
    # cell 3 i + j: slopes i, order j
    assert cells == [[0, 3], [1, 4], [2, 5], *([i] for i in range(6, 12))]


def test_a_chunk_of_long_periods_is_small(tmp_path: Path) -> None:
    made = plan(
        tmp_path, 'axes:\n  slopes: ["5,-1x999999"]\n  lr: {linear: [0.1, 1, 10]}\nkeep: [x]\n'
    )
    assert max(cells.size for cells, _ in made.chunks) == 3 == MOST_IN_A_CHUNK // 1_000_001
    assert sum(cells.size for cells, _ in made.chunks) == 10


def test_a_cell_is_the_run_by_itself() -> None:
    base = {"opt": "adam", "problem": "sequence", "steps": 1000, "lr": 0.1}
    axes = {"slopes": ["3,-1x2", "-1,4,-2"], "order": ["cyclic", "shuffled"]}
    found = compute_sweep({"base": base, "axes": axes, "seeds": 2, "keep": ["x"]})
    for at in product(*(found[name].values.tolist() for name in ("slopes", "order", "seed"))):
        cell = dict(zip(("slopes", "order", "seed"), at, strict=True))
        state, _ = run_to(build_engine(Config(**base, **cell)), 1000)
        assert found.x.sel(cell).item() == state.x
