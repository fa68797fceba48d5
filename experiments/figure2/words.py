"""What the figure of a panel says of itself."""

import math
from collections.abc import Collection, Mapping
from typing import Any

from experiments.figure2.curves import EARLY, EQUAL, LOWEST, NEAREST, PAPER
from experiments.figure2.images import ImageData
from experiments.figure2.panels import BATCH, BETA1, OPTIMIZERS, PANELS
from experiments.figure2.question import Asked
from experiments.figures.style import LABELS
from experiments.figures.words import plain

STEP = {"inverse_sqrt": r"$\alpha/\sqrt{t}$", "constant": r"constant $\alpha$"}


def caption(asked: Asked, data: ImageData, found: Mapping[str, Any]) -> str:
    """Return what is drawn and what is to be seen, with these findings."""
    panel = PANELS[asked.panel]
    lowest = found[LOWEST]
    chosen = "; ".join(f"{LABELS[opt]} {_setting(lowest[opt])}" for opt in OPTIMIZERS)
    grid = "Of the grid in (c), the" if len(asked.alphas) > 1 else "The"
    alone = len(asked.alphas) * len(asked.betas2) == 1
    parts = [
        f"Figure 2 of Reddi, Kale and Kumar (ICLR 2018): {panel.title} on {data.origin}, step"
        f" {STEP[panel.schedule]}, batches of {BATCH}, $\\beta_1 = {BETA1:g}$, {_seeds(asked)}.",
        f"{_setting(lowest[OPTIMIZERS[0]])}."
        if alone
        else f"{grid} lowest training loss at the end: {chosen}.",
    ]
    near = found[NEAREST]
    if near:
        nearby = "; ".join(f"{LABELS[opt]} {_setting(near[opt])}" for opt in near)
        parts.append(f"Nearest to the paper's points (circles; dotted in (c)): {nearby}.")
    parts.extend(f"{text}." for text in _gaps(found, [EARLY]))
    if asked.iterations < panel.published:
        epochs = round(panel.published * BATCH / 50_000 / 100) * 100
        length = f", some {epochs:,} epochs," if panel.images == "cifar10" else ""
        parts.append(
            f"A short run: the paper's {panel.published:,} iterations{length} were not run."
        )
    return " ".join(filter(None, parts))


def lines(found: Mapping[str, Any]) -> list[str]:
    """Return the findings for a terminal."""
    told = []
    for what in (LOWEST, NEAREST):
        for opt, own in found[what].items():
            levels = [
                f"{quantity} {own[quantity][0]} [{own[quantity][1]}, {own[quantity][2]}]"
                for quantity in own
                if quantity.startswith("train_loss")
            ]
            rest = (
                f"; rms {own['rms']}, largest difference {own['largest']}" if "rms" in own else ""
            )
            told.append(f"{opt}, {what}: {plain(_setting(own))}: {', '.join(levels)}{rest}")
    return told + _gaps(found, found[EQUAL])


def _gaps(found: Mapping[str, Any], shown: Collection[Any]) -> list[str]:
    """Return the range of the differences at equal settings, and the paper's own difference."""
    told = []
    for at in shown:
        gaps = [gap for gap in found[EQUAL].get(at, {}).values() if math.isfinite(gap)]
        if gaps:
            read = found[PAPER].get(at)
            beside = "" if read is None else f"; the paper's is {read:g}"
            told.append(
                f"At equal settings the training loss of Adam minus that of AMSGrad is"
                f" {min(gaps):g} to {max(gaps):g} after {at:,} iterations{beside}"
            )
    return told


def _setting(where: Mapping[str, Any]) -> str:
    return rf"$\alpha = {where['alpha']:g}$, $\beta_2 = {where['beta2']:g}$"


def _seeds(asked: Asked) -> str:
    return "one seed" if asked.seeds == 1 else f"mean and range of {asked.seeds} seeds"
