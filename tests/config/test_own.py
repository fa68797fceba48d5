"""A rule, a problem and a torch optimizer of the user's own, in a file of the working folder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

MINE = """
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import torch

from amsgrad.field_types import Real, Whole
from amsgrad.options import Option
from amsgrad.problems.online import Online, Slopes
from amsgrad.problems.problem import Problem
from amsgrad.rules.method import method
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    g: float


class Hyper(NamedTuple):
    kappa: float


class Coefficients(NamedTuple):
    step: float
    kappa: float


def coefficients(k, alpha, beta1, h, real):
    return Coefficients(real(alpha), real(h.kappa))


def update(memory, g, c):
    return Memory(g), c.step * g / (abs(g) + c.kappa)


@method(formula="x - alpha_k g_k / (|g_k| + kappa)")
def soft(*, kappa: Annotated[float, Option(Real(0), "Added to |g|", free=True)] = 0.0) -> Rule:
    return Rule("soft", Memory, Hyper(kappa), coefficients, update, settled=1)


@dataclass(frozen=True)
class Rare(Problem):
    gap: Annotated[int, Option(Whole(2), "Steps from one big slope to the next")] = 10

    @property
    def period(self):
        return self.gap

    @property
    def in_words(self):
        return f"slope {self.gap} if t mod {self.gap} = 1, else -1"

    def parameters(self, real):
        return Slopes(real(self.gap), real(-1))

    select = staticmethod(Online.select)


@dataclass(frozen=True)
class Nameless(Problem):
    pass


@dataclass(frozen=True)
class Plain(Rare):
    kappa: int = 3

    def parameters(self, real):
        return Slopes(real(self.kappa * self.gap), real(-1))


class Needs(torch.optim.SGD):
    def __init__(self, params, force, lr=1e-3):
        super().__init__(params, lr=lr * force)


class Soft(torch.optim.Optimizer):
    def __init__(
        self, params, lr=1e-3, kappa=1.0, nesterov=False, betas=(0.9, 0.99, 0.999), must=None
    ):
        defaults = dict(lr=lr, kappa=kappa, nesterov=nesterov, betas=betas, must=must)
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p -= group["lr"] * p.grad / (p.grad.abs() + group["kappa"])
"""
WRONG = MINE.replace("+ c.kappa)", "+ c.kapa)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "wrong.py").write_text(WRONG)
    return tmp_path


def run(folder: Path, *argv: str, command: str = "synthetic") -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", f"experiments.{command}", *argv]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)


def summary(folder: Path, *argv: str) -> dict[str, object]:
    done = run(folder, *argv, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_a_rule_and_its_torch_twin_go_the_same_way(folder: Path) -> None:
    problem = ["--problem", "mine:Rare", "--gap", "7", "--steps", "500", "--lr", "0.003"]
    rule = summary(folder, "--opt", "mine:soft", "--kappa", "3", *problem)
    twin = summary(folder, "--opt=mine:Soft", "--kappa=3", *problem)
    assert rule["engine"] == "compiled"
    assert twin["engine"] == "torch"
    assert rule["x"] == pytest.approx(twin["x"], abs=1e-5)
    ours, other = (Path(folder / str(one["run"])) for one in (rule, twin))
    assert yaml.safe_load((ours / "config.yaml").read_text())["kappa"] == 3.0
    (session,) = json.loads((other / "provenance.json").read_text())["sessions"]
    optimizer = session["external"]["mine:Soft"]
    assert optimizer["defaults"]["kappa"] == 3.0
    assert optimizer["defaults"]["betas"] == [0.9, 0.99, 0.999]
    assert len(optimizer["source_sha256"]) == 64
    assert run(folder, "--resume", ours.name).returncode == 2  # it is finished: it was read


@pytest.mark.slow
def test_a_file_may_hold_their_options(folder: Path) -> None:
    settings = "opt: mine:Soft\nkappa: 2\nbetas: 0.1,0.2,0.3\nnesterov: true\nsteps: 100\n"
    (folder / "own.yaml").write_text(settings)
    done = run(folder, "--config", "own.yaml", "--kappa", "5", "--print_config")
    assert done.returncode == 0, done.stderr
    printed = yaml.safe_load(done.stdout)
    assert (printed["kappa"], printed["betas"], printed["nesterov"]) == (5, "0.1,0.2,0.3", True)
    (folder / "printed.yaml").write_text(done.stdout)
    again = run(folder, "--config", "printed.yaml", "--print_config")
    assert again.stdout == done.stdout


@pytest.mark.slow
def test_a_sweep_varies_their_options_and_knows_their_source(folder: Path) -> None:
    text = (
        "base: {opt: mine:soft, problem: mine:Rare, steps: 1000}\n"
        "axes: {kappa: [0.5, 1], gap: [5, 6]}\nkeep: [x]\n"
    )
    (folder / "sweep.yaml").write_text(text)
    line = ("--config", "sweep.yaml", "--out", "made")
    done = run(folder, *line, command="sweep")
    assert done.returncode == 0, done.stderr
    mine = folder / "mine.py"
    mine.write_text(mine.read_text().replace("abs(g)", "2 * abs(g)"))
    edited = run(folder, *line, command="sweep")
    assert edited.returncode == 2, edited.stderr


@pytest.mark.slow
def test_help_has_their_options(folder: Path) -> None:
    done = run(folder, "--opt", "mine:Soft", "--problem", "mine:Rare", "--help")
    assert "--kappa" in done.stdout
    assert "The keyword kappa of Soft, by default 1.0" in done.stdout
    assert "slope 10 if t mod 10 = 1, else -1" in done.stdout


REFUSED = [
    ("--opt mine:Soft --kapa 3", "unknown option --kapa; did you mean --kappa?"),
    ("--opt mine:Soft --nesterov 3", "--nesterov must be true or false, but 3 was given"),
    ("--opt mine:Soft --betas 1,2", "--betas must be 3 numbers with commas between them, but"),
    ("--opt mine:Soft --kappa x", "--kappa must be a finite number, but x was given"),
    ("--opt mine:soft --kappa -1", "--kappa must be a finite number, 0 or more, but -1 was"),
    ("--opt mine:Sof", "--opt mine:Sof cannot be imported (module 'mine' has no attribute"),
    ("--opt mne:Soft", "--opt mne:Soft cannot be imported (No module named 'mne')"),
    ("--opt mine:Rare", "--opt mine:Rare is neither a torch.optim.Optimizer nor a rule, made"),
    ("--opt adam --problem mine:soft", "--problem mine:soft is not a class that extends ams"),
    ("--opt adam --problem mine:Nameless", "--problem mine:Nameless cannot be made (NotImple"),
    ("--opt wrong:soft", "--opt wrong:soft cannot be run (AttributeError: 'Coefficients' obj"),
    ("--opt mine:Needs", "--opt mine:Needs needs --force: a number, true, false or a text"),
    ("--opt mine:soft --problem mine:Plain", "the option kappa is one of --opt mine:soft --prob"),
    ("--opt mine:Soft --window 3", "--window has no effect with --opt mine:Soft, which has b"),
]


def test_what_cannot_be_is_one_sentence(folder: Path) -> None:
    lines = [[*line.split(), "--steps", "10", "--out", "runs"] for line, _ in REFUSED]
    code = f"from experiments.synthetic import main; print([main(line) for line in {lines}])"
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout == f"{[2] * len(REFUSED)}\n"
    for said, (_, sentence) in zip(done.stderr.splitlines(), REFUSED, strict=True):
        assert said.startswith(f"synthetic: error: {sentence}")
    assert not (folder / "runs").exists()


@pytest.mark.slow
def test_a_clash_of_names_leaves_the_session_as_it_was(folder: Path) -> None:
    code = """
import amsgrad
import mine
for settings in (
    {"opt": mine.Soft, "kappa": 4},
    {"opt": mine.Soft, "problem": mine.Plain(gap=5)},
    {"opt": mine.soft, "problem": mine.Plain, "kappa": 2},
    {"opt": "adam", "problem": mine.Plain(kappa=1), "period": 7},
    {"opt": "adam", "problem": mine.Plain(kappa=1)},
    {"opt": "sgd"},
):
    try:
        found = amsgrad.run(**settings, steps=50)
        print(found.attrs.get("kappa"))
    except ValueError as error:
        print(str(error)[:20])
"""
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        *("4.0", "3", "the option kappa is "),
        *("period has no effect", "1", "None"),
    ]
