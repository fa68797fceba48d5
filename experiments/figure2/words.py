"""What the figure of a panel says of itself."""

from collections.abc import Mapping
from typing import Any

from experiments.figure2.images import ImageData
from experiments.figure2.panels import BATCH, BETA1, OPTIMIZERS, PANELS
from experiments.figure2.question import Asked
from experiments.figures.style import LABELS

STEP = {"inverse_sqrt": r"$\alpha/\sqrt{t}$", "constant": r"constant $\alpha$"}


def caption(asked: Asked, data: ImageData, found: Mapping[str, Any]) -> str:
    """Return what is drawn and what is to be seen, with these findings."""
    panel = PANELS[asked.panel]
    lowest = found["lowest train loss at the end"]
    chosen = "; ".join(f"{LABELS[opt]} {_setting(lowest[opt])}" for opt in OPTIMIZERS)
    parts = [
        f"Figure 2 of Reddi, Kale and Kumar (ICLR 2018): {panel.title}, step"
        f" {STEP[panel.schedule]}, batches of {BATCH}, $\\beta_1 = {BETA1:g}$, {_seeds(asked)}.",
        f"Data: {data.origin}.",
        f"Of the grid in (c), the lowest training loss at the end: {chosen}.",
    ]
    near = found["nearest to the paper's points"]
    if near:
        nearby = "; ".join(f"{LABELS[opt]} {_setting(near[opt])}" for opt in near)
        parts.append(f"Nearest to the paper's points (circles, dotted): {nearby}.")
    if asked.iterations < panel.published:
        epochs = round(panel.published * BATCH / 50_000 / 100) * 100
        length = f", some {epochs:,} epochs," if panel.images == "cifar10" else ""
        parts.append(
            f"A short run: the paper's {panel.published:,} iterations{length} were not run."
        )
    return " ".join(filter(None, parts))


def _setting(where: Mapping[str, Any]) -> str:
    return rf"$\alpha = {where['alpha']:g}$, $\beta_2 = {where['beta2']:g}$"


def _seeds(asked: Asked) -> str:
    return "one seed" if asked.seeds == 1 else f"mean and range of {asked.seeds} seeds"
