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

from amsgrad.cuda.lowering import Lowered

TRIPLE = "nvptx64-nvidia-cuda"
TARGET = (7, 5)  # Turing, 2018: drivers of CUDA 13 take no earlier one
ENTRY = "run"
POWERS, MISSING = "powers", "missing"  # global variables
LOOK = "host_power"  # the function that looks a power up

# numba calls these by their names in C; a device has no library
_OF_C = {
    "sqrtf": ("float", "llvm.sqrt.f32"),
    "sqrt": ("double", "llvm.sqrt.f64"),
    "fabsf": ("float", "llvm.fabs.f32"),
    "fabs": ("double", "llvm.fabs.f64"),
}
# What is exact, or has no rounding: all else might end the process in the back end, or differ.
_EXACT = re.compile(
    r"llvm\.(sqrt|fabs|floor|ceil|trunc|copysign|abs|smin|smax|umin|umax|fshl|fshr|ctpop|ctlz|cttz"
    r"|bswap|uadd|usub|sadd|ssub|umul|smul|assume|lifetime|experimental\.noalias|memset|memcpy"
    r"|nvvm\.read\.ptx\.sreg|is\.fpclass)\b"
)


class NotOnDevice(ValueError):
    """A function calls what no device has with this CPU's bits; the message is its name."""


# The addresses and numbers of the tables of `powers.py`, in the order of `Powers`; and whether a
# power was asked for that is not in them.
_POWER = """
@{powers} = addrspace(1) externally_initialized global [8 x i64] zeroinitializer
@{missing} = addrspace(1) externally_initialized global i64 0
define double @{name}(double %x, double %y) noinline {{
{loads}
  %i = call i64 @thread()
  %ids = inttoptr i64 %p5 to ptr
  %keys = inttoptr i64 %p6 to ptr
  %values = inttoptr i64 %p7 to ptr
  %found = alloca double
  %exc = alloca ptr
  %missing = addrspacecast ptr addrspace(1) @{missing} to ptr
  %status = call i32 @{look}(ptr %found, ptr %exc, double %x, double %y, i64 %i, i64 %p0, i64 %p1,
    i64 %p2, i64 %p3, i64 %p4, ptr %ids, ptr %keys, ptr %values, ptr %missing)
  %power = load double, ptr %found
  ret double %power
}}
"""

_THREAD = """
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
define i64 @thread() alwaysinline {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %b = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %w = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %s = mul i32 %b, %w
  %j = add i32 %s, %t
  %i = zext i32 %j to i64
  ret i64 %i
}
"""

_KERNEL = """
define ptx_kernel void @{entry}({arguments}) {{
  %i = call i64 @thread()
  %in = icmp ult i64 %i, %a0
  br i1 %in, label %go, label %out
go:
  %ret = alloca ptr
  %exc = alloca ptr
{before}
  %status = call i32 @{lane}(ptr %ret, ptr %exc, i64 %i, {passed})
  br label %out
out:
  ret void
}}
"""

# the table of a run is a column: in the memory that the block shares, or in the device's
_SHARED = """
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %w = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %slot = zext i32 %t to i64
  %width = zext i32 %w to i64
  %table = addrspacecast ptr addrspace(3) @table to ptr
"""


def to_ptx(lane: Lowered, look: Lowered, table: str | None) -> str:
    """Return the kernel that calls the loop of `lowering.py` for each run, as PTX.

    Args:
        lane: the loop.
        look: the look at the powers from the host.
        table: "shared" or "global", the place of the table; None for a loop without one.

    Raises:
        NotOnDevice: the loop calls what no device has with this CPU's bits.
    """
    machine = _machine()
    module = llvm.parse_assembly(_on_device(lane.ir, machine) + _THREAD)
    arguments = [str(a.type) for a in module.get_function(lane.name).arguments][3:]
    powers = _on_device(look.ir, machine) + _host_power(look.name) + "declare i64 @thread()\n"
    module.link_in(llvm.parse_assembly(powers))
    module.link_in(llvm.parse_assembly(_kernel(lane.name, arguments, table)))
    for function in module.functions:
        if not function.is_declaration and function.name != ENTRY:
            function.linkage = "internal"
    for variable in module.global_variables:
        if not variable.is_declaration and variable.name not in (POWERS, MISSING):
            variable.linkage = "internal"
    _optimise(module, machine)
    foreign = _foreign(module)
    if foreign:
        raise NotOnDevice(", ".join(foreign))
    return str(machine.emit_assembly(module))


@cache
def _machine() -> Any:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(TRIPLE)
    return target.create_target_machine(cpu="sm_{}{}".format(*TARGET), opt=3)


def _on_device(ir: str, machine: Any) -> str:
    """Return the module for the device, with the names that a device has."""
    ir = re.sub("^target datalayout = .*", _line("datalayout", machine.target_data), ir, flags=re.M)
    ir = re.sub("^target triple = .*", _line("triple", TRIPLE), ir, flags=re.M)
    # arrays made of addresses have no owner: nothing is counted
    ir = re.sub(r"^define linkonce_odr void @NRT_\w+\(.*?^}\n", "", ir, flags=re.M | re.S)
    for name in ("NRT_incref", "NRT_decref"):
        ir += f"define internal void @{name}(ptr %x) alwaysinline {{ ret void }}\n"
    for name, (real, intrinsic) in _OF_C.items():
        ir, times = re.subn(rf"^declare {real} @{name}\({real}\).*\n", "", ir, flags=re.M)
        if times:
            ir = (
                ir.replace(f"@{name}(", f"@{intrinsic}(") + f"declare {real} @{intrinsic}({real})\n"
            )
    ir = re.sub(
        r"^declare double @llvm\.pow\.f64\(.*\n",
        f"declare double @{LOOK}(double, double)\n",
        ir,
        flags=re.M,
    )
    return ir.replace("@llvm.pow.f64(", f"@{LOOK}(")


def _line(key: str, value: object) -> str:
    return f'target {key} = "{value}"'


def _kernel(lane: str, kinds: list[str], table: str | None) -> str:
    if table is None:
        before, extra, own = "", "", kinds
    else:
        own = kinds[:-3]
        before = _SHARED if table == "shared" else ""
        extra = ", ptr %table, i64 %width, i64 %slot"
    arguments = [f"{kind} %a{j}" for j, kind in enumerate(own)]
    given = list(arguments)
    declared = ", ".join(["ptr", "ptr", "i64", *kinds])
    if table == "global":
        given.append("ptr %table")
        extra = ", ptr %table, i64 %a0, i64 %i"
    return (
        f"declare i64 @thread()\ndeclare i32 @{lane}({declared})\n"
        + (
            "@table = external addrspace(3) global [0 x double], align 16\n"
            if table == "shared"
            else ""
        )
        + "declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()\n"
        + "declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()\n"
        + _KERNEL.format(
            entry=ENTRY,
            arguments=", ".join(given),
            before=before,
            lane=lane,
            passed=", ".join(arguments) + extra,
        )
    )


def _host_power(look: str) -> str:
    loads = []
    for j in range(8):
        at = f"getelementptr inbounds ([8 x i64], ptr addrspace(1) @{POWERS}, i64 0, i64 {j})"
        loads.append(f"  %p{j} = load i64, ptr addrspace(1) {at}")
    return _POWER.format(
        loads="\n".join(loads), name=LOOK, look=look, powers=POWERS, missing=MISSING
    )


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
    # C's name of a function is that of LLVM, and in single precision it ends with f
    found = {re.sub(r"^llvm\.|\..*", "", name) for name in called}
    if re.search(r" = frem ", str(module)):
        found.add("fmod")
    return sorted(found)
