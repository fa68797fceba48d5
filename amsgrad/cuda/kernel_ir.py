"""The LLVM IR around the functions of `lowering.py`: what only a device has.

A kernel calls the loop of one run in each thread whose number is that of a run. A power is looked
up in the tables that the host sent (`power_tables.py`).
"""

ENTRY = "run"  # the kernel
LOOK = "host_power"  # the function that looks a power up
POWERS, MISSING = "powers", "missing"  # global variables
THREAD = "thread"  # the function that returns the number of the run

_REGISTER_OF_DEVICE = "declare i32 @llvm.nvvm.read.ptx.sreg.{}()"

THREAD_IR = f"""
define i64 @{THREAD}() alwaysinline {{
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %b = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %w = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %s = mul i32 %b, %w
  %j = add i32 %s, %t
  %i = zext i32 %j to i64
  ret i64 %i
}}
""" + "\n".join(map(_REGISTER_OF_DEVICE.format, ("tid.x", "ctaid.x", "ntid.x")))

# %p0 to %p9 are what `PowerTables.send` writes
_LOOK_IR = """
@{powers} = addrspace(1) externally_initialized global [10 x i64] zeroinitializer
@{missing} = addrspace(1) externally_initialized global i64 0
declare i64 @{thread}()
define double @{name}(double %x, double %y) noinline {{
{loads}
  %i = call i64 @{thread}()
  %ids = inttoptr i64 %p7 to ptr
  %facts = inttoptr i64 %p8 to ptr
  %tables = inttoptr i64 %p9 to ptr
  %found = alloca double
  %raised = alloca ptr
  %missed = addrspacecast ptr addrspace(1) @{missing} to ptr
  %status = call i32 @{look}(ptr %found, ptr %raised, double %x, double %y, i64 %i, i64 %p0,
    i64 %p1, i64 %p2, i64 %p3, i64 %p4, i64 %p5, i64 %p6, ptr %ids, ptr %facts, ptr %tables,
    ptr %missed)
  %power = load double, ptr %found
  ret double %power
}}
"""

_KERNEL_IR = """
declare i64 @{thread}()
declare i32 @{lane}(ptr, ptr, i64, {kinds})
{before}
define ptx_kernel void @{name}({parameters}) {limit} {{
  %i = call i64 @{thread}()
  %in = icmp ult i64 %i, %a0
  br i1 %in, label %go, label %out
go:
  %result = alloca ptr
  %raised = alloca ptr
{first}
  %status = call i32 @{lane}(ptr %result, ptr %raised, i64 %i, {given})
  br label %out
out:
  ret void
}}
"""

_SHARED = "\n".join(
    [
        *map(_REGISTER_OF_DEVICE.format, ("tid.x", "ntid.x")),
        "@table = external addrspace(3) global [0 x double], align 16",
    ]
)
_SHARED_FIRST = """
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %w = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %slot = zext i32 %t to i64
  %width = zext i32 %w to i64
  %table = addrspacecast ptr addrspace(3) @table to ptr
"""


def look_ir(look: str) -> str:
    """Return the function LOOK, which calls that of `lower_look` of this name."""
    loads = [
        f"  %p{j} = load i64, ptr addrspace(1) getelementptr inbounds"
        f" ([10 x i64], ptr addrspace(1) @{POWERS}, i64 0, i64 {j})"
        for j in range(10)
    ]
    names = {"powers": POWERS, "missing": MISSING, "thread": THREAD, "name": LOOK, "look": look}
    return _LOOK_IR.format(loads="\n".join(loads), **names)


def kernel_ir(lane: str, kinds: list[str], table: str | None, registers: int) -> str:
    """Return the kernel.

    Args:
        lane: name of the loop of `lower_lane`.
        kinds: the types of its arguments after the number of the run.
        table: "shared", "global" or None, as for `to_ptx`.
        registers: of a thread, at most.
    """
    before = first = ""
    own = kinds if table is None else kinds[:-3]
    parameters = [f"{kind} %a{j}" for j, kind in enumerate(own)]
    given = list(parameters)
    # neighbouring threads have neighbouring columns of the table
    if table == "shared":
        before, first = _SHARED, _SHARED_FIRST
        given += ["ptr %table", "i64 %width", "i64 %slot"]
    elif table == "global":
        parameters.append("ptr %table")
        given += ["ptr %table", "i64 %a0", "i64 %i"]
    return _KERNEL_IR.format(
        thread=THREAD,
        name=ENTRY,
        lane=lane,
        before=before,
        first=first,
        kinds=", ".join(kinds),
        limit=f'"nvvm.maxnreg"="{registers}"',
        parameters=", ".join(parameters),
        given=", ".join(given),
    )
