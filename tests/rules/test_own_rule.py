"""A new rule and a new problem, with options that no other has: one file and one line each."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]

RULE = '''
"""The heavy ball (Polyak, 1964), on a scalar."""

from typing import Annotated, Any, NamedTuple

from amsgrad.field_types import OneOf, Real
from amsgrad.options import Option
from amsgrad.rules.method import method
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    m: float


class Hyper(NamedTuple):
    inertia: float


class Coefficients(NamedTuple):
    step: float
    inertia: float


def coefficients(k: int, alpha: float, beta1: float, h: Hyper, real: Any) -> Coefficients:
    return Coefficients(real(alpha), real(h.inertia))


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    m = c.inertia * memory.m + g
    return Memory(m), c.step * m


def update_ahead(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    m = c.inertia * memory.m + g
    return Memory(m), c.step * (c.inertia * m + g)


Inertia = Annotated[float, Option(Real(0, below=1), "Share of the last move", free=True)]
Manner = Annotated[str, Option(OneOf(("plain", "ahead")), "Place of the gradient")]


@method(formula="x - alpha_k m_k, m_k = inertia m_{k-1} + g_k")
def heavyball(*, inertia: Inertia = 0.5, manner: Manner = "plain") -> Rule:
    """Return the rule with this inertia."""
    step = {"plain": update, "ahead": update_ahead}[manner]
    return Rule("heavyball", Memory, Hyper(inertia), coefficients, step, settled=1)
'''

PROBLEM = '''
"""Two slopes by turns."""

from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from amsgrad.field_types import Real
from amsgrad.options import Option
from amsgrad.problems.problem import Problem


class Slopes(NamedTuple):
    up: float
    down: float


@dataclass(frozen=True)
class Turns(Problem):
    """f_t(x) = (1 + tilt) x if t is even, else -x, on F = [-1, 1]."""

    tilt: Annotated[float, Option(Real(above=0), "Slope that a period adds up to")] = 0.5
    period = 2
    x0 = 0.25

    @property
    def in_words(self) -> str:
        return f"slope 1 + {self.tilt:g} if t is even, else -1"

    def parameters(self, real: Any) -> Slopes:
        return Slopes(real(1 + self.tilt), real(-1))

    @staticmethod
    def select(t: int, phase: int, p: Slopes) -> float:
        return p.up if phase == 0 else p.down
'''

ENTER = """
import sys
sys.path.insert(0, sys.argv[1])
from amsgrad.problems import PROBLEMS
from amsgrad.rules import RULES
from mine.heavyball import heavyball
from mine.turns import Turns
RULES["heavyball"] = heavyball
PROBLEMS["turns"] = Turns
"""

Mine = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def mine(tmp_path: Path) -> Mine:
    """Run code in a process of its own, in which both are entered."""
    package = tmp_path / "mine"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "heavyball.py").write_text(RULE)
    (package / "turns.py").write_text(PROBLEM)

    def run(code: str, *argv: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", ENTER + code, str(tmp_path), *argv]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


SYNTHETIC = "from experiments.synthetic import main; sys.exit(main(sys.argv[2:]))"


def x_after(steps: int, lr: float, inertia: float, tilt: float) -> float:
    """Return x by hand, from x = 0.25 at t = 1 on."""
    x, m = 0.25, 0.0
    for t in range(1, steps + 1):
        m = inertia * m + (1 + tilt if t % 2 == 0 else -1)
        x = max(-1.0, min(1.0, x - lr * m))
    return x


def test_help_shows_both_and_their_options(mine: Mine) -> None:
    shown = " ".join(mine(SYNTHETIC, "--help").stdout.split())
    assert "--inertia X Share of the last move, by default 0.5 (a number in [0, 1))" in shown
    assert "--manner NAME Place of the gradient, by default plain (plain or ahead)" in shown
    assert (
        "--tilt X Slope that a period adds up to, by default 0.5 (a finite number above 0)" in shown
    )
    assert "heavyball x - alpha_k m_k, m_k = inertia m_{k-1} + g_k" in shown
    assert "turns slope 1 + 0.5 if t is even, else -1" in shown


@pytest.mark.slow
def test_a_run_takes_verifies_and_names_both(mine: Mine, tmp_path: Path) -> None:
    done = mine(
        SYNTHETIC, "--opt", "heavyball", "--inertia", "0.75", "--problem", "turns",
        "--tilt", "0.125", "--lr", "0.001", "--steps", "700", "--every", "100",
        "--engine", "compiled", "--certify", "no", "--dtype", "float64",
        "--out", str(tmp_path / "runs"), "--json",
    )  # fmt: skip
    summary = json.loads(done.stdout.splitlines()[-1])
    agree = "the first 700 steps agree with the reference engine (largest difference 0.0e+00)"
    assert agree in done.stderr
    assert (summary["opt"], summary["engine"], summary["status"]) == (
        "heavyball", "compiled", "finished",
    )  # fmt: skip
    expected = x_after(700, 0.001, 0.75, 0.125)
    assert summary["x"] == pytest.approx(expected, abs=1e-13)
    (folder,) = (tmp_path / "runs").glob("*-*")
    settings = yaml.safe_load((folder / "config.yaml").read_text())
    own = {name: settings[name] for name in ("inertia", "manner", "tilt", "x0", "verify")}
    assert own == {"inertia": 0.75, "manner": "plain", "tilt": 0.125, "x0": 0.25, "verify": 1000}


WRONG = """
from experiments.synthetic import main
for wrong in (
    ["--opt", "heavyball", "--inertia", "1"],
    ["--opt", "heavyball", "--manner", "plane"],
    ["--opt", "heavyball", "--inrtia", "0.5"],
    ["--opt", "heavyball", "--problem", "turns", "--tilt", "0"],
    ["--opt", "adam", "--inertia", "0.5"],
    ["--opt", "adam", "--tilt", "0.5"],
):
    assert main(wrong) == 2
"""


def test_what_their_options_may_not_be_is_refused(mine: Mine) -> None:
    assert mine(WRONG).stderr.splitlines() == [
        "synthetic: error: --inertia must be a number in [0, 1), but 1 was given",
        "synthetic: error: --manner must be plain or ahead, but plane was given; did you mean"
        " plain?",
        "synthetic: error: unknown option --inrtia; did you mean --inertia?",
        "synthetic: error: --tilt must be a finite number above 0, but 0 was given",
        "synthetic: error: --inertia has no effect with --opt adam, which has beta1, beta2, eps,"
        " semantics",
        "synthetic: error: --tilt has no effect with --problem online, which has big, period,"
        " small",
    ]


CAPTION = """
from amsgrad.config.caption import caption
from amsgrad.config.run_config import Config
print(caption(Config(opt="heavyball", inertia="0.75", problem="turns", tilt="0.125")))
"""


def test_the_caption_names_all_options(mine: Mine) -> None:
    shown = mine(CAPTION).stdout
    assert "slope 1 + 0.125 if t is even, else -1; step size 0.01" in shown
    assert "inertia 0.75" in shown
    assert "manner plain" in shown


BATCH = """
from amsgrad.engines.agreement import first_difference
from amsgrad.engines.base import Setup
from amsgrad.engines.batch import Batch
from amsgrad.engines.driver import run_to
from amsgrad.engines.reference import Reference
import numpy as np
setups = [Setup(Turns(tilt), 0.01, x0=0.25, dtype=np.float64) for tilt in (0.25, 0.5, 1.0)]
rules = [heavyball(inertia=inertia) for inertia in (0.0, 0.5, 0.9)]
state, _ = run_to(Batch(setups, rules), 500)
for i in range(3):
    assert first_difference(state.run(i), run_to(Reference(setups[i], rules[i]), 500)[0]) is None
"""

SWEEP = """
base: {opt: heavyball, problem: turns, steps: 500, dtype: float64, verify: 100}
axes:
  inertia: [0.0, 0.5, 0.9]
  tilt: [0.25, 1.0]
  lr: [0.001, 0.01]
keep: [x]
"""
TO_SWEEP = """
from experiments.sweep import main
status = main(["--config", sys.argv[2], "--out", sys.argv[3], "--threads", "1"])
sys.exit(status or main(["merge", sys.argv[3]]))
"""


@pytest.mark.slow
def test_a_batch_and_a_sweep_over_its_options(mine: Mine, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(SWEEP)
    mine(BATCH + TO_SWEEP, str(tmp_path / "own.yaml"), str(tmp_path / "own"))
    with (tmp_path / "own" / "cells.csv").open() as file:
        cells = list(csv.DictReader(file))
    assert {cell["status"] for cell in cells} == {"finished"}
    found = {tuple(float(cell[n]) for n in ("inertia", "tilt", "lr")): cell["x"] for cell in cells}
    assert set(found) == set(product((0.0, 0.5, 0.9), (0.25, 1.0), (0.001, 0.01)))
    for (inertia, tilt, lr), x in found.items():
        assert float(x) == pytest.approx(x_after(500, lr, inertia, tilt), abs=1e-13)
