"""NVIDIA's driver, through ctypes: what an engine needs of it, and no further package.

Every call of the driver's library is in this file (CUDA Driver API; the same since CUDA 4).
"""

import ctypes
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ctypes import byref, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p
from functools import cache
from typing import Any, NamedTuple

from numpy.typing import NDArray

LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
OLDEST = (7, 5)  # compute capability: Turing, 2018; CUDA 13 takes no earlier one
_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_...
_ERROR_LOG, _ERROR_LOG_SIZE = 5, 6  # CU_JIT_ERROR_LOG_BUFFER and its size in bytes
_CARVEOUT = 9  # CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, in percent
_LOG_BYTES = 8192


class NoDevice(RuntimeError):
    """There is no CUDA device; the message is one sentence."""


class DeviceError(RuntimeError):
    """The driver refused a call."""


class Device(NamedTuple):
    """A device as its driver describes it."""

    number: int
    name: str
    capability: tuple[int, int]
    memory: int  # bytes


def devices(library: Any = None) -> list[Device]:
    """Return the CUDA devices of this machine, at least one.

    Args:
        library: the driver's; None is that of this machine.

    Raises:
        NoDevice: there is none.
    """
    cuda = _opened(library)
    count = c_int()
    try:
        _call(cuda, "cuDeviceGetCount", byref(count))
    except DeviceError as error:
        raise NoDevice(f"no CUDA device was found: {error}") from None
    if count.value == 0:
        raise NoDevice("no CUDA device was found: the NVIDIA driver knows of none")
    return [_describe(cuda, number) for number in range(count.value)]


class Driver:
    """One device. Every call makes its context current: an engine may change threads.

    Compiled texts stay loaded until the driver is no longer used.

    Args:
        device: its number, from 0.
        library: the driver's; None is that of this machine.

    Raises:
        NoDevice: there is no device of this number, or it is older than OLDEST.
    """

    def __init__(self, device: int = 0, library: Any = None) -> None:
        found = devices(library)
        if not 0 <= device < len(found):
            raise NoDevice(
                f"no CUDA device has the number {device}: there are {len(found)}, counted from 0"
            )
        self.device = found[device]
        if self.device.capability < OLDEST:
            name, old, least = self.device.name, *map(_dotted, (self.device.capability, OLDEST))
            raise NoDevice(
                f"the CUDA device {name} has compute capability {old}, but {least} or later is"
                " needed"
            )
        self._cuda = _opened(library)
        self._context = c_void_p()
        self._modules: dict[str, Module] = {}
        _call(self._cuda, "cuDevicePrimaryCtxRetain", byref(self._context), c_int(device))
        self._handles: list[Any] = []  # of the modules
        # the end of the process gives all back, and torch may still use the context then
        closing = (self._cuda, device, self._context, self._handles)
        weakref.finalize(self, _close, *closing).atexit = False

    def load(self, ptx: str) -> "Module":
        """Return the functions and variables of a text in PTX, compiled for this device once.

        Raises:
            DeviceError: the driver does not take the text.
        """
        if ptx in self._modules:
            return self._modules[ptx]
        log = ctypes.create_string_buffer(_LOG_BYTES)
        options = (c_int * 2)(_ERROR_LOG, _ERROR_LOG_SIZE)
        values = (c_void_p * 2)(ctypes.addressof(log), _LOG_BYTES)
        module = c_void_p()
        text = c_char_p(ptx.encode())
        try:
            self._do("cuModuleLoadDataEx", byref(module), text, c_uint(2), options, values)
        except DeviceError as error:
            detail = " ".join(log.value.decode(errors="replace").split())[:500]
            raise DeviceError(f"{error} {detail}".strip()) from None
        self._handles.append(module)
        return self._modules.setdefault(ptx, Module(self, module))

    def room(self, size: int) -> int:
        """Return the address of so many free bytes on the device."""
        at = c_uint64()
        self._do("cuMemAlloc_v2", byref(at), c_size_t(max(size, 1)))
        return at.value

    def send(self, array: NDArray[Any], at: int) -> None:
        """Copy a contiguous array to an address on the device."""
        self._do("cuMemcpyHtoD_v2", c_uint64(at), c_void_p(array.ctypes.data), _size(array))

    def fetch(self, at: int, array: NDArray[Any]) -> None:
        """Fill a contiguous array from an address on the device."""
        self._do("cuMemcpyDtoH_v2", c_void_p(array.ctypes.data), c_uint64(at), _size(array))

    def free(self, at: int) -> None:
        """Give back what `room` returned."""
        self._do("cuMemFree_v2", c_uint64(at))

    def drop(self, rooms: list[int]) -> None:
        """Give back what is left of these, with no word of what fails: all else may have failed."""
        while rooms:
            with suppress(DeviceError):
                self.free(rooms.pop())

    @contextmanager
    def rooms(self, *sizes: int) -> Iterator[list[int]]:
        """Lend so many bytes each; an error inside is not replaced by one of giving them back."""
        lent: list[int] = []
        try:
            lent += map(self.room, sizes)
            yield lent
        except BaseException:
            self.drop(lent)
            raise
        while lent:
            self.free(lent.pop())

    def launch(
        self, function: Any, blocks: int, threads: int, arguments: list[Any], shared: int = 0
    ) -> None:
        """Run a kernel to its end.

        Args:
            function: from `Module.function`.
            blocks, threads: blocks, and threads per block.
            arguments: ctypes values.
            shared: bytes of shared memory per block.
        """
        pointers = (c_void_p * len(arguments))(*map(ctypes.addressof, arguments))
        one, none = c_uint(1), c_void_p(None)
        grid = c_uint(blocks), one, one
        block = c_uint(threads), one, one
        self._do("cuLaunchKernel", function, *grid, *block, c_uint(shared), none, pointers, none)
        self._do("cuCtxSynchronize")

    def _do(self, name: str, *arguments: Any) -> None:
        _call(self._cuda, "cuCtxSetCurrent", self._context)
        _call(self._cuda, name, *arguments)


@cache
def driver_of(device: int) -> Driver:
    """Return the driver of a device of this machine, opened once.

    Raises:
        NoDevice: there is no device of this number.
    """
    return Driver(device)


class Module:
    """Compiled PTX on a device; its global variables are shared by all who use it."""

    def __init__(self, driver: Driver, handle: Any) -> None:
        self._driver, self._handle = driver, handle

    def function(self, name: str, *, shared: bool = False) -> Any:
        """Return a kernel; with `shared`, all fast memory but a cache is for what blocks share."""
        found = c_void_p()
        text = c_char_p(name.encode())
        self._driver._do("cuModuleGetFunction", byref(found), self._handle, text)
        if shared:
            self._driver._do("cuFuncSetAttribute", found, c_int(_CARVEOUT), c_int(100))
        return found

    def address(self, name: str) -> int:
        """Return the address of a global variable."""
        at, size = c_uint64(), c_size_t()
        text = c_char_p(name.encode())
        self._driver._do("cuModuleGetGlobal_v2", byref(at), byref(size), self._handle, text)
        return at.value


def _close(cuda: Any, device: int, context: Any, handles: list[Any]) -> None:
    with suppress(DeviceError):
        _call(cuda, "cuCtxSetCurrent", context)
        for handle in handles:
            _call(cuda, "cuModuleUnload", handle)
    with suppress(DeviceError):
        _call(cuda, "cuDevicePrimaryCtxRelease_v2", c_int(device))


def _opened(library: Any) -> Any:
    try:
        cuda = ctypes.CDLL(LIBRARY) if library is None else library
    except OSError:
        raise NoDevice(
            f"no CUDA device was found: there is no NVIDIA driver here ({LIBRARY})"
        ) from None
    try:
        _call(cuda, "cuInit", c_uint(0))
    except DeviceError as error:
        raise NoDevice(f"no CUDA device was found: {error}") from None
    return cuda


def _describe(cuda: Any, number: int) -> Device:
    name = ctypes.create_string_buffer(256)
    memory = c_size_t()
    parts = (c_int(), c_int())
    device = c_int()
    _call(cuda, "cuDeviceGet", byref(device), c_int(number))
    _call(cuda, "cuDeviceGetName", name, c_int(256), device)
    _call(cuda, "cuDeviceTotalMem_v2", byref(memory), device)
    for part, attribute in zip(parts, (_MAJOR, _MINOR), strict=True):
        _call(cuda, "cuDeviceGetAttribute", byref(part), c_int(attribute), device)
    major, minor = (part.value for part in parts)
    return Device(number, name.value.decode(), (major, minor), memory.value)


def _call(cuda: Any, name: str, *arguments: Any) -> None:
    code = getattr(cuda, name)(*arguments)
    if code:
        text = c_char_p()
        cuda.cuGetErrorString(c_int(code), byref(text))
        why = (text.value or b"an unknown error").decode()
        raise DeviceError(f"{name} of the NVIDIA driver failed: {why} ({code})")


def _dotted(capability: tuple[int, int]) -> str:
    return "{}.{}".format(*capability)


def _size(array: NDArray[Any]) -> c_size_t:
    return c_size_t(array.nbytes)
