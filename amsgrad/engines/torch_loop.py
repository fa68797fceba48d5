"""The engine of the seed program: a real torch optimizer, autograd, one eager step at a time."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from amsgrad.engines.base import (
    NOTHING,
    Records,
    RunEngine,
    Setup,
    State,
    Trajectory,
    check_records,
)
from amsgrad.engines.driver import run_to
from amsgrad.optimizers.catalog import MakeOptimizer
from amsgrad.optimizers.randomness import generators, own_randomness, seed, set_generators
from amsgrad.regret import BLOCK, EMPTY, RegretSum, against_hindsight, close_block, value
from amsgrad.schedules import constant

REHEARSED = 64

_TORCH_DTYPE = {np.float32: torch.float32, np.float64: torch.float64}


class TorchLoop(RunEngine):
    """Any `torch.optim.Optimizer`, on the CPU or a CUDA device: some 100 microseconds per step.

    The memory of its state is the optimizer's state_dict and torch's random generators, as the
    bytes that torch saves.

    Args:
        setup: the problem and its surroundings; the schedules set `lr` and `betas` at each step.
        make_optimizer: from a list of one parameter, of shape (1,), to the optimizer.
        device: "cpu" or "cuda".
        seed: of torch's random generators, for optimizers that draw from them.
    """

    def __init__(
        self, setup: Setup, make_optimizer: MakeOptimizer, device: str = "cpu", seed: int = 0
    ) -> None:
        self.setup = setup
        self.make_optimizer = make_optimizer
        self.device = torch.device(device)
        self.seed = seed
        optimizer = make_optimizer([torch.nn.Parameter(self._tensor(setup.x0))])
        self._live: tuple[Any, ...] = ()  # where the last advance ended: its state, x, optimizer
        self.beta1 = optimizer.defaults["betas"][0] if "betas" in optimizer.defaults else 0.0
        self.defaults = {name: _plain(entry) for name, entry in optimizer.defaults.items()}
        self.name = f"{type(optimizer).__module__}.{type(optimizer).__qualname__}"
        self._parameters = setup.problem.parameters(float)
        self._x_star = self._tensor(setup.problem.x_star)

    def piece(self, runs: int) -> int:
        return 1000

    def init(self) -> State:
        with own_randomness(self.device):
            seed(self.device, self.seed)
            x = torch.nn.Parameter(self._tensor(self.setup.x0))
            memory = self._save(self.make_optimizer([x]))
        return State(0, self._scalar(x), memory, EMPTY, EMPTY)

    def advance(
        self, state: State, steps: int, record_at: NDArray[np.int64]
    ) -> tuple[State, Records]:
        check_records(record_at, state.steps, steps)
        recorded = set(record_at.tolist())
        rows = []
        problem = self.setup.problem
        done, slopes, finite = state.steps, state.slopes, state.finite
        with own_randomness(self.device):
            x, optimizer = self._continue(state)
            # it stays on the device: a number that is read from a GPU waits for all before it
            regret = RegretSum(*(self._tensor(part, torch.float64) for part in state.regret))
            for k in range(state.steps + 1, state.steps + steps + 1):
                x_before = x.detach().clone() if k in recorded else None
                r, met = self._step(k, x, optimizer, look=x_before is not None)
                regret.open.add_(r)
                if problem.hindsight:
                    slope = problem.gradient(self._shown(k), problem.x_star, self._parameters)
                    rounded = float(self.setup.dtype(slope))
                    slopes = slopes._replace(open=slopes.open + rounded)
                done = k
                if x_before is not None:
                    total, hindsight = value(regret).item(), np.nan
                    if problem.hindsight:
                        bounds = problem.x_star, problem.lower, problem.upper
                        hindsight = against_hindsight(total, value(slopes), *bounds)
                    rows.append((k, x_before.item(), r.item(), total / k, hindsight / k))
                    finite = all(bool(entry.isfinite().all()) for entry in met)
                if k % BLOCK == 0:
                    closed = close_block(regret)
                    regret = closed._replace(open=torch.zeros_like(closed.total))
                    slopes = close_block(slopes)
                if not finite:
                    break
            memory = self._save(optimizer)
        sums = RegretSum(*(part.item() for part in regret))
        end = State(done, self._scalar(x), memory, sums, slopes, finite)
        self._live = (end, x, optimizer)
        return end, Records.from_rows(rows)

    def rehearse(self) -> None:
        """Take some steps in one go and in two, to check that a resumed run is the same run.

        Raises:
            ValueError: the optimizer fails, or keeps something that its state_dict does not hold.
        """
        try:
            whole, _ = run_to(self, 2 * REHEARSED)
            half, _ = run_to(self, REHEARSED)
            pieces, _ = run_to(self, 2 * REHEARSED, NOTHING, self.load(self.dump(half)))
        except (Exception, SystemExit) as error:  # foreign code may fail in any way
            raise ValueError(f"{self.name} cannot be stepped or saved: {error}") from error
        if pieces.x.tobytes() != whole.x.tobytes():
            raise ValueError(
                f"{self.name} keeps something outside its state_dict; a run could not be resumed"
            )

    def follow(self, steps: int) -> Trajectory:
        """Return x and the optimizer's state for it, after each of the first steps."""
        path = Trajectory(self.name, [], {})
        with own_randomness(self.device):
            x, optimizer = self._load(self.init())
            for k in range(1, steps + 1):
                self._step(k, x, optimizer)
                path.x.append(x.item())
                for name, entry in optimizer.state[x].items():
                    path.memory.setdefault(name, []).append(float(entry))
        return path

    def dump(self, state: State) -> dict[str, NDArray[Any]]:
        return {
            "steps": np.asarray(state.steps),
            "x": np.asarray(state.x),
            "memory": np.frombuffer(state.memory, np.uint8),
            "regret": np.array(state.regret),
            "slopes": np.array(state.slopes),
        }

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> State:
        return State(
            int(arrays["steps"]),
            arrays["x"][()],
            arrays["memory"].tobytes(),
            RegretSum(*map(float, arrays["regret"])),
            RegretSum(*map(float, arrays["slopes"])),
        )

    def _step(
        self, k: int, x: torch.nn.Parameter, optimizer: torch.optim.Optimizer, look: bool = False
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Take step k; return the regret at x_k, and where asked all that must be finite.

        No number is read from the device, unless the loss or the optimizer does.
        """
        problem, p = self.setup.problem, self._parameters
        f = self._shown(k)
        regret = problem.loss(f, x, p) - problem.loss(f, self._x_star, p)
        regret.backward()
        return regret.detach(), self._move(k, x, optimizer, regret.detach(), look)

    def _move(
        self,
        k: int,
        x: torch.nn.Parameter,
        optimizer: torch.optim.Optimizer,
        regret: torch.Tensor,
        look: bool,
    ) -> list[torch.Tensor]:
        for group in optimizer.param_groups:
            group["lr"] = self.setup.alpha(k)
            if self.setup.beta1_schedule is not constant:
                group["betas"] = (self.setup.beta1(k, self.beta1), *group["betas"][1:])
        optimizer.step()
        optimizer.zero_grad()
        met = []
        if look:  # before x is clipped
            met = [regret, x.detach().clone()]
            met += [entry for entry in optimizer.state[x].values() if torch.is_tensor(entry)]
        x.data.clamp_(self.setup.problem.lower, self.setup.problem.upper)
        return met

    def _shown(self, k: int) -> Any:
        """Select the loss of step k."""
        t = self.setup.first_t + k - 1
        with np.errstate(over="ignore"):  # random draws wrap modulo 2^64
            return self.setup.problem.select(t, t % self.setup.problem.period, self._parameters)

    def _continue(self, state: State) -> tuple[torch.nn.Parameter, torch.optim.Optimizer]:
        """Return x and the optimizer that have just come to this state, or new ones from it."""
        if not self._live or self._live[0] is not state:
            return self._load(state)
        _, x, optimizer = self._live
        set_generators(_loaded(state), self.device)
        return x, optimizer

    def _load(self, state: State) -> tuple[torch.nn.Parameter, torch.optim.Optimizer]:
        x = torch.nn.Parameter(self._tensor(state.x.item()))
        optimizer = self.make_optimizer([x])
        saved = _loaded(state)
        optimizer.load_state_dict(saved["optimizer"])
        set_generators(saved, self.device)
        return x, optimizer

    def _save(self, optimizer: torch.optim.Optimizer) -> bytes:
        saved = {"optimizer": optimizer.state_dict(), **generators(self.device)}
        buffer = io.BytesIO()
        torch.save(saved, buffer)
        return buffer.getvalue()

    def _tensor(self, number: float, dtype: torch.dtype | None = None) -> torch.Tensor:
        dtype = dtype or _TORCH_DTYPE[self.setup.dtype]
        return torch.tensor([number], dtype=dtype, device=self.device)

    def _scalar(self, x: torch.Tensor) -> Any:
        return x.detach().cpu().numpy()[0]


def _loaded(state: State) -> dict[str, Any]:
    """Return what `_save` has saved, on the CPU: "cuda:0" may be another device by now.

    `load_state_dict` brings the state to the device of its parameter.
    """
    found: dict[str, Any] = torch.load(
        io.BytesIO(state.memory), map_location="cpu", weights_only=True
    )
    return found


def _plain(entry: Any) -> Any:
    """Return what JSON can hold: a value as it is, or as a text."""
    if isinstance(entry, tuple | list):
        return list(map(_plain, entry))
    return entry if isinstance(entry, str | bool | int | float | None) else str(entry)
