"""The code that the README shows runs as it is shown."""

import importlib.util
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.reference import Reference
from amsgrad.problems import PROBLEMS
from amsgrad.problems.online import Online
from amsgrad.rules import RULES
from amsgrad.schedules import inverse_sqrt, record_steps

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def module(marker: str, folder: Path) -> Any:
    """The block of the README that has these words, as a module of its own."""
    (block,) = [block for block in BLOCKS if marker in block]
    path = folder / "shown_in_readme.py"
    path.write_text(block)
    spec = importlib.util.spec_from_file_location("shown_in_readme", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_the_rule_of_the_readme_runs(tmp_path: Path) -> None:
    shown = module("def signsgd", tmp_path)
    setup = Setup(Online(), 0.5, inverse_sqrt)
    ends = []
    for engine in (Reference(setup, shown.signsgd()), Compiled(setup, shown.signsgd())):
        ends.append(engine.advance(engine.init(), 500, record_steps(500, 50))[0])
    assert ends[0] == ends[1]
    assert -1 < ends[0].x <= 1


def test_both_are_options_once_they_are_entered(tmp_path: Path) -> None:
    blocks = [block for block in BLOCKS if "signsgd" in block or "Theorem2" in block]
    (tmp_path / "mine.py").write_text("\n".join(blocks))
    code = """
import sys
sys.path.insert(0, sys.argv[1])
import mine
from amsgrad.problems import PROBLEMS
from amsgrad.rules import RULES
RULES["signsgd"] = mine.signsgd
PROBLEMS["mine"] = mine.Theorem2
from experiments.synthetic import main
sys.exit(main(["--opt", "signsgd", "--softness", "0.5", "--problem", "mine", "--period", "7",
               "--steps", "1000", "--every", "100", "--out", sys.argv[1]]))
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "signsgd finished after 1,000 steps" in done.stdout
    assert "agree with the reference engine (largest difference 0.0e+00)" in done.stdout
    (picture,) = tmp_path.glob("signsgd-mine-*/picture.png")
    assert picture.stat().st_size > 10_000
    assert "softness: 0.5\n" in picture.with_name("config.yaml").read_text()


def test_the_problem_of_the_readme_is_the_one_there_is(tmp_path: Path) -> None:
    shown = module("class Theorem2", tmp_path).Theorem2()
    ours = PROBLEMS["theorem2"]()
    assert [field.name for field in fields(shown)] == [field.name for field in fields(ours)]
    setups = (Setup(shown, 0.01), Setup(ours, 0.01))
    engines = [Reference(setup, RULES["adam"](eps=1e-8)) for setup in setups]
    first, second = (
        engine.advance(engine.init(), 200, record_steps(200, 1))[0] for engine in engines
    )
    assert first == second


def test_every_rule_and_problem_is_named() -> None:
    for name in (*RULES, *PROBLEMS):
        assert re.search(rf"\b{name}\b", README), name
