"""The look of our figures: the fonts and sizes of a paper, colours that everyone can tell apart."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis

from amsgrad.theory.boundary import beta2_of

# Okabe and Ito's colours, which colour-blind readers tell apart; one per optimizer.
BLUE, VERMILLION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
SKY, PURPLE, BLACK, GREY = "#56B4E9", "#CC79A7", "#222222", "#8A8A8A"
COLORS = {"adam": BLUE, "amsgrad": VERMILLION, "adopt": GREEN, "adashift": GREEN}
LABELS = {
    "adam": "Adam",
    "amsgrad": "AMSGrad",
    "adopt": "ADOPT",
    "adashift": "AdaShift",
    "acprop": "ACProp",
}

STYLE: Any = {
    "font.family": "serif",
    "font.serif": ["STIXGeneral"],  # comes with matplotlib, so that every machine has it
    "mathtext.fontset": "stix",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.3,
    "svg.hashsalt": "amsgrad",  # the same figure gives the same bytes
    "pdf.fonttype": 42,  # publishers refuse fonts of type 3
    "figure.dpi": 200,
}


def millions(axes: Axes, last: float) -> None:
    """Label the axis of time in millions of steps, from 0 to `last`."""
    axes.set_xlim(0, last)
    axes.xaxis.set_major_formatter(lambda t, _: f"{t / 1e6:g}")
    axes.set_xlabel("$t$ (millions of steps)")


def feasible(axes: Axes) -> None:
    """Set the axis of x to F = [-1, 1] with some room, and mark the optimum -1."""
    axes.set_ylim(-1.12, 1.12)
    axes.axhline(-1, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    axes.set_ylabel("$x_t$")


def decades(beta: Any) -> Any:
    """Return -log10(1 - beta), the scale on which betas are drawn."""
    return -np.log10(1 - beta)


def beta_axis(axis: Axis, number: int, last: float) -> None:
    """Label an axis of decades, from 0 to `last`, by the values of beta1 or beta2."""
    at, panel = list(range(int(last + 0.01) + 1)), axis.axes
    across = panel.figure.get_figwidth() / panel.get_gridspec().ncols  # type: ignore[union-attr]
    every = 2 if isinstance(axis, XAxis) and across < 0.4 * len(at) else 1
    axis.set_ticks(at, [f"{float(beta2_of(d)):g}" if d % every == 0 else "" for d in at])
    axis.set_label_text(rf"$\beta_{number}$")


def band(axes: Axes, t: Any, x: Any, color: str) -> Any:
    """Shade the range and the quartiles of x over its first axis, the seeds; return the median."""
    least, low, median, high, largest = np.quantile(x, (0, 0.25, 0.5, 0.75, 1), axis=0)
    shade(axes, t, (least, low, high, largest), color)
    return median


def shade(axes: Axes, t: Any, quantiles: tuple[Any, Any, Any, Any], color: str) -> None:
    """Shade between the outer two of four curves, and more between the inner two."""
    least, low, high, largest = quantiles
    axes.fill_between(t, least, largest, color=color, alpha=0.15, linewidth=0)
    axes.fill_between(t, low, high, color=color, alpha=0.3, linewidth=0)
