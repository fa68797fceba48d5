"""Figure 1 of Shi, Li, Hong and Sun (ICLR 2021): for which C and beta2 RMSprop converges.

The settings are those of the released MATLAB code, reddiexample.m, in the version that our notes
are of. That file exists in another version (commit 4fef75c: 20,000 steps, beta2 = 1 - 10^(-i/24),
C from 1, the last half, and +C where t mod C = 0, too). We do not know which of the two drew the
paper's figure.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.config.run_config import Config
from amsgrad.engines.base import State
from amsgrad.engines.driver import run_to
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.regret import EMPTY
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import compiled, on_grid
from experiments.figures.words import Caption, step_size

RELEASED = Theorem2.published[0].settings
SETTINGS = {
    "base": {
        "opt": "rmsprop",
        "problem": "theorem2",
        **{name: RELEASED[name] for name in ("eps", "lr", "schedule", "steps")},
        "first_t": 1,
        "dtype": "float64",
    },
    "powers": [i / 10 for i in range(1, 41)],  # -log10(1 - beta2)
    "periods": RELEASED["period"],  # C
    "x0": 100.0,  # outside F: the first step clips it
    "v0_over_period": 100.0,
    "threshold": -2.0,
}

# A run that fails has an x that saw-tooths within a few thousandths of +1; below this it has left.
NEAR_1 = 0.9


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run every cell of the map, and average log10|x_t - x*| over its last quarter."""
    base, powers, periods = settings["base"], settings["powers"], settings["periods"]
    last_quarter = np.arange(base["steps"] * 3 // 4 + 1, base["steps"] + 1)

    def average(power: float, period: int) -> tuple[float, float, float, float]:
        config = Config(**base, period=period, beta2=1 - 10**-power)
        memory = config.make_rule().memory(np.float64(settings["v0_over_period"] * period))
        start = State(0, np.float64(settings["x0"]), memory, EMPTY, EMPTY)
        engine = compiled(config, start)
        end, records = run_to(engine, config.steps, last_quarter, start)
        with np.errstate(divide="ignore"):
            log = np.log10(np.abs(records.x - engine.setup.problem.x_star))
        off = np.isfinite(log)
        return float(log.mean()), float(log[off].mean()), 1 - float(off.mean()), float(end.x)

    mean, mean_off, at, last = np.moveaxis(on_grid(average, powers, periods), -1, 0)
    dims, quarter = ("power", "period"), "over the last quarter of the steps"
    return xarray.Dataset(
        {
            "mean_log": variable(dims, mean, f"mean of log10|x_t - x*| {quarter}, -inf if some "
                                 "x_t = x*"),
            "mean_log_off": variable(dims, mean_off, "the same over the steps with x_t != x*"),
            "share_at": variable(dims, at, f"share of steps with x_t = x* {quarter}"),
            "x_last": variable(dims, last, "x after the last step"),
            "converged": variable(dims, (mean < settings["threshold"]).astype(np.int8),
                                  "whether mean_log is below the threshold"),
            "threshold": variable((), settings["threshold"], "threshold of mean_log"),
        },
        {
            "power": variable("power", powers, "-log10(1 - beta2)"),
            "beta2": variable("power", [1 - 10**-p for p in powers], "beta2"),
            "period": variable("period", periods, "C: the period, and the rare slope"),
        },
    )  # fmt: skip


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return how many cells converge, and where the boundary lies, if it is one."""
    converged = data.converged.values == 1
    changes = np.diff(data.converged.values, axis=0)
    least = _least(data)
    found: dict[str, Any] = {
        "cells": converged.size,
        "cells converged": int(converged.sum()),
        "of them with some x_t = -1, hence mean -inf": int(np.isinf(data.mean_log.values).sum()),
        "cells judged otherwise without the steps at -1": int(
            (converged != (data.mean_log_off.values < float(data.threshold))).sum()
        ),
        "mean over the other steps, converged: least, largest": _range(data, converged),
        "mean over the other steps, not converged: least, largest": _range(data, ~converged),
        "cells not converged that end below +0.9, on their way": int(
            (data.x_last.values[~converged] < NEAR_1).sum()
        ),
        "values of C": data.period.size,
        "values of C where raising beta2 never undoes convergence": int(
            (changes >= 0).all(axis=0).sum()
        ),
        "the boundary rises with C": bool((np.diff(least) >= 0).all()),
    }
    for period, index in zip(data.period.values, least, strict=True):
        if period in (3, 5, 10, 20, 32) and 0 < index < data.power.size:
            found[f"C = {period}: largest beta2 that fails, least that converges"] = [
                round(float(b), 5) for b in data.beta2.values[index - 1 : index + 1]
            ]
    return found


def _least(data: xarray.Dataset) -> NDArray[np.int64]:
    """Return for each C the index of the least beta2 from which on all converge."""
    at_the_top = data.converged.values[::-1].cumprod(axis=0).sum(axis=0)
    return np.asarray(data.power.size - at_the_top)


def _range(data: xarray.Dataset, cells: NDArray[np.bool_]) -> list[float]:
    chosen = data.mean_log_off.values[cells]
    return [round(float(v), 3) for v in (chosen.min(), chosen.max())]


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw the map, with the boundary of the cells that count as converged on top."""
    (axes,) = layout.panels(figure, 1, 1, 3, 3.7)
    right, above = _edges(data.power.values), _edges(data.period.values)
    mesh = axes.pcolormesh(right, above, data.mean_log_off.T, cmap="cividis", linewidth=0.3,
                           edgecolor=(1, 1, 1, 0.25), rasterized=True)  # fmt: skip
    for color, width in (("white", 3.4), (style.BLACK, 1.8)):
        axes.add_collection(LineCollection(_sides(data), colors=color, linewidths=width))
    axes.set_xlabel(r"$-\log_{10}(1 - \beta_2)$")
    axes.set_ylabel("$C$")
    for spine in axes.spines.values():
        spine.set_visible(False)
    top = axes.secondary_xaxis("top")
    top.spines["top"].set_visible(False)
    betas = [b for b in (0.5, 0.9, 0.99, 0.999, 0.9999) if b <= float(data.beta2[-1]) + 1e-9]
    top.set_xticks([float(-np.log10(1 - b)) for b in betas], [f"{b:g}" for b in betas])
    top.set_xlabel(r"$\beta_2$")
    place: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "size": 9.5}
    axes.text(0.17, 0.72, "fails:\n$x_t$ goes to $+1$", color=style.BLACK, **place)
    axes.text(0.73, 0.4, "converges:\n$x_t$ goes to $-1$", color="white", **place)
    label = r"mean of $\log_{10}|x_t + 1|$ over the last quarter," "\nsteps at $x_t = -1$ left out"
    bar = layout.color_bar(figure, mesh, axes, label)
    bar.outline.set_visible(False)
    mark = bar.ax.axhline if bar.orientation == "vertical" else bar.ax.axvline
    for color, width in (("white", 3.4), (style.BLACK, 1.8)):
        mark(float(data.threshold), color=color, linewidth=width)


def _edges(centres: NDArray[Any]) -> NDArray[np.float64]:
    half = (centres[1] - centres[0]) / 2
    return np.append(centres - half, centres[-1] + half)


def _sides(data: xarray.Dataset) -> list[list[tuple[float, float]]]:
    """Return the sides between a cell that converged and one that did not."""
    right, above = _edges(data.power.values), _edges(data.period.values)
    upright = np.argwhere(np.diff(data.converged.values, axis=0))
    level = np.argwhere(np.diff(data.converged.values, axis=1))
    return [[(right[i + 1], above[j]), (right[i + 1], above[j + 1])] for i, j in upright] + [
        [(right[i], above[j + 1]), (right[i + 1], above[j + 1])] for i, j in level
    ]


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the rule, the criterion, and what can be seen."""
    base, f = settings["base"], findings
    return Caption(
        "Figure 1 of Shi, Li, Hong and Sun (ICLR 2021), run again: RMSprop on $f_t(x) = C x$ if $t$"
        rf" mod $C = 1$, else $-x$, on $[-1, 1]$; {step_size(base)}, {base['steps']:,} steps. A"
        r" cell converges if its mean of $\log_{10}|x_t + 1|$ over the last quarter is below"
        f" ${settings['threshold']:g}$; black: the boundary of these cells.",
        r"For each $C$ RMSprop converges above some $\beta_2$, which rises with $C$. Other shades"
        " above the line: cells on their way.",
        rf"RMSprop has $\beta_1 = 0$, no bias correction and no eps; $x_1 = {settings['x0']:g}$,"
        f" clipped by the first step; $v_0 = {settings['v0_over_period']:g} C$; double precision."
        " All this is from the released MATLAB code (unverified: that its version is the one of the"
        " paper's figure). Where some $x_t$ is exactly $-1$, the mean is minus infinity and the"
        f" cell counts as converged, as in MATLAB. This happens in"
        f" {f['of them with some x_t = -1, hence mean -inf']} of the {f['cells converged']} cells"
        " that converge. Without those steps, as the colours show it,"
        f" {f['cells judged otherwise without the steps at -1']} of {f['cells']} cells would be"
        f" judged otherwise. {f['cells not converged that end below +0.9, on their way']} cells"
        " above the line are on their way from $+1$ to $-1$ at the last step: with more steps the"
        " line would lie a little higher.",
    )
