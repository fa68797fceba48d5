"""The emulator itself, on instructions whose results are known."""

import struct
from typing import Any

import numpy as np
import pytest

from tests.cuda.emulate import Memory, Program


def f32(x: float) -> int:
    return int(np.float32(x).view(np.uint32))


def f64(x: float) -> int:
    return int(np.float64(x).view(np.uint64))


def result(line: str, *given: int, size: int = 64) -> Any:
    """Run one instruction on registers %rd1, %rd2, ...; return the bits of %rd0."""
    names = [f"f_param_{j}" for j in range(len(given))]
    loads = [f"\tld.param.b64 \t%rd{j + 1}, [{name}];" for j, name in enumerate(names)]
    head = ",\n".join(f"\t.param .b64 {name}" for name in names)
    store = "\tst.param.b64 \t[func_retval0], %rd0;"
    text = f".func  (.param .b64 func_retval0) f(\n{head}\n)\n{{\n"
    text += "\n".join([*loads, f"\t{line};", store, "\tret;"]) + "\n}\n"
    with np.errstate(all="ignore"):
        found = Program(text).call("f", list(given), Memory({}), {})
    return found if isinstance(found, int | bool) else int(found.view(f"u{found.nbytes}"))


TINY = 2.0**-149  # the least subnormal number in single precision
NAN = float("nan")


@pytest.mark.parametrize(
    ("line", "given", "expected"),
    [
        ("add.rn.f32 %rd0, %rd1, %rd2", [f32(1), f32(2**-24)], f32(1)),  # a tie goes to even
        ("add.rn.f32 %rd0, %rd1, %rd2", [f32(1 + 2**-23), f32(2**-24)], f32(1 + 2**-22)),
        ("mul.rn.f32 %rd0, %rd1, %rd2", [f32(TINY), f32(0.5)], 0),
        ("mul.rn.f32 %rd0, %rd1, %rd2", [f32(-TINY), f32(0.75)], f32(-TINY)),
        ("div.rn.f64 %rd0, %rd1, %rd2", [f64(-1), f64(0)], f64(-np.inf)),
        ("div.rn.f32 %rd0, %rd1, %rd2", [f32(1), f32(3)], 0x3EAAAAAB),
        ("sqrt.rn.f32 %rd0, %rd1", [f32(2)], 0x3FB504F3),
        ("sub.rn.f64 %rd0, %rd1, %rd2", [f64(0), f64(0)], f64(0.0)),
        ("neg.f64 %rd0, %rd1", [f64(0)], f64(-0.0)),
        ("cvt.rn.f32.f64 %rd0, %rd1", [f64(0.1)], f32(0.1)),
        ("cvt.rn.f32.s64 %rd0, %rd1", [2**64 - 3], f32(-3)),
        ("cvt.rn.f64.s64 %rd0, %rd1", [2**53 + 1], f64(2**53)),
        ("cvt.rzi.s64.f64 %rd0, %rd1", [f64(-2.9)], 2**64 - 2),
        ("cvt.s64.s32 %rd0, %rd1", [2**32 - 5], 2**64 - 5),
        ("cvt.u64.u32 %rd0, %rd1", [2**40 + 7], 7),
        ("setp.lt.f64 %rd0, %rd1, %rd2", [f64(NAN), f64(1)], False),
        ("setp.ltu.f64 %rd0, %rd1, %rd2", [f64(NAN), f64(1)], True),
        ("setp.ne.f64 %rd0, %rd1, %rd2", [f64(NAN), f64(1)], False),
        ("setp.neu.f64 %rd0, %rd1, %rd2", [f64(NAN), f64(1)], True),
        ("setp.eq.f64 %rd0, %rd1, %rd2", [f64(0.0), f64(-0.0)], True),
        ("setp.num.f32 %rd0, %rd1, %rd2", [f32(NAN), f32(1)], False),
        ("setp.lt.s64 %rd0, %rd1, %rd2", [2**64 - 1, 0], True),
        ("setp.lt.u64 %rd0, %rd1, %rd2", [2**64 - 1, 0], False),
        ("mul.lo.s64 %rd0, %rd1, %rd2", [2**63 + 1, 3], (3 * (2**63 + 1)) % 2**64),
        ("mul.hi.s64 %rd0, %rd1, %rd2", [2**64 - 1, 3], 2**64 - 1),
        ("mul.hi.u64 %rd0, %rd1, %rd2", [2**64 - 1, 3], 2),
        ("cvt.rni.f64.f64 %rd0, %rd1", [f64(2.5)], f64(2.0)),
        ("mul.wide.u32 %rd0, %rd1, %rd2", [2**32 - 1, 2], 2**33 - 2),
        ("rem.s64 %rd0, %rd1, %rd2", [2**64 - 7, 3], 2**64 - 1),
        ("shr.u64 %rd0, %rd1, 63", [2**63], 1),
        ("shr.s64 %rd0, %rd1, 63", [2**63], 2**64 - 1),
        ("shl.b64 %rd0, %rd1, %rd2", [1, 64], 0),
        ("selp.f64 %rd0, %rd1, %rd2, %rd3", [1, 2, 0], 2),
        ("bfe.u32 %rd0, %rd1, 4, 3", [0b1011_0110_1111], 0b110),
    ],
)
def test_known_results(line: str, given: list[int], expected: int) -> None:
    assert result(line, *given) == expected


@pytest.mark.parametrize("operation", ["+", "-", "*", "/"])
def test_single_precision_is_double_precision_rounded(operation: str) -> None:
    """A sum, product or quotient in double precision, rounded again, is the rounded one."""
    name = {"+": "add", "-": "sub", "*": "mul", "/": "div"}[operation]
    rng = np.random.default_rng(3)
    for x, y in rng.integers(2**32, size=(100, 2), dtype=np.uint32).view(np.float32):
        with np.errstate(all="ignore"):
            exact = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[operation]
            wide = np.float32(exact(np.float64(x), np.float64(y)))
        found = result(f"{name}.rn.f32 %rd0, %rd1, %rd2", f32(x), f32(y))
        assert np.isnan(wide) or found == struct.unpack("<I", struct.pack("<f", wide))[0]


@pytest.mark.parametrize(
    "line",
    [
        "fma.rn.f32 %rd0, %rd1, %rd1, %rd1",
        "add.f32 %rd0, %rd1, %rd1",
        "sqrt.approx.f32 %rd0, %rd1",
        "add.rn.ftz.f32 %rd0, %rd1, %rd1",
        "ex2.rn.f32 %rd0, %rd1",
    ],
)
def test_what_is_not_exact_is_no_instruction(line: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        result(line, 1)


def test_a_number_outside_of_every_buffer_is_found() -> None:
    memory = Memory({4096: 16}, 8)
    for space, at in (("global", 4112), ("global", 4092), ("shared", 8), ("shared", -4)):
        with pytest.raises(AssertionError):
            memory.load(space, at, 4)
