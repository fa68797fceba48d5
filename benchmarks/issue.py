"""What a device can issue: instructions of a settled step, counted while the PTX is emulated.

A multiprocessor has four schedulers; each issues one instruction for the 32 threads of a warp in a
cycle. So at most

    multiprocessors x 4 x 32 x clock / (instructions per step of a run)

steps of runs can be taken in a second. The instructions are those of PTX that a step executes, each
weighted by how many the device executes for it. The weights are estimates from the size of the
code that ptxas 13.0 makes for sm_90, and not from a listing of it: a division is 12 instructions in
single precision, among them the way out to its slow path, which is hardly ever taken. Moves between
registers cost nothing there. That a unit may be busy (double precision has half of the lanes,
conversions to it a quarter or less) is not counted.
"""

import re
from collections import Counter
from typing import Any, NamedTuple

from amsgrad.cuda.driver import Driver
from amsgrad.cuda.engine import Cuda
from amsgrad.engines.base import NOTHING, Setup, State
from amsgrad.engines.batch import Batch
from amsgrad.rules.rule import Rule
from tests.cuda.stand_in import StandIn

SETTLED = 40_000  # steps, from which on bias corrections are 1, and a table repeats
FEW, MANY = 2 * 101, 10 * 101  # steps, whole periods of the online problem, of one launch
SCHEDULERS, WARP = 4, 32
WEIGHTS = [
    (r"mov\.|cvta\.|ret", 0.0),
    (r"div\.rn\.f32", 12.0),
    (r"sqrt\.rn\.f32", 11.0),
    (r"div\.rn\.f64", 20.0),
    (r"sqrt\.rn\.f64", 24.5),
    (r"(div|rem)\.[su]64", 70.0),
    (r"mul\.(lo|hi)\.[su]64|mad\.lo\.[su]64", 4.0),
    (r"(add|sub|neg|shl|shr|and|or|xor|not|min|max|selp|setp\.\w+)\.[bsu]64", 2.0),
]


class Limit(NamedTuple):
    """A device as far as its issue is concerned."""

    name: str
    multiprocessors: int
    hertz: float

    def steps_per_second(self, instructions: float) -> float:
        return self.multiprocessors * SCHEDULERS * WARP * self.hertz / instructions


H100 = Limit("H100 (SXM, 1.98 GHz)", 132, 1.98e9)


def instructions_per_step(setup: Setup, rule: Rule) -> float:
    """Return how many a step takes on a device after SETTLED steps."""
    cpu = Batch([setup], [rule])
    begin, _ = cpu.advance(cpu.init(), SETTLED, NOTHING)
    few, many = (_instructions(setup, rule, begin, steps) for steps in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def _instructions(setup: Setup, rule: Rule, begin: State, steps: int) -> float:
    library = StandIn()
    engine = Cuda([setup], [rule], driver=Driver(0, library))
    found = _count_blocks(library)
    engine.advance(begin, steps, NOTHING)
    assert len(library.launches) == 1  # how a run is cut would depend on the time that it takes
    return sum(found.values())


def _count_blocks(library: StandIn) -> Counter[str]:
    """Return a count of weighted instructions that goes up as blocks are run."""
    found: Counter[str] = Counter()
    bodies = re.findall(
        r"([\w$]+)\(\n[^{;]*?\)\n[^{;]*?\{\n(.*?)^\}", library.texts[-1], re.M | re.S
    )
    for name, body in bodies:
        function = library.program.functions[name]
        function.blocks = [
            _counting(getattr(block, "plain", block), found, weight)
            for block, weight in zip(function.blocks, _weights(body), strict=True)
        ]
    return found


def _weights(body: str) -> list[float]:
    weights = [0.0]
    for line in re.sub(r"//.*", "", body).splitlines():
        text = re.sub(r"^@!?%p\d+\s+", "", line.strip())
        if text.endswith(":"):
            weights.append(0.0)
        elif text and not text.startswith((".", "{", "}")):
            weights[-1] += next((w for form, w in WEIGHTS if re.match(form, text)), 1.0)
    return weights


def _counting(block: Any, found: Counter[str], weight: float) -> Any:
    def run(*given: Any) -> Any:
        found["instructions"] += weight
        return block(*given)

    run.plain = block  # type: ignore[attr-defined]
    return run
