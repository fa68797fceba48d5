"""The picture of runs: x_t and the average regret R_t / t over logarithmic time.

Adam's rise on the seed problem is over by step 5,000 of 10,000,000: only the logarithm shows it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from textwrap import fill
from typing import TYPE_CHECKING, Any

from amsgrad.config.run_config import RUN, names
from amsgrad.options import ConfigError, Role
from amsgrad.panels import (
    INK,
    MOST_DOTS,
    MUTED,
    STRETCHES,
    Curve,
    draw_average_regret,
    draw_iterate,
    frame,
)
from amsgrad.rules import title_of

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind readers tell apart; green is the optimum's
COLORS = ("#0072B2", "#D55E00", "#E69F00", "#CC79A7", "#56B4E9", "#222222")
WIDTH, HEIGHT, DPI = 10.0, 4.5, 150  # inches, inches, pixels an inch
LINE, FOOT_LINE = 136, 164  # characters
HUGE = 1e300  # the margins of an axis overflow beyond


def plot(dataset: xarray.Dataset) -> Figure:
    """Return a matplotlib figure with x_t and R_t / t of every run in a data set.

    There is a curve for each combination of the values along the dimensions of `x`. Along a
    dimension `seed` the median is drawn, and the quartiles and the range are shaded.

    Args:
        dataset: `x` and `average_regret` along `step` and any other dimensions; along the others
            alone `limit` of R_t / t, NaN where it is not known; the attributes lower, upper and
            x_star, where F has ends and one point is best, and settings. Both what `amsgrad.run`
            returns and the trace of a run are such data sets.
    """
    if not {"x", "average_regret", "step"} <= set(getattr(dataset, "variables", ())):
        raise ConfigError("plot takes a data set with x and average_regret, as amsgrad.run gives")
    given = dataset.attrs
    along = [str(name) for name in dataset.x.dims if name not in ("step", "seed")]
    curves = []
    for values in product(*(dataset[name].values.tolist() for name in along)):
        one = dataset.sel(dict(zip(along, values, strict=True))).transpose(..., "step")
        label = ", ".join(map(_named, along, values))
        limit = float(one.limit) if "limit" in one and one.limit.ndim == 0 else math.nan
        x, regret = one.x.values, one.average_regret.values
        curves.append(Curve(label, one.step.values, x, regret, limit))
    who = f"{title_of(given['opt'])} on the" if "opt" in given else "The"
    settings = (_named(n, given[n]) for n in names() if n in given and _tells(n, given[n]))
    return draw(
        curves,
        title=f"{who} {given.get('problem', 'synthetic')} regret problem",
        subtitle=", ".join(settings),
        lower=given.get("lower", -math.inf),
        upper=given.get("upper", math.inf),
        x_star=given.get("x_star", math.nan),
    )


def draw(
    curves: Sequence[Curve],
    *,
    title: str,
    subtitle: str,
    lower: float,
    upper: float,
    x_star: float,
) -> Figure:
    """Return a figure with x_t and R_t / t of these runs, side by side.

    Records are drawn as dots, joined only where every step is recorded: values move more inside a
    period than between two recorded steps. More than `MOST_DOTS` records are drawn as bars from the
    least to the largest in each of `STRETCHES` stretches of time, so that no extreme is lost.

    Args:
        curves: at least one; values that are not finite are left out, and marked.
        title: what the runs are.
        subtitle: what they have in common.
        lower, upper: the edges of the feasible set; infinite where it has none.
        x_star: the optimum; NaN where no single point is best.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = max(1, LINE // (8 + max(len(curve.label) for curve in curves)))
    rows = -(-len(curves) // columns) if len(curves) > 1 else 0
    height = HEIGHT + 0.22 * rows
    # margins by hand: a layout engine would draw everything twice
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(0.02, 1 - 0.28 / height, title, size=14, weight="bold", color=INK, va="center")
    words = fill(subtitle, LINE, max_lines=2, break_on_hyphens=False)
    figure.text(0.02, 1 - 0.45 / height, words, size=9.5, color=MUTED, va="top", linespacing=1.4)
    left, right = (
        figure.add_axes((edge, 0.84 / height, 0.395, 2.4 / height)) for edge in (0.085, 0.59)
    )
    colors = _colors(len(curves))
    finite, notes = [], ["dots are recorded steps, joined where every step is recorded"]
    for curve, color in zip(curves, colors, strict=True):
        kept, bad = _finite(curve)
        finite.append(kept)
        if bad is not None:
            for axes in (left, right):
                axes.axvline(bad, color=color, linewidth=1.2, linestyle=":")
            notes.append(f"dotted line: first record that is not finite, step {bad:,.0f}")
    for axes in (left, right):
        frame(axes, min(c.step[0] for c in curves), max(c.step[-1] for c in curves))
    draw_iterate(left, finite, colors, lower, upper, x_star)
    notes += draw_average_regret(right, finite, colors)
    if any(curve.step.size > MOST_DOTS for curve in curves):
        notes.append(f"bars: least to largest recorded value in {STRETCHES} stretches of time")
    if any(math.isfinite(curve.kappa) for curve in curves):
        notes.append("dotted: the law of Rₜ/t up to terms of 1/t")
    if len(curves) > 1 and any(math.isfinite(curve.limit) for curve in curves):
        notes.append("dashed: the limit of Rₜ/t")
    if any(curve.x.ndim > 1 for curve in curves):
        notes.append("of the seeds: median, and shaded quartiles and range")
    foot = fill(";  ".join(notes) + ".", FOOT_LINE)
    figure.text(0.02, 0.17 / height, foot, size=8, color=MUTED, va="center")
    if rows:
        figure.legend(
            handles=[right.plot([], [], color=color, linewidth=3)[0] for color in colors],
            labels=[curve.label for curve in curves],
            loc="lower left", bbox_to_anchor=(0.015, 3.6 / height), ncols=columns,
            frameon=False, fontsize=9.5, borderpad=0, handlelength=1.2, columnspacing=1.5,
        )  # fmt: skip
    return figure


def _tells(name: str, value: Any) -> bool:
    """Return whether a setting, but for those of the title, decides the numbers and is chosen."""
    if name not in RUN:
        return True
    decides = RUN[name].role in (Role.NUMBERS, Role.LENGTH)
    chosen = name == "lr" or value != RUN[name].default
    return decides and chosen and name not in ("opt", "problem")


def _named(name: str, value: Any) -> str:
    if name == "opt":
        return title_of(value)
    return f"{name} = {f'{value:g}' if isinstance(value, float) else value}"


def _colors(number: int) -> list[Any]:
    """Return so many colours: Okabe and Ito's, or where they are too few an ordered scale."""
    if number <= len(COLORS):
        return list(COLORS[:number])
    import matplotlib
    import numpy as np

    return list(matplotlib.colormaps["viridis"](np.linspace(0, 0.95, number)))


def _finite(curve: Curve) -> tuple[Curve, int | None]:
    """Return the records that are finite and can be shown, and the first step that is not."""
    import numpy as np

    both = np.isfinite(curve.x) & np.isfinite(curve.average_regret)
    good = both.reshape(-1, curve.step.size).all(axis=0)
    chosen = slice(None) if good.all() else good  # millions of records are not copied in vain
    x, regret = (np.clip(v[..., chosen], -HUGE, HUGE) for v in (curve.x, curve.average_regret))
    bad = None if good.all() else int(curve.step[np.argmin(good)])
    return curve._replace(step=curve.step[chosen], x=x, average_regret=regret), bad
