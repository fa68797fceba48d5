"""torch's random generators, of which an optimizer may draw, as a part of the state of a run."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

import torch


def own_randomness(device: torch.device) -> AbstractContextManager[None]:
    """Let a run draw from generators of its own, and keep those of the caller as they are."""
    return torch.random.fork_rng(devices=[torch.cuda.current_device()] if _on_cuda(device) else [])


def generators(device: torch.device) -> dict[str, torch.Tensor]:
    """Return the states of the generators that code on this device draws from."""
    saved = {"generator": torch.get_rng_state()}
    if _on_cuda(device):
        saved["cuda_generator"] = torch.cuda.get_rng_state()
    return saved


def set_generators(saved: Mapping[str, torch.Tensor]) -> None:
    """Put the generators back to where `generators` found them."""
    torch.set_rng_state(saved["generator"])
    if "cuda_generator" in saved:
        torch.cuda.set_rng_state(saved["cuda_generator"])


def _on_cuda(device: torch.device) -> bool:
    # fake tensors are "on" a device that is not there, and draw nothing
    return device.type == "cuda" and torch.cuda.is_available()
