"""From LLVM IR to PTX, by the back end for NVIDIA's devices that llvmlite brings.

PTX, NVIDIA's virtual instructions, is a text that the driver compiles for its device. No operation
is contracted (a b + c stays two) and none is approximate: IR without fast-math flags gives add,
sub, mul, div and sqrt with the rounding of IEEE 754, marked .rn. So a run has the bits of this CPU.
The sign of a NaN that an operation makes is apart: on x86 it is negative, on a device positive.

One text serves every device from TARGET on.
"""

import re
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from amsgrad.cuda.kernel_ir import (
    ENTRY,
    LOOK,
    MISSING,
    POWERS,
    THREAD_IR,
    kernel_ir,
    look_ir,
)
from amsgrad.cuda.lowering import POWER, Lowered

TRIPLE = "nvptx64-nvidia-cuda"
TARGET = "sm_75"  # the oldest device: `driver.OLDEST`

# numba calls these by their names in C; a device has no library
_OF_C = {
    "sqrtf": ("float", "llvm.sqrt.f32"),
    "sqrt": ("double", "llvm.sqrt.f64"),
    "fabsf": ("float", "llvm.fabs.f32"),
    "fabs": ("double", "llvm.fabs.f64"),
    "rintf": ("float", "llvm.rint.f32"),
    "rint": ("double", "llvm.rint.f64"),
    "nearbyintf": ("float", "llvm.nearbyint.f32"),
    "nearbyint": ("double", "llvm.nearbyint.f64"),
}
# What is exact, or has no rounding; all else might end the process in the back end, or differ.
_EXACT = re.compile(
    r"llvm\.(sqrt|fabs|floor|ceil|trunc|rint|nearbyint|copysign|abs|smin|smax|umin|umax|fshl|fshr|ctpop|ctlz|cttz"
    r"|bswap|uadd|usub|sadd|ssub|umul|smul|assume|lifetime|experimental\.noalias|memset|memcpy"
    r"|nvvm\.read\.ptx\.sreg|is\.fpclass)\b"
)


class NotOnDevice(ValueError):
    """A function calls what no device has with this CPU's bits; the message is part of a sentence.

    Args:
        names: of what it calls.
    """

    def __init__(self, *names: str) -> None:
        if any(name.startswith(("numba_gil", "Py")) for name in names):
            super().__init__("it calls Python, and a GPU has none")
        elif any(name.startswith("NRT_") for name in names):
            super().__init__("it makes an array, and a GPU has no memory of its own for one")
        else:
            super().__init__(f"a GPU has no {', '.join(names)} with the bits of this CPU")


def to_ptx(lane: Lowered, look: Lowered, table: str | None, registers: int) -> str:
    """Return the kernel that calls the loop of `lowering.py` for each run, as PTX.

    Args:
        lane: the loop.
        look: the look at the powers from the host.
        table: "shared" or "global", the place of the table; None for a loop without one.
        registers: of a thread, at most.

    Raises:
        NotOnDevice: the loop calls what no device has with this CPU's bits.
    """
    machine = _machine()
    module = llvm.parse_assembly(_on_device(lane.ir, machine) + THREAD_IR)
    kinds = [str(argument.type) for argument in module.get_function(lane.name).arguments]
    # the first two are numba's, the third is the number of the run
    for text in (
        _on_device(look.ir, machine) + look_ir(look.name),
        kernel_ir(lane.name, kinds[3:], table, registers),
    ):
        module.link_in(llvm.parse_assembly(text))
    for entry in (*module.functions, *module.global_variables):
        if not entry.is_declaration and entry.name not in (ENTRY, POWERS, MISSING):
            entry.linkage = "internal"
    _optimise(module, machine)
    foreign = _foreign(module)
    if foreign:
        raise NotOnDevice(*foreign)
    return str(machine.emit_assembly(module))


@cache
def _machine() -> Any:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm.Target.from_triple(TRIPLE).create_target_machine(cpu=TARGET, opt=3)


def _on_device(ir: str, machine: Any) -> str:
    """Return the module for the device, with the names that a device has."""

    def change(pattern: str, into: str) -> int:
        nonlocal ir
        ir, times = re.subn(pattern, into, ir, flags=re.M | re.S)
        return times

    change(r'^target datalayout = "[^"]*"', f'target datalayout = "{machine.target_data}"')
    change(r'^target triple = "[^"]*"', f'target triple = "{TRIPLE}"')
    # arrays made of addresses have no owner: nothing is counted
    change(r"^define linkonce_odr void @NRT_\w+\(.*?^}\n", "")
    for name in ("NRT_incref", "NRT_decref"):
        ir += f"define internal void @{name}(ptr %x) alwaysinline {{ ret void }}\n"
    for name, (real, intrinsic) in _OF_C.items():
        if change(rf"^declare {real} @{name}\({real}\)[^\n]*\n", ""):
            change(rf"@{name}\(", f"@{intrinsic}(")
            ir += f"declare {real} @{intrinsic}({real})\n"
    change(
        rf"^declare double @{re.escape(POWER)}\([^\n]*\n",
        f"declare double @{LOOK}(double, double)\n",
    )
    change(rf"@{re.escape(POWER)}\(", f"@{LOOK}(")
    return ir


def _optimise(module: Any, machine: Any) -> None:
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.slp_vectorization = options.loop_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    manager = builder.getModulePassManager()
    manager.add_global_dead_code_eliminate_pass()
    manager.add_strip_dead_prototype_pass()
    manager.run(module, builder)


def _foreign(module: Any) -> list[str]:
    """Return the names of what the module calls and no device has, or has with other bits."""
    called = [f.name for f in module.functions if f.is_declaration and not _EXACT.match(f.name)]
    found = {re.sub(r"^llvm\.|\..*", "", name) for name in called}
    if re.search(r" = frem ", str(module)):
        found.add("fmod")
    return sorted(found)
