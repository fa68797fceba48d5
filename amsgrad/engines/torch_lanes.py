"""Many runs of one torch optimizer at once: the lanes of one tensor, without autograd."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from amsgrad.engines.base import Engine, Records, Setup, State, check_records
from amsgrad.engines.lane_losses import LaneLosses, is_linear
from amsgrad.optimizers.catalog import MakeOptimizer
from amsgrad.optimizers.lanes import Lanes, Rates
from amsgrad.optimizers.randomness import own_randomness
from amsgrad.regret import BLOCK, RegretSum, close_block, value
from amsgrad.schedules import constant

MOST_SLOPES = 2**20  # numbers of a block of slopes, in memory at once
LONGEST_BLOCK = 1024  # steps of it


class TorchLanes(Engine[State]):
    """Each run has the numbers of `TorchLoop`, if the optimizer acts on each element by itself.

    `amsgrad/optimizers/elementwise.py` tests whether it does. Lanes that share a step size and its
    schedule are one parameter group, so that a step costs some 50 microseconds per group and, of
    Adam, 6 ns per lane. Problems may be of any classes, with periods, feasible sets and starts of
    their own. Of losses that are not linear the gradient is computed on the CPU.

    The state is that of a batch; its memory is what torch saves, as bytes. `finite` is False for a
    run once one of its records met NaN or infinity; it still goes on, and so do the others.

    Args:
        setups: one per run; all have one dtype.
        make_optimizer: from parameters, or from parameter groups, to the optimizer.
        device: "cpu" or "cuda".
        together: False for an optimizer of its own for each run: slower by the number of runs, and
            right for any class.
        seeds: of torch's random generators, for optimizers that draw from them: of each run, or the
            first for all runs together.

    Raises:
        ValueError: the list is empty, or the runs differ in dtype.
    """

    def __init__(
        self,
        setups: Sequence[Setup],
        make_optimizer: MakeOptimizer,
        device: str = "cpu",
        *,
        together: bool = True,
        seeds: Sequence[int] = (0,),
    ) -> None:
        if len({setup.dtype for setup in setups}) != 1:
            raise ValueError("The runs of one tensor must have one dtype, and there must be a run")
        self.setups = list(setups)
        self._make = make_optimizer
        self._device = torch.device(device)
        self._together = together
        groups: dict[Any, list[int]] = {}
        for i, s in enumerate(setups):
            key = s.schedule, s.lr, s.schedule_rate, s.beta1_schedule, s.beta1_rate
            groups.setdefault(key, []).append(i)
        self._sizes = list(map(len, groups.values()))
        self._of_group = [setups[lanes[0]] for lanes in groups.values()]
        # inside, the lanes of a group lie beside one another
        self._order = np.array([i for lanes in groups.values() for i in lanes])
        self._place = np.argsort(self._order)
        self._seeds = seeds if together else [seeds[i] for i in self._order]
        self._losses = LaneLosses([setups[i] for i in self._order])
        self._starts = np.array([setup.x0 for setup in setups], setups[0].dtype)
        self._linear = all(is_linear(setup.problem) for setup in setups)
        ends = [[getattr(s.problem, n) for s in setups] for n in ("x_star", "lower", "upper")]
        self._hindsight = np.array([setup.problem.hindsight for setup in setups])
        self._ends = np.array(ends)[:, self._hindsight]
        inward = np.array(ends, setups[0].dtype)[:, self._order]
        self._x_star, *bounds = map(self._tensor, inward)
        self._live: tuple[Any, ...] = ()  # where the last advance ended: its state, the lanes
        with own_randomness(self._device):
            lanes = self._lanes(self._starts)
        self._bounds = [lanes.cut(bound) for bound in bounds]
        optimizer = lanes.optimizers[0]
        self._beta1 = optimizer.defaults["betas"][0] if "betas" in optimizer.defaults else 0.0

    def piece(self, runs: int) -> int:
        calls = len(self._sizes) if self._together else runs
        return max(1, int(0.1 / step_seconds(calls, runs, self._device.type)))

    def init(self) -> State:
        x = self._starts.copy()
        with own_randomness(self._device):
            memory = self._lanes(x).save()
        regret, slopes = (RegretSum(*np.zeros((3, x.size))) for _ in range(2))
        return State(0, x, memory, regret, slopes, np.full(x.size, True))

    def advance(
        self, state: State, steps: int, record_at: NDArray[np.int64]
    ) -> tuple[State, Records]:
        check_records(record_at, state.steps, steps)
        rows = dict(zip(record_at.tolist(), range(record_at.size), strict=True))
        shape = (record_at.size, len(self.setups))
        records = Records(record_at, *(np.full(shape, np.nan) for _ in Records._fields[1:]))
        finite, end = state.finite.copy(), state.steps + steps
        with own_randomness(self._device):
            lanes = self._continue(state)
            sums = self._inside(state.regret), self._inside(state.slopes)
            for k, gradient, regret, slope in self._shown(lanes, state.steps, end):
                x = lanes.x.clone() if k in rows else None
                met = self._take(k, lanes, sums, gradient, regret, slope, look=k in rows)
                if x is not None and met is not None:
                    finite &= self._outside(met)
                    self._record(records, rows[k], x, regret, sums)
                if k % BLOCK == 0:
                    sums = _close(sums[0]), _close(sums[1])
            lanes.hold()
            memory = lanes.save()
        regrets, slopes = (RegretSum(*map(self._outside, s)) for s in sums)
        slopes = RegretSum(*(np.where(self._hindsight, part, 0.0) for part in slopes))
        found = State(end, self._outside(lanes.x), memory, regrets, slopes, finite)
        self._live = (found, lanes)
        return found, records

    def dump(self, state: State) -> dict[str, NDArray[Any]]:
        """Return the state as named arrays, for a file."""
        named = {name: np.asarray(getattr(state, name)) for name in State._fields}
        return {**named, "memory": np.frombuffer(state.memory, np.uint8)}

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> State:
        """Return the state that `dump` gave, to the bit."""
        regret, slopes = (RegretSum(*arrays[name]) for name in ("regret", "slopes"))
        steps, memory = int(arrays["steps"]), arrays["memory"].tobytes()
        return State(steps, arrays["x"], memory, regret, slopes, arrays["finite"])

    def _shown(self, lanes: Lanes, done: int, end: int) -> Iterator[tuple[int, Any, Any, Any]]:
        """Yield for each step k: gradient and regret where the lanes are, the slope at x*."""
        if not self._linear:
            for k in range(done + 1, end + 1):
                found = self._losses.at(k - 1, lanes.x.cpu().numpy())
                gradient, regret, slope = map(self._tensor, found)
                yield k, gradient, regret, slope
            return
        size = max(1, min(LONGEST_BLOCK, MOST_SLOPES // len(self.setups)))
        for first in range(done, end, size):
            # a new block each time: an optimizer may write into a gradient, or keep it
            block = self._tensor(self._losses.slopes(first, min(size, end - first)))
            at_star = block * self._x_star
            for k, slope, loss in zip(count(first + 1), block.unbind(0), at_star.unbind(0)):
                yield k, slope, slope * lanes.x - loss, slope

    def _take(
        self,
        k: int,
        lanes: Lanes,
        sums: tuple[RegretSum, RegretSum],
        gradient: torch.Tensor,
        regret: torch.Tensor,
        slope: torch.Tensor,
        look: bool,
    ) -> torch.Tensor | None:
        """Take step k; return which lanes are finite before x is clipped, where that is asked."""
        sums[0].open.add_(regret)
        if self._hindsight.any():
            sums[1].open.add_(slope)
        rates = [
            Rates(s.alpha(k), None if s.beta1_schedule is constant else s.beta1(k, self._beta1))
            for s in self._of_group
        ]
        lanes.step(gradient, rates)
        met = lanes.finite() & regret.isfinite() if look else None
        lanes.clamp(*self._bounds)
        return met

    def _record(
        self,
        records: Records,
        row: int,
        x: torch.Tensor,
        regret: torch.Tensor,
        sums: tuple[RegretSum, RegretSum],
    ) -> None:
        k = records.step[row]
        total, slopes = (self._outside(value(s)) for s in sums)
        records.x[row], records.regret[row] = self._outside(x), self._outside(regret)
        records.average_regret[row] = total / k
        if self._hindsight.any():  # `against_hindsight`, for all lanes that ask for it
            slopes = slopes[self._hindsight]
            x_star, lower, upper = self._ends
            least = np.minimum(slopes * lower, slopes * upper)
            best = total[self._hindsight] + (slopes * x_star - least)
            records.average_hindsight_regret[row, self._hindsight] = best / k

    def _continue(self, state: State) -> Lanes:
        """Return the lanes that have just come to this state, or new ones from it."""
        goes_on = self._live and self._live[0] is state
        lanes: Lanes = self._live[1] if goes_on else self._lanes(state.x, state.memory)
        lanes.go_on()
        return lanes

    def _lanes(self, x: NDArray[Any], saved: bytes | None = None) -> Lanes:
        inside = self._tensor(x[self._order])
        together, seeds = self._together, self._seeds
        return Lanes(self._make, inside, self._sizes, together=together, seeds=seeds, saved=saved)

    def _inside(self, s: RegretSum) -> RegretSum:
        return RegretSum(*(self._tensor(part[self._order]) for part in s))

    def _outside(self, inside: torch.Tensor) -> NDArray[Any]:
        found: NDArray[Any] = inside.detach().cpu().numpy()[self._place]
        return found

    def _tensor(self, numbers: NDArray[Any]) -> torch.Tensor:
        return torch.tensor(numbers, device=self._device)


def step_seconds(calls: int, lanes: int, device: str = "cpu") -> float:
    """Return about how long a step takes with so many parameter groups or optimizers.

    Of the CPU it was measured, with torch.optim.Adam on one core of a busy machine. Of "cuda" it
    is an estimate: a launch takes some 8 us, Adam has 15 of them, and a lane 40 bytes.
    """
    if device == "cuda":
        return 100e-6 + 150e-6 * calls + 0.05e-9 * lanes
    return 50e-6 + 60e-6 * calls + 10e-9 * lanes


def _close(s: RegretSum) -> RegretSum:
    return close_block(s)._replace(open=torch.zeros_like(s.open))
