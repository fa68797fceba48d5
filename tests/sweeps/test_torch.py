"""Sweeps of torch optimizers: cells are lanes of one tensor, or run alone where they cannot be."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

from amsgrad.config.build import build_torch_loop
from amsgrad.config.run_config import Config
from amsgrad.regret import value
from amsgrad.schedules import record_steps
from experiments.sweep import main
from experiments.sweeps import torch_cells, torch_chunk
from experiments.sweeps.plan import make_plan
from experiments.sweeps.sweep_file import from_document
from tests.sweeps.small import fails, merged, sweep, write

pytestmark = pytest.mark.slow

OTHERS = "tests.optimizers_of_others"
TEXT = f"""
base: {{opt: "{OTHERS}:Clips", problem: stochastic, steps: 300, dtype: float64}}
axes:
  max_norm: [0.0, 1.0]
  schedule: [constant, inverse_sqrt]
  lr: [0.001, 0.01]
seeds: 2
keep: [x, average_regret, average_hindsight_regret, {{converged: {{distance: 1}}}}, {{series: 5}}]
"""


def test_each_cell_has_the_bits_of_the_torch_loop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Clipping mixes elements: its cells are run alone."""
    out = tmp_path / "out"
    assert sweep(write(tmp_path, TEXT), out) == 0
    said = f"{OTHERS}:Clips mixes elements: they move with their neighbours; each of its cells is"
    assert said in capsys.readouterr().err
    merged(out)
    data = xarray.load_dataset(out / "sweep.nc", engine="h5netcdf")
    assert (data.status == 0).all()
    base = {"opt": f"{OTHERS}:Clips", "problem": "stochastic", "steps": 300, "dtype": "float64"}
    for cell in ({"lr": 0.001, "seed": 1}, {"max_norm": 0.0}, {"schedule": "constant"}):
        own = {"max_norm": 1.0, "schedule": "inverse_sqrt", "lr": 0.01, "seed": 0}
        own |= cell
        config = Config(**base, **own)
        engine = build_torch_loop(config)
        end, records = engine.advance(engine.init(), 300, record_steps(300, 1))
        found = data.sel(own)
        assert found.x == end.x
        assert found.average_regret == value(end.regret) / 300
        assert found.average_hindsight_regret == records.average_hindsight_regret[-1]
        at = data.step.values - 1
        np.testing.assert_array_equal(found.series_x, records.x[at])
        np.testing.assert_array_equal(found.series_average_regret, records.average_regret[at])


def test_lanes_that_differ_by_rounding_and_by_problem(tmp_path: Path) -> None:
    problems = ["theorem2", "zhang", "sequence"]
    text = f"""
base: {{opt: "{OTHERS}:Rounds", steps: 200, dtype: float64, order: cyclic}}
axes: {{problem: {problems}, period: [7, 10], lr: [0.003, 0.03]}}
"""
    assert sweep(write(tmp_path, text), tmp_path / "out") == 0
    merged(tmp_path / "out")
    data = xarray.load_dataset(tmp_path / "out" / "sweep.nc", engine="h5netcdf")
    for problem in problems:
        own = {"problem": problem, "period": 10, "lr": 0.03}
        config = Config(opt=f"{OTHERS}:Rounds", steps=200, dtype="float64", **own)
        engine = build_torch_loop(config)
        end, _ = engine.advance(engine.init(), 200, record_steps(200, 200))
        found = data.sel(own)
        assert found.x == pytest.approx(float(end.x), rel=1e-12)
        assert found.average_regret == pytest.approx(value(end.regret) / 200, rel=1e-12)


def test_its_provenance_names_the_optimizer(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert sweep(write(tmp_path, TEXT.replace("[0.0, 1.0]", "[0.0]")), out) == 0
    merged(out)
    provenance = json.loads((out / "provenance.json").read_text())
    found = provenance["optimizers"][f"{OTHERS}:Clips"]
    assert found["defaults"] == {"lr": 0.01}
    assert len(found["source_sha256"]) == 64
    begun = provenance["begun"]
    assert begun["engine"] == "torch"
    verdicts = begun["verification"]["torch optimizers"]
    assert verdicts[f"{OTHERS}:Clips"] == "lanes are equal to the torch loop, to the bit"
    assert "cannot exclude that elements mix later" in verdicts["not excluded"]
    (origin,) = provenance["origins"]
    assert origin["torch"] == found["torch"]


def test_weight_decay_is_left_out_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"""
base: {{opt: "{OTHERS}:Weighs", steps: 20}}
axes: {{lr: [0.01, 0.1]}}
"""
    path = write(tmp_path, text)
    assert sweep(path, tmp_path / "out", "--dry-run") == 0
    said = "weight_decay, which draws x to 0, is 0 here and not 0.01 as in Weighs itself"
    assert said in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
    assert sweep(path, tmp_path / "out") == 0
    assert said in capsys.readouterr().err
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["identity"]["first_cell"]["weight_decay"] == 0.0


def test_the_bytes_do_not_depend_on_chunks_or_threads(tmp_path: Path) -> None:
    text = TEXT.replace("[0.0, 1.0]", "[0.0]")
    assert sweep(write(tmp_path, text), tmp_path / "one") == 0
    path = write(tmp_path, text + "chunk: 5\n", "small")
    assert sweep(path, tmp_path / "two", "--threads", "3") == 0
    assert merged(tmp_path / "one")["cells.csv"] == merged(tmp_path / "two")["cells.csv"]


def test_lanes_that_are_wrong_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = torch_chunk.build_lanes

    def wrong(configs: list[Config]) -> Any:
        return right([config.with_numbers({"lr": 0.5}) for config in configs])

    monkeypatch.setattr(torch_chunk, "build_lanes", wrong)
    assert sweep(write(tmp_path, TEXT.replace("[0.0, 1.0]", "[0.0]")), tmp_path / "out") == 1
    assert "Disagreement: at step 2 the lane has x = " in capsys.readouterr().err


def test_a_cell_that_fails_does_not_touch_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from amsgrad.engines.torch_lanes import TorchLanes

    original = TorchLanes.advance

    def advance(self: Any, *rest: Any) -> Any:
        if any(setup.lr == 0.2 for setup in self.setups):
            raise RuntimeError("no steps today")
        return original(self, *rest)

    text = f"""
base: {{opt: "{OTHERS}:Plain", steps: 300, problem: adashift, verify: 0}}
axes: {{lr: [0.1, 0.2, 1e38, 0.4]}}
"""
    monkeypatch.setattr(TorchLanes, "advance", advance)
    assert sweep(write(tmp_path, text), tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert "cell 1 (lr = 0.2) failed: RuntimeError: no steps today" in said
    assert "cell 2 (lr = 1e+38) diverged" in said
    merged(tmp_path / "out")
    data = xarray.load_dataset(tmp_path / "out" / "sweep.nc", engine="h5netcdf")
    assert data.status.values.tolist() == [0, 2, 1, 0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("base: {opt: 'OTHERS:Deaf'}", "--opt OTHERS:Deaf cannot be run in lanes: it ignores lr"),
        (
            "base: {opt: 'OTHERS:Stubborn', schedule: inverse_sqrt}",
            "--schedule constant is allowed",
        ),
        ("base: {opt: 'OTHERS:Boom'}", "--opt OTHERS:Boom cannot be run: "),
        (
            "base: {opt: 'OTHERS:Plain'}\nkeep: [limit]",
            "limit needs a certificate or a law, but a torch opt",
        ),
        ("base: {opt: 'OTHERS:Plain'}\nseeds: 2", "the axis seed has no effect"),
        (
            "base: {opt: 'OTHERS:Plain', engine: compiled}",
            "--opt OTHERS:Plain needs --engine torch",
        ),
        ("base: {opt: 'OTHERS:Plain', device: cuda}", "but torch finds no CUDA device; use cpu"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    text: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, f"{text}\naxes: {{lr: [0.1, 0.2]}}\n".replace("OTHERS", OTHERS))
    line = ("--config", str(path), "--out", str(tmp_path / "out"))
    assert sentence.replace("OTHERS", OTHERS) in fails(capsys, *line)
    assert not (tmp_path / "out").exists()


def test_what_a_gpu_may_cost_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    document = {"base": {"opt": f"{OTHERS}:Plain", "steps": 100_000}, "axes": {"lr": [0.1, 0.2]}}
    plan = make_plan(from_document(document, lambda *_: "here"))
    (work,) = map(plan.work, range(len(plan.chunks)))
    verdict = torch_cells.tested(plan.configs[0])
    assert torch_cells.remarks(plan.configs, [work]) == []
    monkeypatch.setattr(torch_cells, "tested", lambda _: verdict)
    there = [Config(opt=f"{OTHERS}:Plain", steps=100_000, device="cuda")]
    work = work._replace(configs=there, of=np.zeros_like(work.of))
    # two step sizes in a step, each of 150 us
    assert torch_cells.remarks(there, [work]) == [
        "the cells of torch optimizers may take 40 s on one GPU (an estimate of 150 us per step"
        " and step size, not measured)"
    ]


def test_seeds_are_an_axis_of_an_optimizer_that_draws(tmp_path: Path) -> None:
    text = f"base: {{opt: '{OTHERS}:Noisy', steps: 200}}\naxes: {{lr: [0.01]}}\nseeds: 3\n"
    assert sweep(write(tmp_path, text), tmp_path / "out") == 0
    merged(tmp_path / "out")
    data = xarray.load_dataset(tmp_path / "out" / "sweep.nc", engine="h5netcdf")
    assert len(np.unique(data.x)) == 3
    config = Config(opt=f"{OTHERS}:Noisy", steps=200, lr=0.01, seed=2)
    engine = build_torch_loop(config)
    end, _ = engine.advance(engine.init(), 200, record_steps(200, 200))
    assert data.x.sel(seed=2) == end.x


def test_a_chunk_holds_whole_groups_of_one_step_size() -> None:
    configs = [Config(opt=f"{OTHERS}:Plain", steps=100_000)] * 3000
    lr = np.repeat(np.arange(300), 10)
    np.random.default_rng(0).shuffle(lr)
    parts = list(torch_cells.cut(configs, {"lr": lr}, lanes=True, most=10_000, size=None))
    assert sorted(np.concatenate(parts).tolist()) == list(range(3000))
    assert len(parts) > 50
    for before, after in pairwise(parts):
        assert lr[before].max() < lr[after].min()
    (one,) = torch_cells.cut(configs, {"lr": lr}, lanes=True, most=1, size=5000)
    assert one.size == 3000
    long = [Config(opt=f"{OTHERS}:Plain", steps=10_000_000)] * 7
    groups = {"lr": np.array([2, 0, 1, 0, 1, 0, 2])}
    long_ones = torch_cells.cut(long, groups, lanes=True, most=99, size=None)
    assert [part.tolist() for part in long_ones] == [[1, 3, 5], [2, 4], [0, 6]]
    alone = list(torch_cells.cut(configs[:7], {}, lanes=False, most=10_000, size=None))
    assert [part.size for part in alone] == [4, 3]
    few = torch_cells.cut(configs[:7], {}, lanes=True, most=3, size=None)
    assert [part.size for part in few] == [3, 3, 1]


def test_a_dry_run_says_what_it_costs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep(write(tmp_path, TEXT), tmp_path / "out", "--dry-run", "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["cells"] == 16
    assert 0.1 < summary["core_seconds"] < 2
    assert main(["status", str(tmp_path)]) == 2
