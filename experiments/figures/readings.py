"""The points read off Figure 1 of Reddi, Kale and Kumar (ICLR 2018), and how accurate they are."""

import csv
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FILE = files("experiments.figures") / "figure1.csv"
SURE = 500_000  # the t from which on AMSGrad's average regret is read with its full accuracy
AT = 3600  # how far off a t may be, in steps


class Readings(NamedTuple):
    """Points of one curve."""

    t: NDArray[np.int64]
    value: NDArray[np.float64]
    accuracy: NDArray[np.float64]  # how far off each value may be, where its t is off, too


def text() -> str:
    """Return the file, for the settings of a figure."""
    return FILE.read_text(encoding="utf-8")


def readings(
    content: str, panel: str, optimizer: str, quantity: str, last: int | None = None
) -> Readings:
    """Return the points of one curve, up to the step `last`.

    Args:
        content: of the file.
        panel: online or stochastic.
        optimizer: adam or amsgrad.
        quantity: average_regret or x.
        last: None takes all.
    """
    lines = [line for line in content.splitlines() if not line.startswith("#")]
    chosen = (panel, optimizer, quantity)
    rows = [
        (int(row["t"]), float(row["value"]))
        for row in csv.DictReader(lines)
        if (row["panel"], row["optimizer"], row["quantity"]) == chosen
        and (last is None or int(row["t"]) <= last)
    ]
    t, value = np.array([t for t, _ in rows]), np.array([value for _, value in rows])
    if quantity == "x":
        own = np.full(t.size, 0.01)
    elif optimizer == "adam":
        own = np.full(t.size, 0.0003)
    else:
        own = np.where(t < SURE, 0.0006, 0.00015)
    return Readings(t, value, own + AT * np.abs(np.gradient(value, t)))
