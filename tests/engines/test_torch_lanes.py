"""Lanes of one tensor: each has the bits of a run by itself in the torch loop."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from amsgrad.engines.base import NOTHING, Records, Setup, State
from amsgrad.engines.driver import run_to
from amsgrad.engines.lane_losses import LaneLosses, is_linear
from amsgrad.engines.torch_lanes import TorchLanes
from amsgrad.engines.torch_loop import TorchLoop
from amsgrad.optimizers.catalog import MakeOptimizer, foreign_optimizer
from amsgrad.optimizers.lanes import LONGEST
from amsgrad.problems import PROBLEMS
from amsgrad.problems.online import Online
from amsgrad.problems.problem import Problem
from amsgrad.problems.sequence import Sequence
from amsgrad.problems.stochastic import Stochastic
from amsgrad.regret import RegretSum
from amsgrad.schedules import constant, exponential, inverse_sqrt, record_steps
from amsgrad.verification import Disagreement, verify_lane
from tests import optimizers_of_others as others
from tests.marks import slow, without_kernels
from tests.same import same

STEPS = 300  # past two blocks of the regret
AT = record_steps(STEPS, 23)
ORDERS = [Sequence("7,-3x2", order, seed=3) for order in ("shuffled", "drawn")]
ALL = [*(cls() for cls in PROBLEMS.values()), *ORDERS]
# each has loops of its own to compile: periodic, drawn, of two sorts that are not linear, shuffled
NOT_LINEAR = {"AdaFom", "Polynomial", "Quadratic", "Rare", "Zhang"}
FEW = [Online(), Stochastic(seed=4), PROBLEMS["zhang"](), PROBLEMS["adafom"](), ORDERS[0]]


def setups(dtype: Any = np.float32, problems: list[Problem] = FEW) -> list[Setup]:
    """Each problem twice, with a step size, schedule and start of its own."""
    found = []
    for i, problem in enumerate(2 * problems):
        lr, schedule = (0.003, 0.1)[i % 2], (constant, inverse_sqrt)[i // 2 % 2]
        x0 = problem.x0 or 0.1 * (i % 5)
        start = {"first_t": problem.first_t, "x0": x0, "dtype": dtype}
        found.append(Setup(problem, lr, schedule, **start))
    return found


def make(cls: Any, **keywords: Any) -> MakeOptimizer:
    return foreign_optimizer(cls, lr=0.1, **keywords)


def assert_lane(state: State, records: Records, i: int, alone: TorchLoop) -> None:
    """Check that run i has the numbers of a run by itself, to the bit."""
    expected, rows = run_to(alone, STEPS, AT)
    assert state.steps == expected.steps
    assert state.x[i].tobytes() == expected.x.tobytes()
    for ours, theirs in ((state.regret, expected.regret), (state.slopes, expected.slopes)):
        assert [part[i] for part in ours] == list(theirs)
    assert same(Records(records.step, *(column[:, i] for column in records[1:])), rows)


# to the bit, by the test in `elementwise.py`
ELEMENTWISE = [
    (torch.optim.Adam, np.float32, FEW),
    (others.Rude, np.float32, FEW),
    slow(torch.optim.Adam, np.float32, ALL),
    slow(torch.optim.Adam, np.float64, ALL),
    slow(torch.optim.NAdam, np.float64, FEW),
    slow(torch.optim.RMSprop, np.float64, FEW),
    slow(torch.optim.Adadelta, np.float64, FEW),
    slow(torch.optim.Adamax, np.float32, FEW),
    slow(torch.optim.ASGD, np.float64, FEW),
    slow(torch.optim.Rprop, np.float32, FEW),
]


@without_kernels
@pytest.mark.parametrize(("cls", "dtype", "problems"), ELEMENTWISE)
def test_each_lane_has_the_bits_of_a_run_by_itself(
    cls: Any, dtype: Any, problems: list[Problem]
) -> None:
    lanes = setups(dtype, problems)
    state, records = run_to(TorchLanes(lanes, make(cls)), STEPS, AT)
    assert state.finite.all()
    for i, setup in enumerate(lanes):
        assert_lane(state, records, i, TorchLoop(setup, make(cls)))


@without_kernels
@pytest.mark.parametrize("cls", [others.Noisy, others.Normed, slow(torch.optim.Adafactor)])
def test_an_optimizer_of_its_own_for_each_lane_is_right_for_any_class(cls: Any) -> None:
    lanes = setups()[::2]
    seeds = list(range(len(lanes)))
    state, records = run_to(TorchLanes(lanes, make(cls), together=False, seeds=seeds), STEPS, AT)
    for i, setup in enumerate(lanes):
        assert_lane(state, records, i, TorchLoop(setup, make(cls), seed=seeds[i]))


@without_kernels
@pytest.mark.parametrize("together", [True, False])
def test_runs_in_pieces_have_the_same_bits(together: bool) -> None:
    lanes = [Setup(Stochastic(seed=seed), 0.01 * (1 + seed % 2)) for seed in range(5)]

    def engine() -> TorchLanes:
        cls = make(others.Noisy if not together else torch.optim.Adam)
        return TorchLanes(lanes, cls, together=together, seeds=range(5))

    whole, records = run_to(engine(), STEPS, AT)
    first = engine()
    middle, before = run_to(first, 130, AT[AT <= 130])
    torch.manual_seed(99)  # other code draws in between
    resumed = engine()
    for other, start in ((first, middle), (resumed, resumed.load(first.dump(middle)))):
        end, after = run_to(other, STEPS, AT[AT > 130], start)
        assert end.x.tobytes() == whole.x.tobytes()
        assert same(RegretSum(*end.regret), RegretSum(*whole.regret))
        assert same(Records.join([before, after]), records)


@without_kernels
def test_a_state_is_a_value() -> None:
    engine = TorchLanes([Setup(Online(), lr) for lr in (0.01, 0.1)], make(torch.optim.Adam))
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    start, _ = engine.advance(engine.init(), 50, NOTHING)
    before = engine.dump(start)
    once, _ = engine.advance(start, 50, NOTHING)
    twice, _ = engine.advance(start, 50, NOTHING)
    assert once.x.tobytes() == twice.x.tobytes()
    assert same(before.values(), engine.dump(start).values())
    assert torch.equal(torch.rand(3), expected)


@without_kernels
def test_the_schedule_of_beta1_is_followed() -> None:
    lanes = [
        Setup(Online(), lr, beta1_schedule=schedule, beta1_rate=0.99)
        for lr in (0.01, 0.1)
        for schedule in (constant, exponential)
    ]
    state, records = run_to(TorchLanes(lanes, make(torch.optim.Adam)), STEPS, AT)
    for i, setup in enumerate(lanes):
        assert_lane(state, records, i, TorchLoop(setup, make(torch.optim.Adam)))
    assert state.x[0] != state.x[1]


@without_kernels
def test_more_lanes_than_a_tensor_has() -> None:
    lanes = [Setup(Stochastic(seed=seed), 0.01) for seed in range(LONGEST + 70)]
    engine = TorchLanes(lanes, make(torch.optim.Adam))
    assert len(engine._lanes(engine._starts).parameters) == 2
    state, _ = run_to(engine, 50)
    for i in (0, LONGEST - 1, LONGEST, LONGEST + 69):
        alone, _ = run_to(TorchLoop(lanes[i], make(torch.optim.Adam)), 50)
        assert state.x[i] == alone.x


@without_kernels
def test_a_run_that_blows_up_leaves_the_others_alone() -> None:
    adashift = PROBLEMS["adashift"]()
    lanes = [Setup(adashift, lr) for lr in (1e-3, 1e38, 1e-2)]
    state, records = run_to(TorchLanes(lanes, make(torch.optim.SGD)), STEPS, AT)
    assert state.finite.tolist() == [True, False, True]
    for i in (0, 2):
        assert_lane(state, records, i, TorchLoop(lanes[i], make(torch.optim.SGD)))


@without_kernels
def test_lanes_are_verified_by_the_loop() -> None:
    lanes = [Setup(Online(), lr, x0=0.5) for lr in (0.01, 0.1)]
    engine, alone = TorchLanes(lanes, make(torch.optim.Adam)), make(torch.optim.Adam)
    found = verify_lane(engine, TorchLoop(lanes[1], alone), 100, lane=1, to_the_bit=True)
    assert found.largest == dict.fromkeys(Records._fields[1:], 0.0)
    near = replace(lanes[1], x0=0.5000001)
    for other, to_the_bit in ((lanes[0], False), (near, True)):
        with pytest.raises(Disagreement, match=r"at step \d the lane has x = "):
            verify_lane(engine, TorchLoop(other, alone), 100, lane=1, to_the_bit=to_the_bit)
    verify_lane(engine, TorchLoop(near, alone), 100, lane=1, to_the_bit=False)


def test_one_dtype_is_needed() -> None:
    for lanes in ([], [Setup(Online(), 0.1), Setup(Online(), 0.1, dtype=np.float64)]):
        with pytest.raises(ValueError, match="must have one dtype, and there must be a run"):
            TorchLanes(lanes, make(torch.optim.SGD))


@pytest.mark.parametrize("problems", [FEW, slow(ALL)])
def test_losses_are_those_of_the_problems(problems: list[Problem]) -> None:
    """Without a compiler, too."""
    lanes = setups(np.float64, problems)
    x = np.linspace(-1, 1, len(lanes))
    losses = LaneLosses(lanes)
    for done in (0, 1, 10, 999):
        gradients, regrets, slopes = losses.at(done, x)
        for i, setup in enumerate(lanes):
            problem, t = setup.problem, setup.first_t + done
            p = problem.parameters(np.float64)
            with np.errstate(over="ignore"):
                f = problem.select(t, t % problem.period, p)
            assert gradients[i] == problem.gradient(f, x[i], p)
            assert regrets[i] == problem.loss(f, x[i], p) - problem.loss(f, problem.x_star, p)
            assert slopes[i] == problem.gradient(f, problem.x_star, p)
    linear = [setup for setup in lanes if is_linear(setup.problem)]
    others = {type(setup.problem).__name__ for setup in lanes if setup not in linear}
    assert others == NOT_LINEAR & {type(problem).__name__ for problem in problems}
    shown = LaneLosses(linear).slopes(7, 3)
    assert (shown[2] == LaneLosses(linear).at(9, np.zeros(len(linear)))[2]).all()


ON_A_DEVICE = [
    getattr(torch.optim, name) for name in ("Adam", "NAdam", "SGD", "Adagrad", "RMSprop")
]


@without_kernels
@pytest.mark.parametrize("cls", ON_A_DEVICE)
def test_everything_of_a_step_is_on_the_device(cls: Any) -> None:
    """Without a device, by fake tensors, which refuse to mix devices."""
    lanes = [Setup(p, lr, inverse_sqrt) for lr in (0.01, 0.1) for p in (Online(), *ORDERS)]
    with FakeTensorMode():
        engine = TorchLanes(lanes, make(cls), "cuda:0")
        live = engine._lanes(engine._starts)
        zeros = np.zeros(len(lanes))
        sums = engine._inside(RegretSum(*[zeros] * 3)), engine._inside(RegretSum(*[zeros] * 3))
        for k, gradient, regret, slope in engine._shown(live, 0, 3):
            finite = engine._take(k, live, sums, gradient, regret, slope, look=True)
            assert finite is not None
            there = (live.x, finite, gradient, regret, slope, *sums[0], *sums[1])
            assert {str(tensor.device) for tensor in there} == {"cuda:0"}
        (optimizer,) = live.optimizers
        kept = [e for p in live.parameters for e in optimizer.state[p].values() if e.ndim]
        assert {str(entry.device) for entry in kept} <= {"cuda:0"}
        assert sums[0].open.dtype == torch.float64
