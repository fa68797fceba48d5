"""From axes to values, and from cells to chunks."""

from pathlib import Path

import numpy as np
import pytest

from amsgrad.engines.batch import Batch
from experiments.command import ConfigError
from experiments.config.build import build_setup
from experiments.config.run_config import Config, names
from experiments.sweeps import plan as planning
from experiments.sweeps.axes import ALL, InForce, check_name, read_axis
from experiments.sweeps.plan import Plan, make_plan
from experiments.sweeps.plan_checks import CERTIFIED_FROM
from experiments.sweeps.sweep_file import read_sweep
from tests.sweeps.small import write


def plan(folder: Path, text: str) -> Plan:
    return make_plan(read_sweep(write(folder, text)))


@pytest.mark.parametrize(
    ("name", "form", "numbers", "values"),
    [
        ("lr", "linear", [0, 1, 5], (0, 0.25, 0.5, 0.75, 1)),
        ("lr", "log", [1e-4, 1, 5], (1e-4, 1e-3, 1e-2, 1e-1, 1)),
        ("beta2", "nines", [0, 3, 4], (0, 0.9, 0.99, 0.999)),
        ("period", "linear", [2, 5, 4], (2, 3, 4, 5)),
        ("steps", "log", ["1e2", "1e6", 3], (100, 10_000, 1_000_000)),
        ("lr", "linear", [0.5, 1, 1], (0.5,)),
        ("lr", "linear", [1, 0, 3], (1, 0.5, 0)),
    ],
)
def test_the_forms_of_an_axis(
    name: str, form: str, numbers: list[float], values: tuple[float, ...]
) -> None:
    assert read_axis(name, {form: numbers}, "here", ALL) == values


def test_which_settings_may_vary_and_which_a_batch_leaves_free() -> None:
    never = ["every", "verify", "engine", "certify", "device"]
    for name in never:
        with pytest.raises(ConfigError, match=f"here: {name} cannot be an axis"):
            check_name(name, "here")
    possible = [name for name in names() if name not in never]
    for name in possible:
        check_name(name, "here")
    free = {"lr", "schedule_rate", "beta1", "beta2", "eps", "power", "final_lr", "gamma"}
    assert set(filter(ALL.is_free, possible)) == {*free, "beta1_rate", "seed"}


def test_a_value_is_read_by_the_rules_and_problems_in_force(tmp_path: Path) -> None:
    assert read_axis("period", [1], "here", InForce(["adam"], ["online"])) == (1,)
    for problems in (["zhang"], ["online", "zhang"]):
        with pytest.raises(
            ConfigError, match=r"must be a whole number from 2 to .*, but 1 was given"
        ):
            read_axis("period", [1], "here", InForce(["adam"], problems))
    text = """
base: {problem: zhang, steps: 100, big: -3}
axes: {opt: [adam, padam], power: [0.1, 0.5]}
"""
    made = plan(tmp_path, text)
    assert made.sweep.base["big"] == -3  # zhang does not have it, and another problem takes it
    settings = [made.work(0).config(i).settings() for i in range(2)]
    assert all("power" not in entry for entry in settings)  # those of adam


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
    monkeypatch.setattr(planning, "cell_code", lambda: "other code")
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
    assert [is_certified for _, is_certified in made.chunks] == [certified]
