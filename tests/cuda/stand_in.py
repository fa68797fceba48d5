"""A library with the driver's functions that is none: memory is this machine's.

A launch runs the kernel's PTX in the emulator.
"""

import ctypes
from typing import Any

from tests.cuda.emulate import Program, launch

KERNEL, MODULE, CONTEXT = 8, 7, 1


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
        self.variables: dict[str, Any] = {}
        self.launches: list[tuple[int, int, int]] = []  # blocks, threads, shared bytes
        self.texts: list[str] = []
        self.contexts: list[int] = []  # by number of a device, whose context was retained

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("cu") and self.fails.get(name):
            return lambda *_: self.fails[name]
        return super().__getattribute__(name)

    def cuInit(self, flags: Any) -> int:  # noqa: N802
        return 0

    def cuDeviceGetCount(self, count: Any) -> int:  # noqa: N802
        count._obj.value = self.devices
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
        context._obj.value = CONTEXT
        return 0

    def cuCtxSetCurrent(self, context: Any) -> int:  # noqa: N802
        assert context.value == CONTEXT
        return 0

    def cuCtxSynchronize(self) -> int:  # noqa: N802
        return 0

    def cuGetErrorString(self, code: Any, text: Any) -> int:  # noqa: N802
        text._obj.value = b"planted"
        return 0

    def cuModuleLoadDataEx(  # noqa: N802
        self, module: Any, text: Any, count: Any, options: Any, values: Any
    ) -> int:
        self.texts.append(text.value.decode())
        self.program = Program(self.texts[-1])
        self.variables = {name: self._buffer(80) for name in self.program.variables}
        module._obj.value = MODULE
        return 0

    def cuModuleGetFunction(self, found: Any, module: Any, name: Any) -> int:  # noqa: N802
        assert module.value == MODULE
        if name.value.decode() not in self.program.functions:
            return 500
        found._obj.value = KERNEL
        return 0

    def cuFuncSetAttribute(self, function: Any, attribute: Any, value: Any) -> int:  # noqa: N802
        assert (function.value, attribute.value) == (KERNEL, 9)
        assert 0 <= value.value <= 100
        return 0

    def cuModuleGetGlobal_v2(self, at: Any, size: Any, module: Any, name: Any) -> int:  # noqa: N802
        at._obj.value = ctypes.addressof(self.variables[name.value.decode()])
        size._obj.value = 64
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
        assert function.value == KERNEL
        assert (by.value, bz.value, ty.value, tz.value) == (1, 1, 1, 1)
        self.launches.append((bx.value, tx.value, shared.value))
        body = self.program.functions["run"]
        given = [_bits(at, sort) for at, sort in zip(pointers, body.sorts, strict=True)]
        both = {**self.buffers, **{ctypes.addressof(b): b for b in self.variables.values()}}
        sizes = {at: ctypes.sizeof(buffer) for at, buffer in both.items()}
        places = {name: ctypes.addressof(buffer) for name, buffer in self.variables.items()}
        # the last block may have threads without a run: they must do nothing
        launch(self.program, "run", given, bx.value, tx.value, sizes, places, shared.value)
        return 0

    def _buffer(self, size: int) -> Any:
        return ctypes.create_string_buffer(size)


def _bits(at: int, sort: str) -> int:
    return int.from_bytes(ctypes.string_at(at, int(sort[1:]) // 8), "little")
