"""The torch engines on "cuda": without a device by fake tensors, with one for what it is."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode
from torch.optim import Optimizer

from amsgrad.config.build import optimizer_of
from amsgrad.config.run_config import Config
from amsgrad.engines import torch_lanes, torch_loop
from amsgrad.engines.base import NOTHING, Setup, State
from amsgrad.engines.torch_lanes import TorchLanes
from amsgrad.engines.torch_loop import TorchLoop
from amsgrad.optimizers.randomness import generators, own_randomness, seed
from amsgrad.problems.online import Online
from amsgrad.regret import EMPTY, RegretSum
from amsgrad.rules import RULES
from amsgrad.schedules import inverse_sqrt, record_steps
from tests import optimizers_of_others as others
from tests.marks import without_kernels

CUDA = torch.cuda.is_available()
SKIPPED = pytest.mark.skipif(not CUDA, reason="torch finds no CUDA device here")
REAL = [
    {"opt": name, **({} if semantics is None else {"semantics": semantics})}
    for name, method in RULES.items()
    for semantics in method.counterparts
]
# ASGD and Adafactor read a number of their own state at each step, and Rprop asks the driver. LBFGS
# needs a closure, Muon a matrix, SparseAdam sparse gradients: no engine here runs them.
LEFT_OUT = {"ASGD", "Adafactor", "Rprop", "LBFGS", "Muon", "SparseAdam"}
OF_TORCH = sorted(
    name
    for name, cls in vars(torch.optim).items()
    if isinstance(cls, type) and issubclass(cls, Optimizer) and cls is not Optimizer
    if name not in LEFT_OUT
)
ALL = [*REAL, *({"opt": f"torch.optim:{name}"} for name in OF_TORCH)]
# NAdam reads a number of its own state at each step.
SILENT = [options for options in ALL if "nadam" not in options["opt"].lower()]
SETUP = Setup(Online(), 0.1, inverse_sqrt)


def words(options: dict[str, str]) -> str:
    return "-".join(options.values())


def with_device(test: Any) -> Any:
    return pytest.mark.device(SKIPPED(test))


@pytest.fixture
def loop(options: dict[str, str]) -> TorchLoop:
    make = optimizer_of(Config(**options, device="cuda"))
    with FakeTensorMode():
        return TorchLoop(SETUP, make, "cuda:0")


@without_kernels
@pytest.mark.parametrize("options", SILENT, ids=words)
def test_a_step_reads_no_number_and_a_state_goes_on(loop: TorchLoop) -> None:
    """A fake tensor raises where a number of it is read, and where devices are mixed.

    The gradient is given: torch without CUDA has no autograd on fake tensors of it.
    """
    with FakeTensorMode():
        x = torch.nn.Parameter(loop._tensor(0.0))
        optimizer = loop.make_optimizer([x])
        kept = []
        for k in range(1, 7):
            if k == 4:  # as from a checkpoint
                saved = optimizer.state_dict()
                x = torch.nn.Parameter(x.detach().clone())
                optimizer = loop.make_optimizer([x])
                optimizer.load_state_dict(saved)
            x.grad = torch.full_like(x, 1010.0)
            regret = loop._tensor(0.0)
            met = loop._move(k, x, optimizer, regret, look=True)
            assert met[0] is regret
            assert {str(entry.device) for entry in met if entry.ndim} == {"cuda:0"}
            kept.append(sorted(optimizer.state[x]))
        assert all(names == kept[0] for names in kept)


class Ended(Exception):
    """All steps were taken."""


def end(*_: Any) -> bytes:
    raise Ended


@without_kernels
@pytest.mark.parametrize("options", SILENT, ids=words)
def test_a_run_waits_for_no_number_between_two_records(
    options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop as it is, past the end of a block, but for autograd."""
    begin = State(0, np.float32(0), b"", EMPTY, EMPTY)
    monkeypatch.setattr(torch_loop, "BLOCK", 3)
    with FakeTensorMode(), torch.no_grad():
        loop = TorchLoop(SETUP, optimizer_of(Config(**options, device="cuda")), "cuda:0")
        monkeypatch.setattr(loop, "_save", end)
        x = torch.nn.Parameter(loop._tensor(0.0))
        optimizer = loop.make_optimizer([x])
        monkeypatch.setattr(loop, "_continue", lambda _: (x, optimizer))
        monkeypatch.setattr(
            torch.Tensor, "backward", lambda _: setattr(x, "grad", torch.full_like(x, 1010.0))
        )
        with pytest.raises(Ended):
            loop.advance(begin, 7, NOTHING)
        with pytest.raises(DataDependentOutputException):
            loop.advance(begin, 7, np.array([7]))


@without_kernels
def test_lanes_wait_for_no_number_between_two_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_lanes, "BLOCK", 3)
    zeros = RegretSum(*np.zeros((3, 2)))
    begin = State(0, np.zeros(2, np.float32), b"", zeros, zeros, np.full(2, True))
    with FakeTensorMode():
        make = optimizer_of(Config(opt="adam", device="cuda"))
        engine = TorchLanes([SETUP, replace(SETUP, lr=0.01)], make, "cuda:0")
        lanes = engine._lanes(engine._starts)
        monkeypatch.setattr(lanes, "save", end)
        monkeypatch.setattr(engine, "_continue", lambda _: lanes)
        with pytest.raises(Ended):
            engine.advance(begin, 7, NOTHING)
        with pytest.raises(RuntimeError, match="numpy"):
            engine.advance(begin, 7, np.array([7]))


@pytest.mark.parametrize("options", ALL, ids=words)
def test_parameters_are_stepped_one_by_one_as_on_the_cpu(options: dict[str, str]) -> None:
    made = [
        optimizer_of(Config(**options, device=device))([torch.nn.Parameter(torch.zeros(1))])
        for device in ("cpu", "cuda")
    ]
    on_cpu, on_cuda = (one.defaults for one in made)
    assert on_cpu.get("foreach") is None
    assert on_cuda == {**on_cpu, **({"foreach": False} if "foreach" in on_cpu else {})}


@pytest.mark.parametrize("chosen", [{"foreach": "true"}, {"fused": "true"}])
def test_who_asks_for_another_way_gets_it(chosen: dict[str, str]) -> None:
    make = optimizer_of(Config(opt="torch.optim:Adam", device="cuda", **chosen))
    defaults = make([torch.nn.Parameter(torch.zeros(1))]).defaults
    assert {name: defaults[name] for name in chosen} == dict.fromkeys(chosen, True)
    assert defaults["foreach"] is (True if "foreach" in chosen else None)


@without_kernels
@pytest.mark.parametrize("lanes", [False, True])
def test_a_state_of_a_device_that_is_not_here_is_read(
    lanes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def engine() -> Any:
        make = optimizer_of(Config(opt="adam"))
        return TorchLanes([SETUP], make) if lanes else TorchLoop(SETUP, make)

    whole, _ = engine().advance(engine().init(), 60, NOTHING)
    begun = engine()
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:7")
    half, _ = begun.advance(begun.init(), 30, NOTHING)
    monkeypatch.undo()
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(io.BytesIO(half.memory), weights_only=True)
    resumed = engine()
    end, _ = resumed.advance(resumed.load(begun.dump(half)), 30, NOTHING)
    assert end.x == whole.x


def test_a_seed_is_that_of_torch() -> None:
    cpu = torch.device("cpu")
    with own_randomness(cpu):
        torch.manual_seed(11)
        expected = generators(cpu)["generator"]
        torch.manual_seed(12)
        seed(cpu, 11)
        assert torch.equal(generators(cpu)["generator"], expected)


# --- With a device ------------------------------------------------------------------------------


def on_cuda(options: dict[str, str]) -> TorchLoop:
    return TorchLoop(SETUP, optimizer_of(Config(**options, device="cuda")), "cuda")


@with_device
@pytest.mark.parametrize("options", SILENT, ids=words)
def test_steps_do_not_wait_for_the_device(options: dict[str, str]) -> None:
    engine = on_cuda(options)
    x, optimizer = engine._load(engine.init())
    torch.cuda.set_sync_debug_mode("error")
    try:
        for k in range(1, 6):
            engine._step(k, x, optimizer)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@with_device
@pytest.mark.parametrize("options", ALL, ids=words)
def test_a_run_on_the_device_is_near_that_on_the_cpu_and_is_resumed(
    options: dict[str, str],
) -> None:
    at = record_steps(400, 7)
    cpu = TorchLoop(SETUP, optimizer_of(Config(**options)))
    expected, rows = cpu.advance(cpu.init(), 400, at)
    engine = on_cuda(options)
    whole, found = engine.advance(engine.init(), 400, at)
    np.testing.assert_allclose(found.x, rows.x, atol=1e-4)
    np.testing.assert_allclose(found.average_regret, rows.average_regret, rtol=1e-4)
    assert float(whole.x) == pytest.approx(float(expected.x), abs=1e-4)
    half, _ = engine.advance(engine.init(), 150, NOTHING)
    other = on_cuda(options)
    end, _ = other.advance(other.load(engine.dump(half)), 250, NOTHING)
    assert (end.x, end.regret) == (whole.x, whole.regret)


@with_device
def test_random_numbers_of_every_device_are_left_alone() -> None:
    before = torch.cuda.get_rng_state_all()
    engine = TorchLoop(SETUP, lambda params: others.Noisy(params, lr=0.01), "cuda", seed=5)
    engine.advance(engine.init(), 10, NOTHING)
    for one, other in zip(torch.cuda.get_rng_state_all(), before, strict=True):
        assert torch.equal(one, other)
