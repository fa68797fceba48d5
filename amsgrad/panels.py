"""The two panels of a picture of runs: x_t on the left, the average regret R_t / t on the right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

GREEN, INK, MUTED, PALE = "#009E73", "#222222", "#5F5F5F", "#ECECEC"
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
MOST_DOTS = 20_000
STRETCHES = 600  # about the width of a panel in pixels
EARLY = 0.01
MOST_STRETCH = 3.0
BLOW_UP = 1e5


class Curve(NamedTuple):
    """One run, or the runs of several seeds.

    Args:
        label: what tells it from the other curves.
        step: numbers of the recorded steps, from 1 on, increasing.
        x: x_t at these steps; of several seeds with the seeds as the first axis.
        average_regret: R_t / t at these steps, likewise.
        limit: of R_t / t, where it is known; else NaN.
        kappa, exponent: where they are known, R_t / t is about limit + kappa / t^exponent,
            or for exponent 1 about limit + kappa ln(t) / t.
    """

    label: str
    step: NDArray[Any]
    x: NDArray[Any]
    average_regret: NDArray[Any]
    limit: float = math.nan
    kappa: float = math.nan
    exponent: float = math.nan


def draw_iterate(
    axes: Axes,
    curves: Sequence[Curve],
    colors: Sequence[Any],
    lower: float,
    upper: float,
    x_star: float,
) -> None:
    """Draw x_t, the feasible set and the optimum; the arguments are those of `picture.draw`."""
    _label(axes, "Iterate xₜ", "xₜ", [curve.x for curve in curves], colors)
    for curve, color in zip(curves, colors, strict=True):
        _draw_path(axes, curve.step, curve.x, color)
    bounded = math.isfinite(upper - lower)
    above = x_star > (lower + upper) / 2
    width = axes.get_yaxis_transform()  # time as a fraction of the axis, x as it is
    if bounded:
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
        outer = bounded and not above  # there is room below an end of F
        axes.annotate(
            f"optimum x* = {_number(x_star, 'g')}",
            (0.985 if bounded else 0.015, x_star), (0, -5 if outer else 5),
            xycoords=width, textcoords="offset points", size=9, weight="bold", color=GREEN,
            ha="right" if bounded else "left", va="top" if outer else "bottom",
        )  # fmt: skip
    _compress(axes, *_span([curve.x for curve in curves]))


def draw_average_regret(axes: Axes, curves: Sequence[Curve], colors: Sequence[Any]) -> list[str]:
    """Draw R_t/t; return a note where the axis does not show all of it."""
    values = [curve.average_regret for curve in curves]
    _label(axes, "Average regret Rₜ / t", "Rₜ / t", values, colors)
    if all(c.limit == 0 and c.kappa > 0 for c in curves):
        # a power of time is a straight line; before the law R_t may be below 0
        axes.set_yscale("log")
        for curve, color in zip(curves, colors, strict=True):
            above = curve.average_regret > 0
            _draw_path(axes, curve.step[above], curve.average_regret[above], color)
            _draw_law(axes, curve, color)
        below = sum(int((v <= 0).sum()) for v in values)
        return [f"records with Rₜ/t ≤ 0, not shown: {below:,}"] if below else []
    axes.axhline(0.0, color=MUTED, linewidth=0.8, zorder=1)
    for curve, color in zip(curves, colors, strict=True):
        _draw_path(axes, curve.step, curve.average_regret, color)
        if math.isfinite(curve.kappa):
            _draw_law(axes, curve, color)
        if math.isfinite(curve.limit):
            axes.axhline(curve.limit, color=color, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
            if len(curves) == 1:
                axes.annotate(
                    f"limit {_number(curve.limit)}", (0.015, curve.limit), (0, 4),
                    xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                    size=9, weight="bold", color=color,
                )  # fmt: skip
    # one big loss is nearly all of the first averages, and would flatten the rest
    bottom, top = _span(values)
    late = _span(
        [c.average_regret[..., c.step >= EARLY * c.step[-1]] for c in curves if c.step.size]
    )
    notes = []
    if top - bottom > MOST_STRETCH * (late[1] - late[0]):
        notes.append(
            f"Rₜ/t ranges from {_number(min(v.min() for v in values))} to"
            f" {_number(max(v.max() for v in values))} at the start, beyond the axis"
        )
        bottom, top = (max(bottom, 2 * late[0]), min(top, 2 * late[1]))
    pad = 0.08 * (top - bottom) or 1.0
    axes.set_ylim(bottom - pad if bottom < 0 else 0, top + pad)
    _compress(axes, bottom, top)
    return notes


def _draw_law(axes: Axes, curve: Curve, color: Any) -> None:
    """Draw limit + kappa / t^exponent, or kappa ln(t) / t, dotted and behind the records."""
    import numpy as np

    t = curve.step.astype(float)
    law = curve.limit + curve.kappa * (np.log(t) if curve.exponent == 1 else 1) / t**curve.exponent
    axes.plot(curve.step, law, color=color, linewidth=1.0, linestyle=":", zorder=1)


def _band(axes: Axes, step: NDArray[Any], values: NDArray[Any], color: Any) -> NDArray[Any]:
    """Shade the range and the quartiles over the seeds, if there are some; return the median."""
    import numpy as np

    if values.ndim == 1:
        return values
    least, low, median, high, largest = np.quantile(values, (0, 0.25, 0.5, 0.75, 1), axis=0)
    axes.fill_between(step, least, largest, color=color, alpha=0.15, linewidth=0)
    axes.fill_between(step, low, high, color=color, alpha=0.3, linewidth=0)
    return np.asarray(median)


def _draw_path(axes: Axes, step: NDArray[Any], values: NDArray[Any], color: Any) -> None:
    import numpy as np

    values = _band(axes, step, values, color)
    if step.size > MOST_DOTS:
        _draw_bars(axes, step, values, color)
        return
    size, alpha = (1.5, 0.5) if step.size > 500 else (4.0, 1.0)
    look: Any = {"color": color, "markeredgewidth": 0, "alpha": alpha}
    # ten thousand dots make a PDF slow to show
    axes.plot(step, values, "o", markersize=size, rasterized=step.size > 500, **look)
    joined = np.flatnonzero(np.diff(step) == 1)
    if joined.size:
        pairs = np.stack((joined, joined + 1), axis=1)
        gap = np.full((joined.size, 1), np.nan)  # ends a line
        ends = (np.concatenate((column[pairs], gap), axis=1).ravel() for column in (step, values))
        axes.plot(*ends, color=color, linewidth=0.9, alpha=0.8)


def _draw_bars(axes: Axes, step: NDArray[Any], values: NDArray[Any], color: Any) -> None:
    """Draw bars from the least to the largest value in each stretch of logarithmic time."""
    import numpy as np

    edges = np.geomspace(step[0], step[-1], STRETCHES, endpoint=False)
    first = np.unique(np.searchsorted(step, edges))
    low, high = np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)
    axes.vlines(step[first], low, high, color=color, linewidth=1.2)
    both = np.column_stack((low, high)).ravel()
    axes.plot(step[first].repeat(2), both, "o", color=color, markersize=1.0)


def frame(axes: Axes, first: int, last: int) -> None:
    """Lay out the axes of a panel for these steps."""
    axes.set_xscale("log")
    axes.set_xlim(first / 1.1, last * 1.1)
    axes.xaxis.minorticks_off()  # they take as long as everything else, and so does 10^k in TeX
    axes.xaxis.set_major_formatter(
        lambda step, _: "10" + str(round(math.log10(step))).translate(RAISED)
    )
    axes.set_xlabel("step", size=10, color=INK)
    axes.tick_params(labelsize=9, color=MUTED, labelcolor=INK)
    axes.locator_params(axis="y", nbins=6)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)


def _label(
    axes: Axes, title: str, label: str, values: Sequence[NDArray[Any]], colors: Sequence[Any]
) -> None:
    # a given height spares a search for one, a quarter of the time of all drawing
    axes.set_title(title, loc="left", y=1.0, size=11, color=INK)
    if len(values) == 1 and values[0].size and values[0].ndim == 1:
        last = f"last record {_number(values[0][-1])}"
        axes.set_title(last, loc="right", y=1.0, size=10, color=colors[0])
    axes.set_ylabel(label, size=10, color=INK)


def _compress(axes: Axes, bottom: float, top: float) -> None:
    """Make the axis of a run that has blown up logarithmic, but for [-1, 1]."""
    most = max(-bottom, top)
    if most > BLOW_UP:
        axes.set_ylim(10 * bottom, 10 * top)  # first: the margins of its own choice overflow
        axes.set_yscale("symlog", linthresh=1.0)
        powers = [10.0 ** round(math.log10(most) * k / 3) for k in (1, 2, 3)]
        axes.set_yticks([-p for p in powers if bottom < 0] + [0.0] + [p for p in powers if top > 0])
        axes.yaxis.minorticks_off()
        axes.tick_params(axis="y", labelsize=7)
    # the default would put a common power of ten where the title is
    axes.yaxis.set_major_formatter("{x:g}")


def _span(values: Sequence[NDArray[Any]]) -> tuple[float, float]:
    """Return the range of all values and zero."""
    ends = [(float(v.min(initial=0.0)), float(v.max(initial=0.0))) for v in values]
    return min((e[0] for e in ends), default=0.0), max((e[1] for e in ends), default=0.0)


def _number(value: float, form: str = "#.4g") -> str:
    return f"{value:{form}}".rstrip(".").replace("-", "\N{MINUS SIGN}")
