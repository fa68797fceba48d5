"""The look of our figures: the fonts and sizes of a paper, colours that everyone can tell apart."""

import io
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

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
WIDTH = 7.2  # inches
METADATA: Any = {  # without the time
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}
NARROW = 4.5  # inches
MARGIN = 0.08  # inches around a caption


def new_figure(width: float) -> Figure:
    """Return a canvas of this width in inches; what is drawn sets its height."""
    figure = Figure(figsize=(width, width / 2), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def panels(
    figure: Figure, number: int, columns: int, least: float, height: float, **options: Any
) -> list[Axes]:
    """Return panels in rows of `columns`, or of fewer where the figure is too narrow for that.

    Args:
        figure: gets the height of its rows.
        number: of panels.
        columns: in a row, or a divisor of this.
        least: width of a panel in inches, with its labels.
        height: of a row in inches, less where its panels are narrower than that.
        options: of `Figure.subplots`; `width_ratios` are those of a single row.
    """
    width = figure.get_figwidth()
    columns = next(
        n for n in range(columns, 0, -1) if columns % n == 0 and (width >= n * least or n == 1)
    )
    rows = number // columns
    if rows > 1:
        options.pop("width_ratios", None)
    figure.set_figheight(rows * min(height, 1.1 * width / columns))
    return list(figure.subplots(rows, columns, squeeze=False, **options).flat)


def letters(axes: Iterable[Axes]) -> None:
    """Put (a), (b), ... before the titles: captions name panels by these in every layout."""
    for letter, one in zip("abcdefgh", axes, strict=False):
        one.set_title(f"({letter}) {one.get_title(loc='left')}", loc="left")


def add_caption(figure: Figure, caption: str) -> None:
    """Make the figure higher by a caption below what is drawn; call it last."""
    width, height = figure.get_size_inches()
    caption = caption.replace("^*", "^{*}")  # matplotlib puts a space before a bare star
    text = figure.text(MARGIN / width, 0, _wrapped(figure, caption, width - 2 * MARGIN), size=8,
                       color=BLACK, va="bottom", linespacing=1.25)  # fmt: skip
    foot = text.get_window_extent().height / figure.dpi + 2 * MARGIN
    figure.set_figheight(height + foot)
    text.set_y(MARGIN / (height + foot))
    share = foot / (height + foot)
    figure.get_layout_engine().set(rect=(0, share, 1, 1 - share))  # type: ignore[union-attr, call-arg]


def _wrapped(figure: Figure, text: str, inches: float) -> str:
    """Return a text in lines of this width at most; no formula is broken."""
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    font = FontProperties(size=8)

    def width(words: str) -> float:
        measured = renderer.get_text_width_height_descent(words, font, ismath="$" in words)
        return float(measured[0]) / figure.dpi

    lines, space = [""], width("n n") - width("nn")
    free = inches
    for word in re.findall(r"(?:\([a-h]\) |\$[^$]*\$|[^\s$])+", text):
        needed = width(word) + space
        if needed > free:
            lines.append("")
            free = inches
        lines[-1] += f"{word} "
        free -= needed
    return "\n".join(lines)


def drawn(figure: Figure, form: str) -> bytes:
    """Return a PNG, SVG or PDF file without the time: the same figure gives the same bytes."""
    memory = io.BytesIO()
    figure.savefig(memory, format=form, metadata=METADATA[form])
    return memory.getvalue()


def legend(figure: Figure, axes: Axes) -> None:
    """Put the legend of a panel above all of them, in as few rows as there is room for."""
    handles, labels = axes.get_legend_handles_labels()
    for rows in range(1, len(handles) + 1):
        columns = -(-len(handles) // rows)
        box = figure.legend(handles, labels, loc="outside upper center", ncols=columns)
        extent = box.get_window_extent()
        if extent.width < figure.bbox.width or columns == 1:
            break
        box.remove()
    figure.set_figheight(figure.get_figheight() + extent.height / figure.dpi)


def color_bar(figure: Figure, image: Any, axes: Any, label: str) -> Colorbar:
    """Add a bar of colours at the right, or below where the figure is narrow."""
    if figure.get_figwidth() > NARROW:
        bar = figure.colorbar(image, ax=axes, shrink=0.9, aspect=26, pad=0.02)
    else:
        figure.set_figheight(figure.get_figheight() + 0.5)
        bar = figure.colorbar(image, ax=axes, location="bottom", aspect=26)
    bar.set_label(label)
    return bar


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
