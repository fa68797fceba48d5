"""A whole card, and its table: one row per cell, and a compact one for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from amsgrad.cell_verdict import RIGHT, VERDICTS, WRONG
from amsgrad.rules import RULES
from amsgrad.verdict import MOVING, UNDECIDED
from experiments.cards.cell import Cell
from experiments.cards.columns import Column
from experiments.cards.plan import PlannedCell

CONTROLS = ("sgd", "amsgrad")
SHORT = {RIGHT: "right", WRONG: "WRONG", MOVING: "moves", UNDECIDED: "?"}
LEAST = 7  # letters of a cell
WIDTH = 140  # letters of a line
MARKS = {"D and runs": "", "D": "D", "runs": "r", "": ""}


class Card(NamedTuple):
    """Optimizers by problems, all computed."""

    optimizers: Sequence[str]
    columns: Sequence[Column]
    cells: Mapping[tuple[str, str], tuple[PlannedCell, Cell]]  # by optimizer and column

    def counts(self) -> dict[str, int]:
        """Return the number of cells of each verdict."""
        found = [cell.facts["verdict"] for _, cell in self.cells.values()]
        return {word: found.count(word) for word in VERDICTS}


def title(opt: str) -> tuple[str, str]:
    """Return the name of an optimizer, and below it the package of a class of others."""
    if opt in RULES:
        return RULES[opt].title, ""
    path, _, name = opt.partition(":")
    package = path if path.startswith("torch.") else path.partition(".")[0]
    return name, package


def rows(card: Card) -> list[dict[str, Any]]:
    """Return one row per cell; x, regret and exponent are those of its step size lr."""
    return [
        _row(opt, column, *card.cells[opt, column.name])
        for opt in card.optimizers
        for column in card.columns
    ]


def _row(opt: str, column: Column, planned: PlannedCell, cell: Cell) -> dict[str, Any]:
    facts, settings, shown = cell.facts, planned.settings, cell.facts["shown"]
    lowest, median, highest = _quantiles(cell.arrays["x_last"][shown])
    return {
        "optimizer": opt,
        "problem": column.name,
        "group": column.group,
        "verdict": facts["verdict"],
        "by": facts["by"],
        "D": facts["D"],
        "D_error": facts["error"],
        "D_source": facts["source"],
        "horizon": facts["horizon"],
        "price": column.price,
        "steps": planned.config.steps,
        "lr": planned.lrs[shown],
        "lr_published": planned.config.lr,
        "beta1": settings.get("beta1", np.nan),
        "beta2": settings.get("beta2", np.nan),
        "seeds": len(planned.seeds),
        "x_lowest": lowest,
        "x_median": median,
        "x_highest": highest,
        "average_regret": _quantiles(cell.arrays["average_regret"][shown])[1],
        "exponent": _quantiles(cell.arrays["exponent"][shown])[1],
        "reason": facts["reason"],
    }


def _quantiles(values: Any) -> tuple[float, float, float]:
    """Return the lowest, the median and the highest of these numbers; NaN where one is NaN."""
    lowest, median, highest = np.quantile(values, (0, 0.5, 1)).tolist()
    return lowest, median, highest


def lines(card: Card) -> list[str]:
    """Return the verdicts as tables for a terminal, with their legend.

    Groups of columns stand side by side as far as WIDTH allows; the others follow below.
    """
    names = [" ".join(filter(None, title(opt))) for opt in card.optimizers]
    first = max(map(len, names))
    parts: list[list[list[str]]] = []
    for group in dict.fromkeys(column.group for column in card.columns):
        block = _block(card, [column for column in card.columns if column.group == group])
        if not parts or first + sum(len(b[0]) + 2 for b in [*parts[-1], block]) > WIDTH:
            parts.append([])
        parts[-1].append(block)
    found = [
        f"{name:{first}} {' '.join(f'|{entry}' for entry in entries)}".rstrip()
        for part in parts
        for name, *entries in zip(["", "", *names], *part, strict=True)
    ]
    return [*found, "D: the mean step says so, no run does yet; r: runs alone; else both"]


def _block(card: Card, columns: Sequence[Column]) -> list[str]:
    """Return the lines of one group, all of one length: its name, the heads, the verdicts."""
    table = [[column.name.partition("-")[0] for column in columns]]
    for opt in card.optimizers:
        facts = [card.cells[opt, column.name][1].facts for column in columns]
        table.append([f"{SHORT[each['verdict']]} {MARKS[each['by']]}" for each in facts])
    widths = [max(len(head), LEAST) for head in table[0]]
    rows = ["".join(f" {entry:{width}}" for entry, width in zip(row, widths, strict=True))
            for row in table]  # fmt: skip
    return [f" {columns[0].group:{len(rows[0]) - 1}}", *rows]
