"""A sweep on a GPU: the files of the CPU, byte for byte. Without one on a library that stands in.

The kernels' PTX is then run in an emulator, and all the rest is what runs with a device.
"""

import json
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from amsgrad.config.run_config import Config
from amsgrad.cuda import driver
from amsgrad.cuda.driver import NoDevice, devices, driver_of
from amsgrad.cuda.engine import Cuda
from experiments.sweep import main
from experiments.sweeps import cluster, gpu, gpu_chunk, groups
from experiments.sweeps.chunk_file import Status
from experiments.sweeps.estimates import seconds_on_a_core, seconds_on_a_gpu
from experiments.sweeps.groups import Group, grouped, in_groups
from experiments.sweeps.plan import make_plan
from experiments.sweeps.sweep_file import from_document, read_sweep
from experiments.sweeps.work import Stopped, Work
from tests.cuda.stand_in import StandIn
from tests.marks import slow
from tests.sweeps.small import fails, merged, sweep, write

# 16 cells of two kinds, in 6 chunks
TEXT = """
base: {opt: amsgrad, semantics: paper, problem: stochastic, steps: 70, verify: 30}
axes:
  schedule: [constant, inverse_sqrt]
  lr: {log: [0.01, 1, 4]}
seeds: 2
keep: [x, average_regret, average_hindsight_regret, {converged: {distance: 0.5}}, {series: 5}]
chunk: 3
"""

try:
    HERE = devices()
except NoDevice:
    HERE = []


@pytest.fixture(autouse=True)
def opened_anew() -> Iterator[None]:
    """A driver is opened once in a process: here it is that of each test."""
    driver_of.cache_clear()
    yield
    driver_of.cache_clear()


@pytest.fixture(params=["stand-in", pytest.param("device", marks=pytest.mark.device)])
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a device that is there."""
    if request.param == "device":
        if not HERE:
            pytest.skip("there is no CUDA device here")
        return HERE[0].name
    return stand_in(monkeypatch)


def stand_in(monkeypatch: pytest.MonkeyPatch, number: int = 1, **given: Any) -> str:
    library = StandIn(devices=number, **given)
    monkeypatch.setattr(driver, "_opened", lambda _: library)
    return "stand-in 0"


def no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "LIBRARY", "libcuda-that-is-not-here.so")


def always_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "GAIN", 0.0)


def works(text: str, tmp_path: Path) -> list[Work]:
    plan = make_plan(read_sweep(write(tmp_path, text)))
    return [plan.work(number) for number in range(len(plan.chunks))]


@pytest.fixture(scope="module")
def on_cpu(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("cpu")
    assert sweep(write(folder, TEXT), folder / "out", "--device", "cpu") == 0
    return merged(folder / "out")


def test_the_files_are_those_of_the_cpu(
    device: str, on_cpu: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where a folder that was begun on the CPU is ended on the GPU."""
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    assert sweep(path, out, "--device", "cuda") == 0
    of_gpu = merged(out)
    assert of_gpu == on_cpu
    provenance = json.loads((out / "provenance.json").read_text())
    (origin,) = provenance["origins"]
    assert (origin["device"], origin["cells"]) == (device, 16)
    begun = provenance["begun"]
    assert (begun["device"], begun["engine"]) == (device, "compiled and cuda")
    assert begun["gpu"]["capability"] == origin["capability"]
    assert {"capability", "driver", "processor", "code"} <= set(origin)

    both = tmp_path / "both"
    assert sweep(path, both, "--shard", "0/3", "--device", "cpu") == 0
    assert sweep(path, both, "--device", "cuda") == 0
    capsys.readouterr()
    assert {n: b for n, b in merged(both).items() if n != "sweep.nc"} == {
        n: b for n, b in on_cpu.items() if n != "sweep.nc"
    }
    said = capsys.readouterr().out
    assert "the cells were computed in 2 different ways: " in said
    assert f"device {device}, capability " in said
    assert "by device cpu" in said


def test_neighbours_of_one_kind_are_one_batch(tmp_path: Path) -> None:
    all_works = works(TEXT, tmp_path)
    assert [work.cells.size for work in all_works] == [3, 3, 2, 3, 3, 2]
    found = list(grouped(all_works, "cuda"))
    assert [len(group.works) for group in found] == [3, 3]
    assert all(group.on_gpu for group in found)
    assert [work for group in found for work in group.works] == all_works
    assert [group.on_gpu for group in grouped(all_works, "auto")] == [False] * 6


def test_a_batch_has_room_for_its_runs_and_their_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_works = works(TEXT, tmp_path)
    monkeypatch.setattr(groups, "MOST_RUNS", 6)
    assert [len(group.works) for group in grouped(all_works, "cuda")] == [2, 1, 2, 1]
    monkeypatch.setattr(groups, "MOST_RUNS", 100)
    monkeypatch.setattr(groups, "MOST_NUMBERS", 6 * 5)
    assert [len(group.works) for group in grouped(all_works, "cuda")] == [2, 1, 2, 1]


def test_auto_takes_the_gpu_for_many_long_runs(
    on_cpu: dict[str, bytes],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write(tmp_path, TEXT)
    device = stand_in(monkeypatch)
    assert sweep(path, tmp_path / "few") == 0
    assert device not in capsys.readouterr().err
    always_worth_it(monkeypatch)
    assert sweep(path, tmp_path / "many") == 0
    assert f"{device} computes all cells that are worth it" in capsys.readouterr().err
    assert merged(tmp_path / "many") == on_cpu
    (origin,) = json.loads((tmp_path / "many" / "provenance.json").read_text())["origins"]
    assert origin["device"] == device
    monkeypatch.undo()
    always_worth_it(monkeypatch)
    no_device(monkeypatch)
    assert sweep(path, tmp_path / "none") == 0
    assert merged(tmp_path / "none") == on_cpu


OTHERS = "tests.optimizers_of_others"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        slow(
            TEXT.replace("amsgrad, semantics: paper", "padam"),
            "does not take padam on Stochastic: a GPU has no pow with the bits of this CPU",
        ),
        (
            TEXT.replace("distance: 0.5", "mean_log_distance: -2"),
            "mean_log_distance looks at each step; give converged: {distance: ...} instead",
        ),
        slow(
            f"base: {{opt: '{OTHERS}:Plain', steps: 50}}\naxes: {{lr: [0.1, 0.2]}}\n",
            "the numbers of a torch optimizer depend on its device: give device in base",
        ),
    ],
)
def test_what_no_gpu_computes_is_refused_and_auto_leaves_it_to_the_cpu(
    text: str,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand_in(monkeypatch)
    path, out = write(tmp_path, text), tmp_path / "out"
    for option in ((), ("--dry-run",)):
        line = ("--config", str(path), "--out", str(out), "--device", "cuda", *option)
        said = fails(capsys, *line)
        assert said.startswith("sweep: error: --device cuda was given, but ")
        assert sentence in said
    assert not out.exists()
    always_worth_it(monkeypatch)
    assert not any(group.on_gpu for group in grouped(works(text, tmp_path), "auto"))
    assert gpu.gpus("auto", make_plan(read_sweep(path)), None, False) == []


def test_without_a_device_it_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_device(monkeypatch)
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    for option in ((), ("--dry-run",), ("--workers", "2")):
        line = ("--config", str(path), "--out", str(out), "--device", "cuda", *option)
        assert fails(capsys, *line) == (
            "sweep: error: --device cuda was given, but no CUDA device was found: there is no"
            " NVIDIA driver here (libcuda-that-is-not-here.so); use cpu\n"
        )
    assert not out.exists()


def test_auto_weighs_two_estimates() -> None:
    constant, decaying = ([Config(opt="adam", schedule=s)] for s in ("constant", "inverse_sqrt"))
    for cores, configs, cells, steps, gpu_is_worth_it in (
        (2, constant, 100_000, 10_000_000, True),
        (2, constant, 64, 10_000_000, False),  # each step is waited for
        (2, constant, 1_000_000, 10_000, False),  # to put a cell into a batch takes as long
        (128, constant, 100_000, 10_000_000, False),
        (128, decaying, 100_000, 100_000_000, True),
    ):
        here = seconds_on_a_core(cells * steps, configs) / cores
        found = here > groups.GAIN * seconds_on_a_gpu(cells, steps, configs)
        assert found == gpu_is_worth_it, (cores, cells, steps)


def test_auto_weighs_the_powers_of_the_host(tmp_path: Path) -> None:
    text = """
base: {opt: adam, problem: online, steps: 1000000, beta1_schedule: SCHEDULE}
axes: {beta2: [0.9, 0.99, 0.999], lr: [0.01, 0.1]}
"""
    constant, decaying = (
        groups.powers_of(works(text.replace("SCHEDULE", name), tmp_path))
        for name in ("constant", "exponential")
    )
    assert 0 < constant < 500_000  # each number asks until its power rounds to nothing
    assert 1_000_000 <= decaying < 3_000_000  # beta1_k is asked for to the end
    configs = [Config(opt="adam", beta1_schedule="exponential")]
    plain = seconds_on_a_gpu(1000, 10_000, configs)
    assert seconds_on_a_gpu(1000, 10_000, configs, 10**12) > 1000 + plain
    assert seconds_on_a_core(10**9, configs) == seconds_on_a_core(
        10**9, [Config(opt="adam", schedule="inverse_sqrt")]
    )


def test_each_process_has_a_gpu_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, 2)
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    line = ("--config", str(path), "--out", str(out), "--device", "cuda", "--workers", "3")
    assert "--workers must be at most 2 with --device cuda, one for each" in fails(capsys, *line)
    assert not out.exists()
    (group, _) = grouped(works(TEXT, tmp_path), "cuda")
    assert len(gpu_chunk.computed_group(group, device=1)) == 3
    library: Any = driver._opened(None)
    assert library.contexts == [1]
    with pytest.raises(NoDevice, match="no CUDA device has the number 2"):
        gpu_chunk.computed_group(group, device=2)


def test_a_worker_has_the_gpu_of_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, 2)
    library: Any = driver._opened(None)
    (group, _) = grouped(works(TEXT, tmp_path), "cuda")
    expected = gpu_chunk.computed_group(group)
    driver_of.cache_clear()
    monkeypatch.setattr("distributed.get_worker", lambda: SimpleNamespace(name=1))
    assert len(cluster.group_on_this_machine(group)) == len(expected)
    assert library.contexts[-1] == 1
    driver_of.cache_clear()
    assert cluster.group_on_any_machine(group) == expected
    assert library.contexts[-1] == 0
    monkeypatch.setattr(cluster, "cell_code", lambda torch: "another")
    with pytest.raises(cluster.OtherSources, match="a worker has another version"):
        cluster.group_on_any_machine(group)


def test_workers_share_the_gpus_of_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"base: {{opt: '{OTHERS}:Plain', steps: 5}}\naxes: {{lr: [0.1, 0.2]}}\n"
    (work,) = works(text, tmp_path)
    chosen: list[int] = []
    monkeypatch.setattr("distributed.get_worker", lambda: SimpleNamespace(name=3))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    cluster.on_this_machine(work)
    assert chosen == []
    there = Config(opt=f"{OTHERS}:Plain", steps=5, device="cuda")
    cluster.on_this_machine(work._replace(configs=[there]))  # its cells fail: there is no device
    assert chosen == [1]


def test_a_cell_that_cannot_be_built_does_not_touch_the_others(
    device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
base: {opt: sgd, problem: adashift, steps: 40, first_t: 1}
axes: {lr: [0.01, 0.1, 1e38]}
chunk: 2
"""
    original: Any = Work.config

    def config(self: Work, i: int) -> Config:
        if self.cells[i] == 0:
            raise RuntimeError("no rule today")
        found: Config = original(self, i)
        return found

    monkeypatch.setattr(Work, "config", config)
    chunks = gpu_chunk.compute_on_gpu(works(text, tmp_path), lambda: False, driver.Driver())
    status = np.concatenate([chunk.status for chunk in chunks])
    assert status.tolist() == [Status.failed, Status.finished, Status.diverged]
    assert chunks[0].errors == {0: "RuntimeError: no rule today"}
    assert np.isnan(chunks[1].arrays["x"]).all()


def test_a_device_of_another_arithmetic_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch)

    class Wrong(Cuda):
        """Run 6 of 8, the first of the last chunk, is wrong."""

        def advance(self, *given: Any) -> Any:
            end, records = super().advance(*given)
            end.x[-2] += np.float32(1e-6)
            return end, records

    monkeypatch.setattr(gpu_chunk, "Cuda", Wrong)
    assert sweep(write(tmp_path, TEXT), tmp_path / "out", "--device", "cuda", "--json") == 1
    printed = capsys.readouterr()
    assert "Disagreement: run 6 of the batch differs after 30 steps: x is " in printed.err
    assert json.loads(printed.out)["failed"] == 16


def test_a_device_that_fails_loses_its_chunks_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, fails={"cuMemAlloc_v2": 2})
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    assert sweep(path, out, "--device", "cuda", "--json") == 1
    printed = capsys.readouterr()
    assert printed.err.count("a chunk is not computed: DeviceError: cuMemAlloc_v2 of the NV") == 6
    summary = json.loads(printed.out)
    assert (summary["status"], summary["lost"], summary["computed"]) == ("failed", 6, 0)
    assert sweep(path, out, "--device", "cpu") == 0


def test_auto_goes_on_without_a_device_that_fails(
    on_cpu: dict[str, bytes],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    always_worth_it(monkeypatch)
    stand_in(monkeypatch, fails={"cuMemAlloc_v2": 2})
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    assert sweep(path, out) == 0
    assert (
        capsys.readouterr().err.count("the GPU fails, and the cores go on: cuMemAlloc_v2 of") == 1
    )
    assert merged(out) == on_cpu


def test_a_device_that_is_too_old_is_none(
    on_cpu: dict[str, bytes],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    always_worth_it(monkeypatch)
    stand_in(monkeypatch, capability=(7, 0))
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    assert fails(capsys, "--config", str(path), "--out", str(out), "--device", "cuda") == (
        "sweep: error: --device cuda was given, but the CUDA device stand-in 0 has compute"
        " capability 7.0, and 7.5 or later is needed; use cpu\n"
    )
    assert not out.exists()
    assert sweep(path, out) == 0
    assert merged(out) == on_cpu


def test_progress_is_told_after_each_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    (group, _) = grouped(works(TEXT, tmp_path), "cuda")
    monkeypatch.setattr(Cuda, "piece", lambda self, runs: 30)
    told: list[int] = []
    gpu_chunk.computed_group(group, tell=told.append)
    assert told == [8 * 30, 8 * 60, 8 * 70, 0]


def test_it_ends_between_two_pieces_where_that_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch)
    (group, _) = grouped(works(TEXT, tmp_path), "cuda")
    asked: list[None] = []
    monkeypatch.setattr(Cuda, "piece", lambda self, runs: 20)

    def stop() -> bool:
        asked.append(None)
        return len(asked) == 3

    with pytest.raises(Stopped):
        gpu_chunk.computed_group(group, stop)
    assert len(asked) == 3
    with gpu_chunk._gpu, pytest.raises(Stopped):  # while another thread has the GPU
        gpu_chunk.computed_group(group, lambda: True)


def test_an_executor_that_is_left_is_closed(tmp_path: Path) -> None:
    closed = []

    def executor(found: Any, stop: Any) -> Iterator[tuple[Group, Any]]:
        try:
            for group in found:
                future: Future[list[bytes]] = Future()
                future.set_result([work.name.encode() for work in group.works])
                yield group, future
        finally:
            closed.append(True)

    all_works = works(TEXT, tmp_path)
    ended = in_groups(executor, "cuda", pytest.fail, all_works, lambda: False)
    for work in all_works[:4]:
        found, future = next(ended)
        assert (found, future.result()) == (work, work.name.encode())
    ended.close()  # type: ignore[attr-defined]
    assert closed == [True]


def test_a_dry_run_tells_an_estimate_from_a_measurement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, 2)
    text = TEXT.replace("steps: 70", "steps: 1e9")
    line = ["--config", str(write(tmp_path, text)), "--device", "cuda", "--dry-run"]
    assert main([*line, "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    # two batches of 8 cells: 3 s to start, and 1e9 steps of 100 ns, one after another
    assert "about 206 s on stand-in 0: an estimate of an H100, not a measurement" in said
    assert not (tmp_path / "out").exists()


def test_cells_without_steps_stay_with_the_processor() -> None:
    document = {
        "base": {"opt": "adam", "steps": 100, "certify": "yes"},
        "axes": {"lr": [0.1, 0.2]},
        "keep": ["x", "limit"],
    }
    plan = make_plan(from_document(document, lambda *_: "here"))
    (work,) = map(plan.work, range(len(plan.chunks)))
    assert work.how == "cycle"
    assert groups.why_not_on_gpu(work) is None
    assert [group.on_gpu for group in grouped([work], "cuda")] == [False]
