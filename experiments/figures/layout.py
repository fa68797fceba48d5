"""The layout of our figures: panels, legend and caption for any width, fonts at their true size."""

import io
import re
from collections.abc import Iterable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from experiments.figures import style

NARROW = 4.5  # inches
MARGIN = 0.08  # inches around a caption
# without the time
METADATA: Any = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


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


def add_caption(figure: Figure, caption: str) -> None:
    """Make the figure higher by a caption below what is drawn; call it last."""
    width, height = figure.get_size_inches()
    caption = caption.replace("^*", "^{*}")  # matplotlib puts a space before a bare star
    text = figure.text(MARGIN / width, 0, _wrapped(figure, caption, width - 2 * MARGIN), size=8,
                       color=style.BLACK, va="bottom", linespacing=1.25)  # fmt: skip
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
