"""From cells to chunks."""

import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from amsgrad.config.build import CERTIFIED_FROM, build_setup
from amsgrad.config.run_config import Config
from amsgrad.engines.batch import Batch
from experiments.sweeps import plan as planning
from experiments.sweeps import progress
from experiments.sweeps.plan import Plan, make_plan
from experiments.sweeps.sweep_file import read_sweep
from tests.sweeps.small import sweep, write


def plan(folder: Path, text: str) -> Plan:
    return make_plan(read_sweep(write(folder, text)))


def test_a_setting_that_some_cells_do_not_have_is_left_out_there(tmp_path: Path) -> None:
    text = """
base: {problem: zhang, steps: 100, big: -3}
axes: {opt: [adam, padam], power: [0.1, 0.5]}
"""
    made = plan(tmp_path, text)
    assert made.sweep.base["big"] == -3  # zhang does not have it, and another problem takes it
    settings = [made.work(0).config(i).settings() for i in range(2)]
    assert all("power" not in entry for entry in settings)  # those of adam


@pytest.mark.parametrize("base", ["", "base:\n", "base: {}\n"])
def test_without_a_base_all_options_have_their_defaults(base: str, tmp_path: Path) -> None:
    made = plan(tmp_path, f"{base}axes: {{opt: [adam, adashift], lr: [0.1]}}\n")
    works = [made.work(i) for i in range(len(made.chunks))]
    assert [w.config(0) for w in works] == [Config(opt=o, lr=0.1) for o in ("adam", "adashift")]


SORTS = """
base: {opt: amsgrad, steps: 1000}
axes:
  opt: [amsgrad, adam, rmsprop, adashift]
  problem: [online, stochastic, theorem2]
  period: [3, 5]
  big: [10, 1010]
  dtype: [float32, float64]
  beta2: [0.999, 0.5, 0.9]
  eps: [1e-8, 1e-4]
  lr: [0.1, 1]
seeds: 2
chunk: 17
""".replace("opt: amsgrad, ", "")


def test_every_cell_is_in_one_chunk_and_chunks_are_of_one_kind(tmp_path: Path) -> None:
    made = plan(tmp_path, SORTS)
    assert made.cells == 4 * 3 * 2 * 2 * 2 * 3 * 2 * 2 * 2
    works = [made.work(i) for i in range(len(made.chunks))]
    cells = np.concatenate([work.cells for work in works])
    assert sorted(cells) == list(range(made.cells))
    assert len({work.name for work in works}) == len(works)
    for work in works[::5]:
        configs = [work.config(i) for i in range(work.cells.size)]
        Batch([build_setup(c) for c in configs], [c.make_rule() for c in configs])


@pytest.mark.parametrize(
    "axis",
    [
        "problem: stochastic} | seed: [0, 1]",
        "problem: zhang} | order: [cyclic, random], seed: [0, 1]",
        "schedule: shifted_inverse_sqrt} | schedule_rate: [0.1, 0.2]",
        "problem: online} | beta1_schedule: [constant, exponential], beta1_rate: [0.1, 0.2]",
        "problem: online} | opt: [adam, padam], power: [0.1, 0.2]",
    ],
)
def test_an_axis_may_have_no_effect_in_some_cells(axis: str, tmp_path: Path) -> None:
    base, _, axes = axis.partition(" | ")
    opt = "" if "opt" in axes else "opt: adam, "
    made = plan(tmp_path, f"base: {{{opt}steps: 9, {base}\naxes: {{{axes}}}\n")
    assert made.cells == len(made.sweep.axes) * 2


def test_planning_shows_how_far_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    plan(tmp_path, "base: {opt: adam, steps: 9}\naxes: {period: [3, 4], x0: [0, 1], lr: [1, 2]}\n")
    lines = capsys.readouterr().err.splitlines()
    assert lines[2] == "planning: 3 of 4 sets of settings are checked"


def test_planning_many_kinds_answers_to_ctrl_c(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.2)
    text = "base: {opt: adam, steps: 9}\naxes: {period: {linear: [2, 100001, 100000]}}\n"
    asked: list[float] = []
    ended = threading.Event()

    def interrupt() -> None:
        # once more each second: an exception in hypothesis' callback of the collector is lost
        while not ended.wait(1 if asked else 2):
            asked.append(time.monotonic())
            signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        assert sweep(write(tmp_path, text), tmp_path / "out") == 130
    finally:
        ended.set()
        thread.join()
    assert time.monotonic() - asked[-1] < 1
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first.startswith("planning: ")
    assert last == "sweep: error: interrupted"
    assert not (tmp_path / "out").exists()


def test_many_kinds_are_planned_in_a_time_that_grows_with_their_number(tmp_path: Path) -> None:
    made = plan(
        tmp_path,
        "base: {opt: adam, steps: 9}\naxes: {period: {linear: [2, 3001, 3000]}, lr: [1, 2]}\n",
    )
    assert [cells.tolist() for cells, _ in made.chunks] == [[2 * i, 2 * i + 1] for i in range(3000)]


def test_the_settings_of_a_cell_are_those_of_a_run(tmp_path: Path) -> None:
    made = plan(tmp_path, SORTS)
    for number in range(0, len(made.chunks), 7):
        work = made.work(number)
        for i in (0, work.cells.size - 1):
            where = made.sweep.values(int(work.cells[i]))
            assert work.config(i) == Config(**{**made.sweep.base, **where})


def test_the_name_of_a_chunk_is_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "base: {opt: adam, steps: 100}\naxes: {lr: [0.1, 0.2], beta1: [0, 0.5]}\n"
    name = plan(tmp_path, text).work(0).name
    assert plan(tmp_path, text).work(0).name == name
    others = [
        text.replace("100", "101"),
        text.replace("0.2", "0.3"),
        text.replace("adam", "amsgrad"),
        text + "keep: [x]",
    ]
    for other in others:
        assert plan(tmp_path, other).work(0).name != name
    monkeypatch.setattr(planning, "cell_code", lambda torch: "other code")
    assert plan(tmp_path, text).work(0).name != name


@pytest.mark.parametrize(
    ("change", "certified"),
    [
        ("", True),
        ("certify: no", False),
        ("schedule: inverse_sqrt", False),
        ("problem: stochastic", False),
        (f"steps: {CERTIFIED_FROM - 1}", False),
        (f"steps: {CERTIFIED_FROM - 1}, certify: yes", True),
    ],
)
def test_who_computes_its_transient_alone(change: str, certified: bool, tmp_path: Path) -> None:
    steps = "" if "steps" in change else f", steps: {CERTIFIED_FROM}"
    base = f"{{opt: adam{steps}, {change}}}".replace(", }", "}")
    made = plan(tmp_path, f"base: {base}\naxes: {{lr: [0.1, 0.2]}}\n")
    assert [how == "cycle" for _, how in made.chunks] == [certified]
