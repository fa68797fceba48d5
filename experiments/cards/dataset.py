"""A card as labelled data: netCDF with the dimensions optimizer, problem, lr, seed."""

from typing import Any

import numpy as np
import xarray
from numpy.typing import NDArray

from amsgrad.cell_verdict import VERDICTS
from experiments.cards.plan import FACTORS
from experiments.cards.table import Card
from experiments.figures.netcdf import variable

BY = ("", "D", "runs", "D and runs")
OF_RUNS = {
    "x_last": "x after the last step",
    "average_regret": "average regret R_T / T at the last step",
    "exponent": "exponent of the regret over the last decade of the steps",
}
OF_D = {
    "D": "mean step over a period, at a step size of 1",
    "error": "error of D",
    "size": "sum of the sizes of the steps of a period, at a step size of 1",
    "horizon": "horizon T* = P^2 / |D|, in steps",
}


def to_dataset(card: Card) -> xarray.Dataset:
    """Return all numbers of a card; NaN where a cell has fewer seeds or records than others."""
    cells = [[card.cells[opt, c.name] for c in card.columns] for opt in card.optimizers]
    flat = [entry for row in cells for entry in row]
    shape = len(card.optimizers), len(card.columns)
    seeds = max(len(planned.seeds) for planned, _ in flat)
    points = max(cell.arrays["step"].size for _, cell in flat)
    table, runs = ("optimizer", "problem"), ("lr", "seed")

    def gathered(name: str, *own: int, shown: bool = False) -> NDArray[np.float64]:
        found = np.full((len(flat), *own), np.nan)
        for target, (_, cell) in zip(found, flat, strict=True):
            values = cell.arrays[name]
            values = values[cell.facts["shown"]] if shown else values
            target[tuple(map(slice, values.shape))] = values
        return found.reshape(*shape, *own)

    def facts(name: str) -> NDArray[Any]:
        return np.reshape([cell.facts[name] for _, cell in flat], shape)

    says = np.full((len(flat), len(FACTORS), seeds), -1, np.int8)
    for target, (_, cell) in zip(says, flat, strict=True):
        words = np.array(cell.facts["runs"])
        target[:, : words.shape[1]] = np.vectorize(VERDICTS.index)(words)
    steps = [planned.config.steps for planned, _ in flat]
    lrs = np.reshape([planned.lrs for planned, _ in flat], (*shape, len(FACTORS)))
    return xarray.Dataset(
        {
            "verdict": _flags(table, _numbers(facts("verdict"), VERDICTS), "verdict", VERDICTS),
            "by": _flags(table, _numbers(facts("by"), BY), "what the verdict rests on",
                         ("nothing", *BY[1:])),
            "run_verdict": _flags((*table, *runs), says.reshape(*shape, *says.shape[1:]),
                                  "what a run says; -1 where there is none", VERDICTS),
            **{n: variable(table, facts(n), about) for n, about in OF_D.items()},
            "price": variable("problem", [column.price for column in card.columns],
                              "S / (P max|g|), the mean loss in units of the largest slope"),
            "steps": variable(table, np.reshape(steps, shape), "steps of each run"),
            "step_size": variable((*table, "lr"), lrs, "step size alpha"),
            "shown": variable(table, facts("shown"), "number, from 0, of the step size in tables"),
            **{n: variable((*table, *runs), gathered(n, len(FACTORS), seeds), about)
               for n, about in OF_RUNS.items()},
            "path_step": variable((*table, "point"), gathered("step", points), "recorded step"),
            "path_x": variable((*table, "quantile", "point"),
                               gathered("x", 3, points, shown=True),
                               "quantile of x over the seeds at the step, of the shown step size"),
            "path_average_regret": variable(
                (*table, "point"), gathered("average_regret_path", points, shown=True),
                "median of R_t / t over the seeds at the step, of the shown step size"),
        },
        {
            "optimizer": list(card.optimizers),
            "problem": [column.name for column in card.columns],
            "group": ("problem", [column.group for column in card.columns]),
            "lr": variable("lr", list(FACTORS), "step size in units of the published one"),
            "seed": variable("seed", np.arange(seeds), "seed of the draws"),
            "quantile": variable("quantile", [0.0, 0.5, 1.0], "share of the seeds that lie below"),
        },
        {"title": "Card: optimizers by problems", "Conventions": "CF-1.11"},
    )  # fmt: skip


def _numbers(words: NDArray[Any], names: tuple[str, ...]) -> NDArray[np.int8]:
    return np.array([names.index(word) for word in words.flat], np.int8).reshape(words.shape)


def _flags(
    dims: tuple[str, ...], values: NDArray[np.int8], long_name: str, names: tuple[str, ...]
) -> Any:
    meanings = " ".join(name.replace(" ", "_") for name in names)
    about = {
        "long_name": long_name,
        "units": "1",
        "flag_values": np.arange(len(names), dtype=np.int8),
        "flag_meanings": meanings,
    }
    return dims, values, about
