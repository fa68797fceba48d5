"""The driver's calls and what is said when one fails."""

import ctypes
import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from amsgrad.cuda import driver as module
from amsgrad.cuda.driver import Device, DeviceError, Driver, NoDevice, devices
from tests.cuda.cases import TABLE, engine
from tests.cuda.stand_in import StandIn

TEXT = ".visible .entry run(\n\t.param .u64 run_param_0\n)\n{\n\tret;\n}\n"


def test_devices_are_described() -> None:
    assert devices(StandIn(devices=2)) == [
        Device(0, "stand-in 0", (9, 0), 2**30),
        Device(1, "stand-in 1", (9, 0), 2**30),
    ]


def test_without_a_driver_there_is_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIBRARY", "libno-such-driver.so.1")
    with pytest.raises(NoDevice) as error:
        devices()
    assert str(error.value) == (
        "no CUDA device was found: there is no NVIDIA driver here (libno-such-driver.so.1)"
    )


def test_a_driver_without_a_device() -> None:
    with pytest.raises(NoDevice, match=r"^no CUDA device was .* driver knows of none$"):
        devices(StandIn(devices=0))
    with pytest.raises(NoDevice, match=r"^no CUDA device was found: cuInit .* failed: planted"):
        devices(StandIn(fails={"cuInit": 100}))
    with pytest.raises(NoDevice, match=r"^no CUDA device was found: cuDeviceGetCount .* failed"):
        devices(StandIn(fails={"cuDeviceGetCount": 100}))


def test_a_device_is_chosen_by_number() -> None:
    library = StandIn(devices=3)
    chosen = Driver(2, library)
    assert chosen.device.name == "stand-in 2"
    assert library.contexts == [2]
    for number in (3, -1):
        with pytest.raises(NoDevice, match=f"no CUDA device has the number {number}: there are 3"):
            Driver(number, library)


def test_an_old_device_is_refused() -> None:
    with pytest.raises(NoDevice) as error:
        Driver(0, StandIn(capability=(7, 0)))
    assert str(error.value) == (
        "the CUDA device stand-in 0 has compute capability 7.0, but 7.5 or later is needed"
    )


@pytest.mark.parametrize(
    "call", ["cuDevicePrimaryCtxRetain", "cuModuleLoadDataEx", "cuMemAlloc_v2", "cuLaunchKernel"]
)
def test_a_call_that_fails_is_named(call: str) -> None:
    with pytest.raises(DeviceError, match=rf"^{call} of the NVIDIA driver failed: planted \(2\)"):
        runs = engine(TABLE, StandIn(fails={call: 2}))
        runs.advance(runs.init(), 1, np.empty(0, np.int64))


def test_numbers_go_to_the_device_and_back() -> None:
    library = StandIn()
    driver = Driver(library=library)
    there = np.arange(5.0)
    at = driver.room(there.nbytes)
    driver.send(there, at)
    back = np.empty(5)
    driver.fetch(at, back)
    assert (back == there).all()
    driver.free(at)
    assert not library.buffers


def test_a_function_that_is_not_in_the_text() -> None:
    loaded = Driver(library=StandIn()).load(TEXT)
    assert isinstance(loaded.function("run"), ctypes.c_void_p)
    with pytest.raises(DeviceError, match=r"^cuModuleGetFunction"):
        loaded.function("walk")


def test_each_thread_is_given_the_context() -> None:
    driver = Driver(library=StandIn())
    module = driver.load(TEXT)
    with ThreadPoolExecutor(1) as pool:
        for call in (lambda: driver.load(TEXT).function("run"), lambda: module.function("run")):
            assert isinstance(pool.submit(call).result(), ctypes.c_void_p)


def test_modules_are_unloaded_with_the_driver() -> None:
    library = StandIn()
    driver = Driver(library=library)
    driver.load(TEXT)
    other = driver.load(TEXT.replace("ret", "mov.b64 %r1, %r1;\n\tret"))
    assert len(library.programs) == 2
    assert isinstance(other.function("run"), ctypes.c_void_p)
    del driver, other
    gc.collect()
    assert not library.programs
    assert not library.contexts


def test_the_first_error_is_the_one_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an error of a kernel every call fails, those of giving memory back too."""
    library = StandIn()
    runs = engine(TABLE, library)

    def broken(*_: object) -> int:
        library.fails = {"cuMemFree_v2": 700, "cuModuleUnload": 700}
        return 700

    monkeypatch.setattr(library, "cuLaunchKernel", broken)
    with pytest.raises(DeviceError, match=r"^cuLaunchKernel of the NVIDIA driver failed"):
        runs.advance(runs.init(), 1, np.empty(0, np.int64))
    printed: list[object] = []
    monkeypatch.setattr("sys.excepthook", lambda *error: printed.append(error))
    del runs
    gc.collect()
    assert not printed
    assert library.buffers
