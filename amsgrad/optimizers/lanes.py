"""Many runs of one torch optimizer as the elements of its parameters: one step is a step of all."""

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from amsgrad.optimizers.catalog import MakeOptimizer
from amsgrad.optimizers.randomness import generators, seed, set_generators

# torch cuts a tensor of 32,768 elements or more among its threads, and may round an element at a
# cut differently: below that the bits do not depend on the number of threads.
LONGEST = 16_384  # elements of a tensor


class Rates(NamedTuple):
    """What a step sets in a parameter group; beta1 is None where the optimizer keeps its own."""

    lr: float
    beta1: float | None = None


class Lanes:
    """The parameters of many runs, cut into groups of one step size, and what steps them.

    Args:
        make: from parameters, or from parameter groups, to the optimizer.
        x: the starting points, the lanes of a group beside one another; its device and dtype are
            those of the parameters.
        sizes: the number of lanes of each group.
        together: False for an optimizer of its own for each lane, whose parameter has the shape
            (1,), and which draws from a random generator of its own.
        seeds: of the random generators: one for all lanes together, or one for each.
        longest: number of lanes of one parameter.
        saved: what `save` returned; x must be those of that time.
    """

    def __init__(
        self,
        make: MakeOptimizer,
        x: torch.Tensor,
        sizes: Sequence[int],
        *,
        together: bool = True,
        seeds: Sequence[int] = (0,),
        longest: int = LONGEST,
        saved: bytes | None = None,
    ) -> None:
        self._device = x.device
        most = longest if together else 1
        pieces = [(group, part) for group, n in enumerate(sizes) for part in _cut(n, most)]
        self._sizes = [size for _, size in pieces]
        self.parameters = [torch.nn.Parameter(part.clone()) for part in self.cut(x.detach())]
        groups: list[list[torch.nn.Parameter]] = [[] for _ in sizes]
        for (group, _), parameter in zip(pieces, self.parameters, strict=True):
            groups[group].append(parameter)
        self.optimizers, self._generators = [], []
        if not together:
            for own, parameter in zip(seeds, self.parameters, strict=True):
                seed(self._device, own)
                self.optimizers.append(make([parameter]))
                self._generators.append(generators(self._device))
        else:
            seed(self._device, seeds[0])
            named: Any = [{"params": group} for group in groups]
            self.optimizers.append(make(groups[0] if len(groups) == 1 else named))
            self._generators.append(generators(self._device))
        if saved is not None:
            self._load(saved)
        of = {
            id(parameter): group
            for (group, _), parameter in zip(pieces, self.parameters, strict=True)
        }
        self._groups = [
            [(group, of[id(group["params"][0])]) for group in optimizer.param_groups]
            for optimizer in self.optimizers
        ]

    @property
    def x(self) -> torch.Tensor:
        """The lanes one after another; it may share its memory with the parameters."""
        parts = [parameter.detach() for parameter in self.parameters]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def step(self, gradient: torch.Tensor, rates: Sequence[Rates]) -> None:
        """Take a step.

        Args:
            gradient: of each lane; an optimizer may write into it, or keep it.
            rates: of each group.
        """
        for parameter, part in zip(self.parameters, self.cut(gradient), strict=True):
            parameter.grad = part
        own = len(self.optimizers) > 1
        for i, (optimizer, groups) in enumerate(zip(self.optimizers, self._groups, strict=True)):
            for group, number in groups:
                lr, beta1 = rates[number]
                group["lr"] = lr
                if beta1 is not None:
                    group["betas"] = (beta1, *group["betas"][1:])
            if own:
                set_generators(self._generators[i], self._device)
            optimizer.step()
            if own:
                self._generators[i] = generators(self._device)

    def cut(self, numbers: torch.Tensor) -> Sequence[torch.Tensor]:
        """Return the parts, one per parameter, of numbers that are one per lane."""
        if len(self._sizes) == 1:
            return [numbers]
        return torch.split_with_sizes(numbers, self._sizes)

    def clamp(self, lower: Sequence[torch.Tensor], upper: Sequence[torch.Tensor]) -> None:
        """Bring each lane into its own bounds, which are cut."""
        for parameter, low, high in zip(self.parameters, lower, upper, strict=True):
            parameter.data.clamp_(low, high)

    def finite(self) -> torch.Tensor:
        """Return for each lane whether x and its part of the optimizer's state are finite."""
        found = []
        for optimizer, parameters in self._owned():
            for parameter in parameters:
                met = parameter.detach().isfinite()
                for entry in optimizer.state[parameter].values():
                    if torch.is_tensor(entry):
                        whole = entry.isfinite()
                        met &= whole if whole.shape == met.shape else whole.all().to(met.device)
                found.append(met)
        return torch.cat(found)

    def hold(self) -> None:
        """Keep the random generators as they are now, for `go_on`."""
        if len(self.optimizers) == 1:
            self._generators = [generators(self._device)]

    def go_on(self) -> None:
        """Put the random generators back to where `hold` found them."""
        set_generators(self._generators[0], self._device)

    def save(self) -> bytes:
        """Return the optimizers' state_dicts and the generators, as the bytes that torch saves."""
        saved = {
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "generators": self._generators,
        }
        buffer = io.BytesIO()
        torch.save(saved, buffer)
        return buffer.getvalue()

    def _load(self, saved: bytes) -> None:
        # "cuda:0" in it may be another device by now; load_state_dict brings all to the parameters
        found = torch.load(io.BytesIO(saved), map_location="cpu", weights_only=True)
        for optimizer, entries in zip(self.optimizers, found["optimizers"], strict=True):
            optimizer.load_state_dict(entries)
        self._generators = found["generators"]

    def _owned(self) -> Any:
        """Return each optimizer with its parameters, in the order of the lanes."""
        if len(self.optimizers) == 1:
            return [(self.optimizers[0], self.parameters)]
        return zip(self.optimizers, ([parameter] for parameter in self.parameters), strict=True)


def _cut(number: int, most: int) -> list[int]:
    """Return the sizes of the pieces of a group."""
    whole, rest = divmod(number, most)
    return [most] * whole + ([rest] if rest else [])
