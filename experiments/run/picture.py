"""The picture of a run: x_t and R_t/t against t."""

from __future__ import annotations

import io
import math
from textwrap import fill
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from amsgrad.engines.base import Records

# Okabe and Ito's colours, which colour-blind readers tell apart.
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
INK, MUTED, PALE = "#222222", "#5F5F5F", "#ECECEC"
INCHES, DPI = (10.0, 4.4), 150
MOST_DOTS = 20_000
STRETCHES = 600  # about the width of a panel in pixels
EARLY = 0.01
MOST_STRETCH = 3.0
BLOW_UP = 1e5
LEVEL = 1  # of compression: higher ones take 40 ms more and gain a tenth
LINE = 136  # characters
HUGE = 1e300  # the margins of an axis overflow beyond
UNITS = ((1e9, "billions of steps"), (1e6, "millions of steps"), (1e3, "thousands of steps"))


def import_ahead() -> None:
    """Import what `draw` needs, while there is time."""
    import matplotlib.backends.backend_agg
    import matplotlib.figure
    import PIL.PngImagePlugin

    assert matplotlib, PIL


def draw(
    records: Records,
    *,
    title: str,
    subtitle: str,
    lower: float,
    upper: float,
    x_star: float,
    first_t: int = 1,
    logarithmic: bool = False,
) -> bytes:
    """Return a PNG file with x_t and R_t/t against t, side by side.

    x_t is drawn as dots: it moves more inside a period than between two recorded steps, and a
    line would show a path that x never took. More than `MOST_DOTS` records are drawn as bars from
    the least to the largest in each of `STRETCHES` stretches of t, so that no extreme is lost. The
    same arguments give the same bytes, under one version of matplotlib.

    Args:
        records: at least one; values that are not finite are left out, and marked.
        title: what the run is.
        subtitle: its settings.
        lower, upper: the edges of the feasible set; infinite where it has none.
        x_star: the optimum; NaN where no single point is best.
        first_t: the problem's time at the first step.
        logarithmic: whether the axis of t is; the times must then be positive.
    """
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    t = records.step + (first_t - 1.0)
    scale, unit = next((u for u in UNITS if t[-1] + 1 >= u[0]), (1.0, "steps"))
    if logarithmic:
        scale, unit = 1.0, "steps"
    finite = np.isfinite(records.x) & np.isfinite(records.average_regret)
    good = slice(None) if finite.all() else finite  # millions of records are not copied in vain
    x, regret = (np.clip(v[good], -HUGE, HUGE) for v in (records.x, records.average_regret))
    where = t[good] / scale
    notes = ["xₜ: one dot a recorded step, no line, as x also moves between them"]
    if len(t) > MOST_DOTS:
        notes = [f"bars: least to largest of {len(t):,} recorded values in {STRETCHES} stretches"]

    # margins by hand: a layout engine would draw everything twice
    figure = Figure(figsize=INCHES, dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(0.02, 0.935, title, size=14, weight="bold", color=INK, va="center")
    subtitle = fill(subtitle, LINE, max_lines=2, break_on_hyphens=False)
    figure.text(0.02, 0.898, subtitle, size=9.5, color=MUTED, va="top", linespacing=1.4)
    left, right = (figure.add_axes((edge, 0.19, 0.395, 0.56)) for edge in (0.085, 0.59))
    for axes in (left, right):
        start = first_t - 1
        _frame(axes, f"t  ({unit})", start / scale, (t[-1] + 1) / scale, scale == 1)
        if logarithmic:
            axes.set_xscale("log")
            axes.set_xlim(max(start, 1), t[-1] + 1)
        if not finite.all():
            axes.axvline(t[np.argmin(finite)] / scale, color=INK, linewidth=1.2, linestyle=":")
    if not finite.all():
        notes.append(
            f"dotted line: first record that is not finite, t = {t[np.argmin(finite)]:,.0f}"
        )
    _draw_iterate(left, where, x, lower, upper, x_star)
    notes += _draw_average_regret(right, where, regret)
    figure.text(0.02, 0.035, ";  ".join(notes) + ".", size=8, color=MUTED, va="center")

    memory = io.BytesIO()
    figure.savefig(memory, format="png", pil_kwargs={"compress_level": LEVEL})
    return memory.getvalue()


def _draw_iterate(
    axes: Axes, t: NDArray[Any], x: NDArray[Any], lower: float, upper: float, x_star: float
) -> None:
    _label(axes, "Iterate xₜ", "xₜ  (dimensionless)", x, BLUE)
    if len(t) > MOST_DOTS:
        _draw_bars(axes, t, x, BLUE, "o")
    else:
        size, alpha = (1.0, 0.5) if len(t) > 500 else (4.0, 1.0)
        axes.plot(t, x, "o", color=BLUE, markersize=size, markeredgewidth=0, alpha=alpha)
    above = x_star > (lower + upper) / 2
    width = axes.get_yaxis_transform()  # t as a fraction of the axis, x as it is
    if math.isfinite(upper - lower):
        pad = 0.11 * (upper - lower)
        axes.set_ylim(lower - pad, upper + pad)
        for edge, beyond in ((lower, lower - pad), (upper, upper + pad)):
            axes.axhspan(edge, beyond, color=PALE, linewidth=0, zorder=0)
            axes.axhline(edge, color=MUTED, linewidth=0.8, zorder=1)
        outside = lower - pad / 2 if above else upper + pad / 2
        axes.text(
            0.015, outside, "outside the feasible set",
            transform=width, size=8, color=MUTED, va="center",
        )  # fmt: skip
    if math.isfinite(x_star):
        axes.axhline(x_star, color=GREEN, linewidth=1.8, linestyle=(0, (5, 3)), zorder=3)
        axes.annotate(
            f"optimum x* = {_number(x_star, 'g')}", (0.985, x_star), (0, 5 if above else -5),
            xycoords=width, textcoords="offset points", size=9, weight="bold", color=GREEN,
            ha="right", va="bottom" if above else "top",
        )  # fmt: skip
    _compress(axes, *_span(x))


def _draw_average_regret(axes: Axes, t: NDArray[Any], regret: NDArray[Any]) -> list[str]:
    """Draw R_t/t; return a note where the axis does not show all of it."""
    _label(axes, "Average regret Rₜ / t", "Rₜ / t  (dimensionless)", regret, VERMILLION)
    axes.axhline(0.0, color=MUTED, linewidth=0.8, zorder=1)
    if len(t) > MOST_DOTS:
        _draw_bars(axes, t, regret, VERMILLION, "-")
    else:
        marker = "o" if len(t) <= 50 else ""
        axes.plot(t, regret, color=VERMILLION, linewidth=1.8, marker=marker, markersize=4)
    # one big loss is nearly all of the first averages, and would flatten the rest
    bottom, top = _span(regret)
    late = _span(regret[t >= EARLY * t[-1]]) if len(t) else (0.0, 0.0)
    cut = top - bottom > MOST_STRETCH * (late[1] - late[0])
    notes = []
    if cut:
        notes.append(
            f"Rₜ/t ranges from {_number(regret.min())} to {_number(regret.max())} at the start, "
            f"beyond the axis"
        )
        bottom, top = late
    pad = 0.08 * (top - bottom) or 1.0
    axes.set_ylim(bottom - pad if bottom < 0 else 0, top + pad)
    _compress(axes, bottom, top)
    return notes


def _draw_bars(axes: Axes, t: NDArray[Any], values: NDArray[Any], color: str, ends: str) -> None:
    """Bars from the least to the largest value in each stretch of t, their ends as `ends` says."""
    import numpy as np

    edges = np.linspace(t[0], t[-1], STRETCHES, endpoint=False)
    first = np.unique(np.searchsorted(t, edges))
    low, high = np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)
    axes.vlines(t[first], low, high, color=color, linewidth=1.2)
    both = np.column_stack((low, high)).ravel()
    axes.plot(t[first].repeat(2), both, ends, color=color, linewidth=1.2, markersize=1.0)


def _frame(axes: Axes, label: str, start: float, end: float, integer: bool) -> None:
    axes.set_xlim(start, end)
    axes.set_xlabel(label, size=10, color=INK)
    axes.tick_params(labelsize=9, color=MUTED, labelcolor=INK)
    axes.locator_params(axis="x", nbins=6, integer=integer or end >= 6)
    axes.locator_params(axis="y", nbins=6)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)


def _label(axes: Axes, title: str, label: str, values: NDArray[Any], color: str) -> None:
    # a given height spares a search for one, a quarter of the time of all drawing
    axes.set_title(title, loc="left", y=1.0, size=11, color=INK)
    if len(values):
        last = f"last record {_number(values[-1])}"
        axes.set_title(last, loc="right", y=1.0, size=10, color=color)
    axes.set_ylabel(label, size=10, color=INK)


def _compress(axes: Axes, bottom: float, top: float) -> None:
    """Make the axis of a run that has blown up logarithmic, but for [-1, 1]."""
    most = max(-bottom, top)
    if most > BLOW_UP:
        axes.set_ylim(10 * bottom, 10 * top)  # first: the margins of its own choice overflow
        axes.set_yscale("symlog", linthresh=1.0)
        powers = [10.0 ** round(math.log10(most) * k / 3) for k in (1, 2, 3)]
        axes.set_yticks([-p for p in powers if bottom < 0] + [0.0] + [p for p in powers if top > 0])
        axes.minorticks_off()
        axes.tick_params(axis="y", labelsize=7)
    # the default would put a common power of ten where the title is
    axes.yaxis.set_major_formatter("{x:g}")


def _span(values: NDArray[Any]) -> tuple[float, float]:
    """Return the range of the values and zero."""
    return float(values.min(initial=0.0)), float(values.max(initial=0.0))


def _number(value: float, form: str = "#.4g") -> str:
    return f"{value:{form}}".replace("-", "\N{MINUS SIGN}")
