"""torch's random generators, of which an optimizer may draw, as a part of the state of a run."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

import torch


def own_randomness(device: torch.device) -> AbstractContextManager[None]:
    """Let a run draw from generators of its own, and keep those of the caller as they are."""
    return torch.random.fork_rng(devices=[_number(device)] if _on_cuda(device) else [])


def seed(device: torch.device, number: int) -> None:
    """Seed the generators that code on this device draws from, and those of no other device.

    `torch.manual_seed` seeds every device, of which `own_randomness` puts back only this one.
    """
    torch.default_generator.manual_seed(number)
    if _on_cuda(device):
        with torch.cuda.device(device):
            torch.cuda.manual_seed(number)


def generators(device: torch.device) -> dict[str, torch.Tensor]:
    """Return the states of the generators that code on this device draws from."""
    saved = {"generator": torch.get_rng_state()}
    if _on_cuda(device):
        saved["cuda_generator"] = torch.cuda.get_rng_state(device)
    return saved


def set_generators(saved: Mapping[str, torch.Tensor], device: torch.device) -> None:
    """Put the generators back to where `generators` found them."""
    torch.set_rng_state(saved["generator"])
    if "cuda_generator" in saved:
        torch.cuda.set_rng_state(saved["cuda_generator"], device)


def _number(device: torch.device) -> int:
    return torch.cuda.current_device() if device.index is None else device.index


def _on_cuda(device: torch.device) -> bool:
    # fake tensors are "on" a device that is not there, and draw nothing
    return device.type == "cuda" and torch.cuda.is_available()
