"""The look of our figures: the fonts and sizes of a paper, colours that everyone can tell apart."""

import io
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

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
    "savefig.dpi": 200,
}
INCHES_PER_LINE = 0.15  # of a caption


def new_figure(inches: tuple[float, float], caption: str) -> Figure:
    """Return a canvas of this size, made higher by a caption below it."""
    width, height = inches
    lines = fill(caption, int(width * 20), break_on_hyphens=False, break_long_words=False)
    foot = INCHES_PER_LINE * (lines.count("\n") + 1) + 0.12
    figure = Figure(figsize=(width, height + foot), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(rect=(0, foot / (height + foot), 1, height / (height + foot)))  # type: ignore[union-attr, call-arg]
    lines = lines.replace("$", r"\$")
    figure.text(
        0.012, 0.06 / (height + foot), lines, size=8, color=BLACK, va="bottom", linespacing=1.25
    )
    return figure


def drawn(figure: Figure, form: str) -> bytes:
    """Return a PNG or SVG file without the time, so that the same figure gives the same bytes."""
    metadata: dict[str, Any] = {"Date": None} if form == "svg" else {"Software": None}
    memory = io.BytesIO()
    figure.savefig(memory, format=form, metadata=metadata)
    return memory.getvalue()


def millions(axes: Axes, last: float) -> None:
    """Label the axis of time in millions of steps, from 0 to `last`."""
    axes.set_xlim(0, last)
    axes.xaxis.set_major_formatter(lambda t, _: f"{t / 1e6:g}")
    axes.set_xlabel("t (millions of steps)")


def feasible(axes: Axes) -> None:
    """Set the axis of x to F = [-1, 1] with some room, and mark the optimum -1."""
    axes.set_ylim(-1.12, 1.12)
    axes.axhline(-1, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    axes.set_ylabel("$x_t$ (dimensionless)")


def decades(beta: Any) -> Any:
    """Return -log10(1 - beta), the scale on which betas are drawn."""
    return -np.log10(1 - beta)


def beta_axis(axis: Axis, number: int, last: float) -> None:
    """Label an axis of decades, from 0 to `last`, by the values of beta1 or beta2."""
    at = list(range(int(last + 0.01) + 1))
    axis.set_ticks(at, [f"{float(beta2_of(d)):g}" for d in at])
    axis.set_label_text(rf"$\beta_{number}$ (dimensionless)")


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
