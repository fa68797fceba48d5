"""The kernels' PTX, run by the emulator, has the bits of the reference engine."""

import re
from dataclasses import replace

import numpy as np
import pytest

from amsgrad.cuda import engine as module
from amsgrad.cuda.driver import Driver
from amsgrad.cuda.engine import Cuda
from amsgrad.engines.base import Records
from amsgrad.engines.driver import run_to
from amsgrad.problems import PROBLEMS
from amsgrad.problems.online import Online
from amsgrad.rules import RULES
from amsgrad.schedules import BETA1_SCHEDULES, SCHEDULES
from tests.cuda.cases import CASES, QUICK, REFUSED, TABLE, Case, assert_runs, engine, recorded
from tests.cuda.stand_in import StandIn
from tests.marks import slow

ROUNDED = re.compile(r"(add|sub|mul|div|sqrt|rcp)\.f(32|64)")  # without .rn it may be contracted


def assert_exact(text: str) -> None:
    """Check that each instruction has IEEE 754's result."""
    names = re.findall(r"^\s+(?:@!?%p\d+ +)?([a-z][\w.:]*)", text, flags=re.M)
    assert names
    for name in names:
        parts = name.split(".")
        assert not {"ftz", "approx", "full", "sat"} & set(parts), name
        assert parts[0] not in ("fma", "ex2", "lg2", "sin", "cos", "rsqrt", "tanh"), name
        assert not ROUNDED.fullmatch(name), name
        if parts[0] == "mad":
            assert parts[-1][0] != "f", name


@pytest.mark.parametrize(
    "case", [*QUICK, *(slow(case) for case in CASES if case not in QUICK)], ids=str
)
def test_ptx_has_the_bits_of_the_reference_engine(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 1000.0)  # the emulator is slow: launches stay long
    library = StandIn()
    runs = engine(case, library)
    at = recorded(case)
    cut = case.steps // 2 + 3
    before = int(np.searchsorted(at, cut, side="right"))
    middle, first = run_to(runs, cut, at[:before])
    end, second = run_to(runs, case.steps, at[before:], middle)
    assert_runs(end, Records.join([first, second]), *case.runs())
    (text,) = library.texts
    assert_exact(text)
    if case == TABLE:  # it was used, for most steps of the second piece
        (program,) = library.programs.values()
        assert program.loads["shared"] > 3 * 150


def test_every_rule_problem_and_schedule_is_among_the_cases() -> None:
    for dtype in (np.float32, np.float64):
        cases = [case for case in CASES if case.dtype is dtype]
        assert {case.opt for case in cases} == {*RULES} - {*REFUSED}
        assert {case.problem for case in cases} == {*PROBLEMS}
        assert {case.schedule for case in cases} == {*SCHEDULES}
        assert {case.beta1_schedule for case in cases} == {*BETA1_SCHEDULES}


@pytest.mark.parametrize(
    "text",
    [
        "\tfma.rn.f32 \t%r1, %r2, %r3, %r4;",
        "\tdiv.approx.f32 \t%r1, %r2, %r3;",
        "\tadd.rn.ftz.f32 \t%r1, %r2, %r3;",
        "\t@%p1 mul.f64 \t%rd1, %rd2, %rd3;",
    ],
)
def test_an_instruction_that_is_not_exact_is_found(text: str) -> None:
    with pytest.raises(AssertionError):
        assert_exact(text)


def test_infinity_and_nan_have_the_bits_of_this_machine() -> None:
    """A device makes NaN of the other sign; the engine gives them that of the CPU."""
    setups, _ = TABLE.runs()
    problems = [Online(big=1e30), Online(big=0.0, small=0.0), Online()]
    setups = [replace(setup, problem=f) for setup, f in zip(setups, problems, strict=True)]
    rules = [RULES["amsgrad"](beta1=0.5, beta2=0.5, eps=0.0)] * 3
    runs = Cuda(setups, rules, driver=Driver(library=StandIn()))
    # recorded once: the reference engine ends at the first record that is not finite
    state, records = run_to(runs, 300, np.array([300]))
    assert state.finite.tolist() == [False, False, True]
    assert np.isnan(state.x[1])
    assert_runs(state, records, setups, rules)
