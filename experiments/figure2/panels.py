"""The three panels of the paper's Figure 2: what it states of each, and our own grid.

Stated: the networks, batches of 128, beta1 = .9, beta2 in {.99, .999}, alpha / sqrt(t) for logistic
regression and a constant alpha for both networks, alpha by grid search. Not stated: the grid, the
seeds, the weights at the start, the scale of the pixels.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple

BATCH = 128
BETA1 = 0.9
BETAS2 = (0.99, 0.999)
OPTIMIZERS = ("adam", "amsgrad")
# The paper has no eps. A pixel that is 0 in all images so far makes 0 / 0 of it; this one makes 0.
EPS = 1e-16


@dataclass(frozen=True)
class Panel:
    """One panel.

    Args:
        title: the network in words.
        images: the data set, mnist or cifar10.
        schedule: of alpha, a name of `amsgrad.schedules`.
        alphas: the grid of step sizes; ours.
        iterations: of a run, by default.
        published: iterations of the paper's curves.
    """

    title: str
    images: str
    schedule: str
    alphas: Sequence[float]
    iterations: int
    published: int


PANELS = {
    "logistic": Panel(
        "logistic regression",
        "mnist",
        "inverse_sqrt",
        (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0),
        5_000,
        5_000,
    ),
    "net": Panel(
        "one hidden layer of 100 ReLU",
        "mnist",
        "constant",
        (5e-4, 1e-3, 2e-3, 5e-3, 1e-2),
        5_000,
        5_000,
    ),
    "cifarnet": Panel("CIFARNET", "cifar10", "constant", (1e-3,), 1_000, 2_100_000),
}


class Reading(NamedTuple):
    """A point read off the paper's figure; accurate to about 0.003."""

    optimizer: str
    iteration: int
    quantity: str  # train_loss or test_loss
    value: float


def readings(panel: str) -> list[Reading]:
    """Return the points of one panel."""
    lines = (files("experiments.figure2") / "figure2.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return [
        Reading(row["optimizer"], int(row["iteration"]), row["quantity"], float(row["value"]))
        for row in rows
        if row["panel"] == panel
    ]
