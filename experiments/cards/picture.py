"""The picture of a card: a table of verdicts in colour and in words, each with the path of x."""

import io
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

from amsgrad.cell_verdict import RIGHT, VERDICTS, WRONG
from amsgrad.verdict import MOVING, UNDECIDED
from experiments.cards.cell import Cell
from experiments.cards.columns import GROUPS, Column
from experiments.cards.plan import PlannedCell
from experiments.cards.table import CONTROLS, MARKS, Card, title
from experiments.figures.layout import add_caption, drawn, new_figure
from experiments.figures.style import BLACK, GREY, STYLE

# Fill, ink: light, dark, middle and white, so that they differ in grey, too.
LOOK = {
    RIGHT: ("#CFE5F3", BLACK),
    WRONG: ("#B3450B", "white"),
    MOVING: ("#F2CD6E", BLACK),
    UNDECIDED: ("white", BLACK),
}
# Inches.
LABEL, CELL, ROW, HEAD, GAP = 1.12, 0.6, 0.44, 0.66, 0.09
WORD = 0.13  # height of the word above a path
LINE, LETTER = 0.18, 0.05  # height of a line of the legend, width of a letter
FIRST_STEP = 10
MEANINGS = (
    "no mark: the mean step D and runs agree",
    "D: D alone, no run is long enough",
    "r: runs alone",
)


class Block(NamedTuple):
    """Columns that stand beside one another, each with its left edge in inches."""

    columns: Sequence[Column]
    lefts: Sequence[float]
    cell: float  # width


def pictures(card: Card, caption: str, formats: Sequence[str], width: float) -> dict[str, bytes]:
    """Return the picture in each format; an empty caption leaves it out."""
    made = {}
    with matplotlib.rc_context(rc=STYLE):
        for form in formats:
            figure = new_figure(width)
            draw(card, figure)
            if caption:
                add_caption(figure, caption)
            made[form] = drawn(figure, form)
            if form == "png":
                made[form] = _of_few_colours(made[form])
    return made


def _of_few_colours(png: bytes) -> bytes:
    """Return the same picture with 256 colours: a third of the bytes."""
    memory = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        few = picture.convert("RGB").quantize(256)
        few.save(memory, format="PNG", optimize=True, dpi=picture.info["dpi"])
    return memory.getvalue()


def draw(card: Card, figure: Figure) -> None:
    """Draw the table for the width of the figure, in as many blocks of columns as it needs."""
    width = float(figure.get_figwidth())
    blocks = list(_blocks(card.columns, width))
    tall = HEAD + len(card.optimizers) * ROW + 2 * GAP
    legend = _legend(width)
    height = len(blocks) * tall + 0.1 + LINE * len(legend)
    figure.set_figheight(height)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)  # inches from the top
    for i, block in enumerate(blocks):
        _draw_block(axes, card, block, i * tall)
    _draw_legend(axes, legend, len(blocks) * tall)


def _blocks(columns: Sequence[Column], width: float) -> Iterator[Block]:
    """Cut the columns into blocks that fit, whole groups where that is possible."""
    most = max(1, int((width - LABEL - len(GROUPS) * GAP) / CELL))
    parts: list[list[Column]] = [[]]
    for group in GROUPS:
        own = [column for column in columns if column.group == group]
        if len(parts[-1]) + len(own) > most and parts[-1]:
            parts.append([])
        for column in own:
            if len(parts[-1]) == most:
                parts.append([])
            parts[-1].append(column)
    widest = max(map(len, parts))
    for part in parts:
        fresh = [a.group != b.group for a, b in zip(part[1:], part, strict=False)]
        cell = (width - LABEL - GAP * len(GROUPS)) / widest
        gaps = np.concatenate([[0], np.cumsum(fresh)]) * GAP
        yield Block(part, (LABEL + gaps + cell * np.arange(len(part))).tolist(), cell)


def _draw_block(axes: Axes, card: Card, block: Block, top: float) -> None:
    for group in dict.fromkeys(column.group for column in block.columns):
        own = [x for c, x in zip(block.columns, block.lefts, strict=True) if c.group == group]
        left, right = own[0] + 0.02, own[-1] + block.cell - 0.02
        axes.text((left + right) / 2, top + 0.17, group, size=8.5, weight="bold", ha="center")
        axes.plot([left, right], [top + 0.21] * 2, color=BLACK, linewidth=0.8)
    for column, left in zip(block.columns, block.lefts, strict=True):
        middle = left + block.cell / 2
        axes.text(middle, top + HEAD - 0.05, column.title, size=6.8, ha="center", linespacing=1.05)
    for row, opt in enumerate(card.optimizers):
        edge = top + HEAD + row * ROW + (GAP if opt in CONTROLS else 0)
        name, package = title(opt)
        note = "control" if opt in CONTROLS else package
        axes.text(LABEL - 0.07, edge + (0.19 if note else 0.25), name, size=8.5, ha="right")
        axes.text(LABEL - 0.07, edge + 0.31, note, size=6.2, ha="right", color="#666666")
        for column, left in zip(block.columns, block.lefts, strict=True):
            last = max(card.cells[o, column.name][0].config.steps for o in card.optimizers)
            box = (left + 0.015, edge + 0.015, block.cell - 0.03, ROW - 0.03)
            _draw_cell(axes, *card.cells[opt, column.name], box, last)


def _draw_cell(
    axes: Axes, planned: PlannedCell, cell: Cell, box: tuple[float, float, float, float], last: int
) -> None:
    """Draw one cell; `last` is the step at its right edge, on logarithmic time."""
    left, top, width, height = box
    word, mark = cell.facts["verdict"], MARKS[cell.facts["by"]]
    fill, ink = LOOK[word]
    edge = GREY if word == UNDECIDED else fill
    axes.add_patch(Rectangle((left, top), width, height, facecolor=fill, edgecolor=edge, lw=0.6))
    axes.text(left + 0.03, top + 0.105, word, size=6.6, color=ink,
              weight="bold" if word == WRONG else "normal")  # fmt: skip
    axes.text(left + width - 0.03, top + 0.105, mark, size=6.6, color=ink, ha="right")
    x_star, lower, upper = _range(planned)
    low, high = top + WORD + 0.02, top + height - 0.03

    def place(step: Any, x: Any) -> NDArray[np.float64]:
        across = np.log(np.asarray(step) / FIRST_STEP) / np.log(last / FIRST_STEP)
        up = (np.clip(x, lower, upper) - lower) / (upper - lower)
        return np.column_stack([left + 0.03 + (width - 0.06) * across, high - (high - low) * up])

    goal = place([FIRST_STEP, last], np.full(2, x_star))
    axes.add_collection(LineCollection([goal], colors=ink, linewidths=0.5, linestyles=(0, (2, 2))))
    late = cell.arrays["step"] >= FIRST_STEP
    step, x = cell.arrays["step"][late], cell.arrays["x"][cell.facts["shown"]]
    lowest, median, highest = x[:, late]
    band = np.vstack([place(step, lowest), place(step, highest)[::-1]])
    axes.add_collection(PolyCollection([band], facecolors=ink, alpha=0.25, linewidths=0))
    axes.add_collection(LineCollection([place(step, median)], colors=ink, linewidths=0.8))


def _range(planned: PlannedCell) -> tuple[float, float, float]:
    """Return x*, and the x at the lower and the upper edge of a cell."""
    problem = planned.config.make_problem()
    goal, lower, upper = problem.x_star, problem.lower, problem.upper
    if not np.isfinite(upper - lower):
        far = 1.5 * abs(planned.config.x0 - goal)
        lower, upper = goal - far, goal + far
    pad = 0.04 * (upper - lower)
    return goal, lower - pad, upper + pad


def _legend(width: float) -> list[list[tuple[str, str]]]:
    """Return the lines of the legend: texts, each with the verdict of the colour before it."""
    lines: list[list[tuple[str, str]]] = [[]]
    left = width - LABEL
    for entry in ((word, word) for word in VERDICTS), ((text, "") for text in MEANINGS):
        for text, word in entry:
            needed = LETTER * len(text) + (0.5 if word else 0.2)
            if needed > left and lines[-1]:
                lines.append([])
                left = width - LABEL
            lines[-1].append((text, word))
            left -= needed
        lines.append([])
        left = width - LABEL
    return [line for line in lines if line]


def _draw_legend(axes: Axes, lines: list[list[tuple[str, str]]], top: float) -> None:
    for i, line in enumerate(lines):
        at, base = LABEL, top + 0.2 + i * LINE
        for text, word in line:
            if word:
                fill, _ = LOOK[word]
                box = Rectangle((at, base - 0.1), 0.2, 0.11, facecolor=fill, edgecolor=GREY, lw=0.5)
                axes.add_patch(box)
                at += 0.26
            axes.text(at, base, text, size=7.5)
            at += LETTER * len(text) + 0.2
