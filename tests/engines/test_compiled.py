"""The cache of the compiled engine."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.marks import needs_jit

ROOT = Path(__file__).parents[2]

RUN = """
import sys
sys.path.insert(0, {folder!r})
import rule_of_mine
from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.problems.online import Online
from amsgrad.schedules import record_steps
engine = Compiled(Setup(Online(), 0.5), rule_of_mine.rule)
state, records = engine.advance(engine.init(), 1, record_steps(1, 1))
print(float(state.x), sum(engine._kernel.stats.cache_hits.values()))
"""

RULE = """
from typing import NamedTuple
from amsgrad.rules.rule import Rule

class Memory(NamedTuple):
    last: float

class Step(NamedTuple):
    size: float

def coefficients(k, alpha, beta1, h, real):
    return Step(real(alpha))

def sign(g):
    return 1.0 if g > 0 else -1.0

def update(memory, g, c):
    return Memory(g), {factor} * c.size * sign(g)

rule = Rule("mine", Memory, (0.0,), coefficients, update, 1)
"""


@needs_jit
@pytest.mark.slow
def test_an_edited_rule_never_gets_the_loop_of_the_old_one(tmp_path: Path) -> None:
    began = time.time_ns()

    def run(factor: str) -> tuple[float, int]:
        # an earlier run of this test has left a rule of this name in the cache
        module = f"rule_{began}"
        (tmp_path / f"{module}.py").write_text(RULE.format(factor=factor))
        code = RUN.format(folder=str(tmp_path)).replace("rule_of_mine", module)
        command = [sys.executable, "-B", "-c", code]
        out = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
        ).stdout.split()
        return float(out[0]), int(out[1])

    assert run("1.0") == (-0.5, 0)
    assert run("1.0") == (-0.5, 1)
    assert run("0.5") == (-0.25, 0)
