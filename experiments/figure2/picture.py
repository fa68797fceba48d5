"""The picture of a panel: the losses over the iterations with the paper's points, and the grid."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import matplotlib
import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple

from experiments.figure2.curves import EARLY, best, nearest
from experiments.figure2.panels import OPTIMIZERS
from experiments.figures import layout, style

DASHED, DOTTED = (0, (4, 2)), (0, (1, 1.5))
TITLES = {"train_loss": "training loss", "test_loss": "test loss"}


def pictures(
    data: xarray.Dataset, caption: str, formats: Sequence[str], width: float
) -> dict[str, bytes]:
    """Return the picture in each format."""
    made = {}
    with matplotlib.rc_context(rc=style.STYLE):
        for form in formats:
            figure = layout.new_figure(width)
            draw(data, figure)
            layout.add_caption(figure, caption)
            made[form] = layout.drawn(figure, form)
    return made


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw the curves of both losses, and where there are several alphas the loss over them."""
    number = 3 if data.sizes["alpha"] > 1 else 2
    panels = layout.panels(figure, number, number, 1.9, 2.2)
    for axes, (name, title) in zip(panels, TITLES.items(), strict=False):
        _draw_curves(data, name, axes)
        axes.set_title(title, loc="left")
    if number == 3:
        _draw_grid(data, panels[-1])
    layout.letters(panels)
    layout.legend(figure, panels[0])


def _draw_curves(data: xarray.Dataset, name: str, axes: Axes) -> None:
    alone = data.sizes["alpha"] * data.sizes["beta2"] == 1
    # the order of the legend: the two optimizers one below the other
    for word, line, find in (("lowest", "-", best), ("nearest", DASHED, nearest)):
        for optimizer in OPTIMIZERS:
            where = find(data, optimizer)
            if where is None or (find is nearest and where == best(data, optimizer)):
                continue
            color, label = style.COLORS[optimizer], style.LABELS[optimizer]
            own = data[name].sel({"optimizer": optimizer, **where}).isel(iteration=slice(1, None))
            axes.fill_between(
                own.iteration, own.min("seed"), own.max("seed"), color=color, alpha=0.2, linewidth=0
            )
            axes.plot(own.iteration, own.mean("seed"), color=color, linestyle=line,
                      label=label if alone else f"{label}, {word}")  # fmt: skip
    for optimizer in OPTIMIZERS:
        color, label = style.COLORS[optimizer], style.LABELS[optimizer]
        mine = (data.paper_optimizer == optimizer) & (data.paper_quantity == name)
        points = data[["paper_iteration", "paper_loss"]].isel(point=np.flatnonzero(mine))
        points = points.isel(point=np.flatnonzero(points.paper_iteration <= data.iteration[-1]))
        if points.sizes["point"]:
            axes.plot(points.paper_iteration, points.paper_loss, "o", color=color, markersize=4.5,
                      markeredgecolor=style.BLACK, markeredgewidth=0.6, zorder=3,
                      label=f"{label}, paper")  # fmt: skip
    _loss_axis(axes)
    axes.set_xlim(0, float(data.iteration[-1]))
    axes.set_xlabel("iterations")


def _draw_grid(data: xarray.Dataset, axes: Axes) -> None:
    at = EARLY if EARLY in data.iteration.values else int(data.iteration[-1])
    curves: dict[str, list[Any]] = {}
    for optimizer in OPTIMIZERS:
        color = style.COLORS[optimizer]
        for beta2, marker in zip(data.beta2.values, cycle("osv^Dx"), strict=False):
            own = data.train_loss.sel(optimizer=optimizer, beta2=beta2, iteration=at).mean("seed")
            curves.setdefault(rf"$\beta_2 = {beta2:g}$", []).extend(
                axes.plot(own.alpha, own, marker=marker, markersize=3, linewidth=0.9, color=color)
            )
        for i in range(data.sizes["point"]):
            read = (str(data.paper_optimizer.values[i]), str(data.paper_quantity.values[i]))
            if read == (optimizer, "train_loss") and int(data.paper_iteration[i]) == at:
                axes.axhline(float(data.paper_loss[i]), color=color, linewidth=0.8,
                             linestyle=DOTTED, zorder=0)  # fmt: skip
    axes.set_xscale("log")
    _loss_axis(axes)
    axes.set_title(f"after {at:,} iterations", loc="left")
    axes.set_xlabel(r"$\alpha$")
    axes.legend([tuple(pair) for pair in curves.values()], list(curves), fontsize=7,
                handlelength=4, handler_map={tuple: HandlerTuple(None)})  # fmt: skip


def _loss_axis(axes: Axes) -> None:
    """Give the axis of the loss a logarithmic scale, with as many numbers as there is room for."""
    axes.set_yscale("log")
    least, largest = axes.get_ylim()
    labelled = "23456789" if largest < 4 * least else "235" if largest < 40 * least else "25"
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(lambda y, _: f"{y:g}" if f"{y:e}"[0] in labelled else "")
    axes.tick_params(axis="y", which="minor", labelsize=7)
