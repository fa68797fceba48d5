"""A library with the driver's functions that is none: memory is this machine's.

A launch runs the kernel's PTX in the emulator. What needs a context is refused in a thread that has
none.
"""

import ctypes
import threading
from itertools import count
from typing import Any

from tests.cuda.emulate import Program, launch

CONTEXT = 1000  # the first handle of a context: that of device 0
NO_CONTEXT, NOT_FOUND, BAD_HANDLE = 201, 500, 400  # CUDA_ERROR_...
FREE_OF_CONTEXT = ("cuInit", "cuDevice", "cuCtxSetCurrent", "cuGetErrorString")


class StandIn:
    """One or more devices.

    Args:
        devices: how many.
        fails: by name of a function, the error code that it returns.
    """

    def __init__(
        self,
        devices: int = 1,
        fails: dict[str, int] | None = None,
        capability: tuple[int, int] = (9, 0),
    ) -> None:
        self.devices, self.fails, self.capability = devices, fails or {}, capability
        self.buffers: dict[int, Any] = {}
        self.programs: dict[int, Program] = {}  # by handle of a module that is loaded
        self.variables: dict[int, dict[str, Any]] = {}  # likewise
        self.functions: dict[int, tuple[int, str]] = {}  # by handle: the module, the name
        self.launches: list[tuple[int, int, int]] = []  # blocks, threads, shared bytes
        self.texts: list[str] = []
        self.contexts: list[int] = []  # by number of a device, whose context is retained
        self.thread = threading.local()
        self.handles = count(1)

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("cu"):
            if self.fails.get(name):
                return lambda *_: self.fails[name]
            if not name.startswith(FREE_OF_CONTEXT) and not hasattr(self.thread, "context"):
                return lambda *_: NO_CONTEXT
        return super().__getattribute__(name)

    def cuInit(self, flags: Any) -> int:  # noqa: N802
        return 0

    def cuDeviceGetCount(self, found: Any) -> int:  # noqa: N802
        found._obj.value = self.devices
        return 0

    def cuDeviceGet(self, device: Any, number: Any) -> int:  # noqa: N802
        device._obj.value = number.value
        return 0

    def cuDeviceGetName(self, name: Any, size: Any, device: Any) -> int:  # noqa: N802
        name.value = f"stand-in {device.value}".encode()
        return 0

    def cuDeviceTotalMem_v2(self, memory: Any, device: Any) -> int:  # noqa: N802
        memory._obj.value = 2**30
        return 0

    def cuDeviceGetAttribute(self, value: Any, number: Any, device: Any) -> int:  # noqa: N802
        value._obj.value = self.capability[number.value - 75]
        return 0

    def cuDevicePrimaryCtxRetain(self, context: Any, device: Any) -> int:  # noqa: N802
        self.contexts.append(device.value)
        context._obj.value = CONTEXT + device.value
        return 0

    def cuDevicePrimaryCtxRelease_v2(self, device: Any) -> int:  # noqa: N802
        self.contexts.remove(device.value)
        return 0

    def cuCtxSetCurrent(self, context: Any) -> int:  # noqa: N802
        assert context.value - CONTEXT in self.contexts
        self.thread.context = context.value
        return 0

    def cuCtxSynchronize(self) -> int:  # noqa: N802
        return 0

    def cuGetErrorString(self, code: Any, text: Any) -> int:  # noqa: N802
        text._obj.value = b"planted"
        return 0

    def cuModuleLoadDataEx(  # noqa: N802
        self, module: Any, text: Any, many: Any, options: Any, values: Any
    ) -> int:
        self.texts.append(text.value.decode())
        handle = module._obj.value = next(self.handles)
        program = self.programs[handle] = Program(self.texts[-1])
        self.variables[handle] = {name: self._buffer(80) for name in program.variables}
        return 0

    def cuModuleUnload(self, module: Any) -> int:  # noqa: N802
        del self.programs[module.value], self.variables[module.value]
        return 0

    def cuModuleGetFunction(self, found: Any, module: Any, name: Any) -> int:  # noqa: N802
        if module.value not in self.programs:
            return BAD_HANDLE
        if name.value.decode() not in self.programs[module.value].functions:
            return NOT_FOUND
        found._obj.value = next(self.handles)
        self.functions[found._obj.value] = module.value, name.value.decode()
        return 0

    def cuFuncSetAttribute(self, function: Any, attribute: Any, value: Any) -> int:  # noqa: N802
        assert function.value in self.functions
        assert attribute.value == 9
        assert 0 <= value.value <= 100
        return 0

    def cuModuleGetGlobal_v2(self, at: Any, size: Any, module: Any, name: Any) -> int:  # noqa: N802
        if module.value not in self.programs:
            return BAD_HANDLE
        at._obj.value = ctypes.addressof(self.variables[module.value][name.value.decode()])
        size._obj.value = 80
        return 0

    def cuMemAlloc_v2(self, at: Any, size: Any) -> int:  # noqa: N802
        buffer = self._buffer(size.value)
        at._obj.value = ctypes.addressof(buffer)
        self.buffers[ctypes.addressof(buffer)] = buffer
        return 0

    def cuMemFree_v2(self, at: Any) -> int:  # noqa: N802
        del self.buffers[at.value]
        return 0

    def cuMemcpyHtoD_v2(self, at: Any, source: Any, size: Any) -> int:  # noqa: N802
        ctypes.memmove(at.value, source.value or 0, size.value)
        return 0

    def cuMemcpyDtoH_v2(self, target: Any, at: Any, size: Any) -> int:  # noqa: N802
        ctypes.memmove(target.value or 0, at.value, size.value)
        return 0

    def cuLaunchKernel(  # noqa: N802
        self, function: Any, bx: Any, by: Any, bz: Any, tx: Any, ty: Any, tz: Any, shared: Any,
        stream: Any, pointers: Any, extra: Any,
    ) -> int:  # fmt: skip
        module, name = self.functions[function.value]
        if module not in self.programs:
            return BAD_HANDLE
        program, variables = self.programs[module], self.variables[module]
        assert (by.value, bz.value, ty.value, tz.value) == (1, 1, 1, 1)
        self.launches.append((bx.value, tx.value, shared.value))
        sorts = program.functions[name].sorts
        given = [_bits(at, sort) for at, sort in zip(pointers, sorts, strict=True)]
        places = {name: ctypes.addressof(buffer) for name, buffer in variables.items()}
        every = [*self.buffers.values(), *variables.values()]
        sizes = {ctypes.addressof(buffer): ctypes.sizeof(buffer) for buffer in every}
        # the last block may have threads without a run: they must do nothing
        launch(program, name, given, bx.value, tx.value, sizes, places, shared.value)
        return 0

    def _buffer(self, size: int) -> Any:
        return ctypes.create_string_buffer(size)


def _bits(at: int, sort: str) -> int:
    return int.from_bytes(ctypes.string_at(at, int(sort[1:]) // 8), "little")
