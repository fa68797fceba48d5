"""The torch engine: foreign optimizers, and their random numbers."""

import pytest
import torch

from amsgrad.engines.base import NOTHING, State
from amsgrad.engines.torch_loop import TorchLoop
from amsgrad.schedules import record_steps
from tests import optimizers_of_others as others
from tests.engines.cases import Case
from tests.marks import without_kernels

pytestmark = without_kernels


def noisy(seed: int) -> TorchLoop:
    return TorchLoop(Case().setup, lambda params: others.Noisy(params, lr=0.01), seed=seed)


def pieces(engine: TorchLoop) -> State:
    half, _ = engine.advance(engine.init(), 40, NOTHING)
    torch.manual_seed(99)  # other code draws in between
    return engine.advance(engine.load(engine.dump(half)), 60, NOTHING)[0]


def test_random_numbers_come_from_the_seed_alone() -> None:
    torch.manual_seed(1)
    whole, _ = noisy(5).advance(noisy(5).init(), 100, NOTHING)
    assert pieces(noisy(5)).x == whole.x
    assert pieces(noisy(6)).x != whole.x


def test_the_callers_random_numbers_are_left_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    noisy(5).advance(noisy(5).init(), 10, record_steps(10, 1))
    assert torch.equal(torch.rand(3), expected)


def test_what_state_dict_does_not_hold_is_found_out() -> None:
    noisy(5).rehearse()
    counter = TorchLoop(Case().setup, lambda params: others.Counter(params, lr=0.01))
    with pytest.raises(ValueError, match="outside its state_dict"):
        counter.rehearse()


def test_a_run_that_goes_on_keeps_the_optimizer_itself() -> None:
    def late() -> TorchLoop:
        return TorchLoop(Case().setup, lambda params: others.Late(params, lr=1e-4))

    engine, chunked = late(), late()
    whole, _ = engine.advance(engine.init(), 1000, NOTHING)
    state = chunked.init()
    for _ in range(10):
        state, _ = chunked.advance(state, 100, NOTHING)
    assert state.x == whole.x


def test_a_state_can_be_left_twice() -> None:
    engine = noisy(5)
    start, _ = engine.advance(engine.init(), 30, NOTHING)
    once, _ = engine.advance(start, 30, NOTHING)
    twice, _ = engine.advance(start, 30, NOTHING)
    assert once.x == twice.x
