"""Theorem 1 of Reddi, Kale and Kumar (ICLR 2018): Adam's regret grows by 2C - 4 in three steps."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.config.run_config import Config
from amsgrad.engines.driver import run_to
from amsgrad.problems.theorem1 import Theorem1
from amsgrad.schedules import record_steps
from amsgrad.theory.instances import theorem1_beta2
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import compiled, on_grid
from experiments.figures.words import Caption, step_size

SETTINGS = {
    "optimizers": ["adam", "amsgrad"],
    "base": {
        "problem": "theorem1",
        **Theorem1.published[0].settings,
        "semantics": "paper",
        "eps": 0.0,
        "lr": 0.5,
        "first_t": 1,
        "dtype": "float64",
        "steps": 300_000,
    },
    "C": [2.5, 3.0, 4.0, 6.0],
    "points": 200,
    "first_steps": 24,
}


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run both optimizers for every C, and look at every step."""
    steps = settings["base"]["steps"]

    def path(opt: str, big: float) -> NDArray[np.float64]:
        config = Config(**settings["base"], opt=opt, big=big, beta2=theorem1_beta2(big))
        _, records = run_to(compiled(config), steps, record_steps(steps, 1))
        return np.array([records.x, records.regret, records.average_regret])

    x, regret, average = np.moveaxis(on_grid(path, settings["optimizers"], settings["C"]), 2, 0)
    cycles = regret[..., : steps // 3 * 3].reshape(*regret.shape[:2], -1, 3).sum(axis=-1)
    at = np.unique(np.geomspace(3, steps, settings["points"]).astype(np.int64) // 3 * 3)
    first = np.arange(1, settings["first_steps"] + 1)
    dims = ("optimizer", "C")
    return xarray.Dataset(
        {
            "x": variable((*dims, "first_step"), x[..., first - 1], "iterate x_t"),
            "per_cycle": variable(
                (*dims, "step"), 3 * average[..., at - 1], "mean regret of three steps, 3 R_t / t"
            ),
            "least": variable(dims, cycles.min(axis=-1), "least regret of three steps"),
            "returns": variable(
                dims, (x[..., ::3] == 1).mean(axis=-1), "share of the t = 3k + 1 with x_t = 1"
            ),
            "bound": variable("C", 2 * np.array(settings["C"]) - 4, "the theorem's 2C - 4"),
        },
        {
            "optimizer": settings["optimizers"],
            "C": variable("C", settings["C"], "the big slope"),
            "first_step": variable("first_step", first, "number of the step", "steps"),
            "step": variable("step", at, "number of the step", "steps"),
        },
    )


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return how often Adam is back at +1, and the least regret of three steps beside the bound."""
    found: dict[str, Any] = {}
    for big in data.C.values:
        for opt in data.optimizer.values:
            one = data.sel(C=big, optimizer=opt)
            found[f"{opt}, C = {big:g}: share of x_(3k+1) = 1, least regret of 3 steps, bound"] = [
                float(one.returns),
                round(float(one.least), 4),
                float(one.bound),
            ]
        last = data.per_cycle.sel(C=big).isel(step=-1)
        found[f"C = {big:g}: mean regret of 3 steps at the end, adam and amsgrad"] = [
            round(float(last.sel(optimizer=opt)), 4) for opt in data.optimizer.values
        ]
    return found


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw the first steps for one C, and the regret of three steps for all."""
    left, right = layout.panels(figure, 2, 2, 2.5, 2.6, width_ratios=(1, 1.25))
    shown = float(data.C[:2][-1])
    for opt in data.optimizer.values:
        path = data.x.sel(C=shown, optimizer=opt)
        left.plot(data.first_step, path, "o-", color=style.COLORS[opt], markersize=2.6,
                  linewidth=0.9, label=style.LABELS[opt])  # fmt: skip
    for t in data.first_step.values[::3]:
        left.axvline(t, color=style.GREY, linewidth=0.4, zorder=0)
    style.feasible(left)
    left.set_xlabel("$t$ (steps)")
    left.set_title(f"The first steps, $C = {shown:g}$", loc="left")
    for i, big in enumerate(data.C.values):
        shade = 1 - 0.2 * i
        for opt in data.optimizer.values:
            label = style.LABELS[opt] if i == 0 else None
            values = data.per_cycle.sel(C=big, optimizer=opt)
            right.plot(data.step, values, color=style.COLORS[opt], alpha=shade, label=label)
        bound = float(data.bound.sel(C=big))
        label = "the theorem's bound $2C - 4$" if i == 0 else None
        right.plot(
            data.step[[0, -1]], [bound, bound], color=style.BLACK, linewidth=0.8,
            linestyle=(0, (4, 3)), label=label,
        )  # fmt: skip
        right.annotate(f"$C = {big:g}$", (float(data.step[-1]), bound), (3, 0), size=7.5,
                       textcoords="offset points", va="center", annotation_clip=False)  # fmt: skip
    right.set_xscale("log")
    right.set_xlabel("$t$ (steps)")
    right.set_ylabel("$3 R_t / t$")
    right.set_title("Mean regret of three steps", loc="left")
    layout.legend(figure, right)


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the problem, and what Adam pays."""
    base = settings["base"]
    return Caption(
        "Theorem 1 of Reddi, Kale and Kumar (ICLR 2018): $f_t(x) = C x$ if $t$ mod $3 = 1$, else"
        r" $-x$, on $[-1, 1]$; $\beta_1 = 0$, $\beta_2 = 1/(1 + C^2)$,"
        f" {step_size(base)}. Vertical lines: the steps of the big slope.",
        "Before each of them Adam is back at $+1$, the worst point, and it pays at least $2C - 4$"
        " in every three steps. AMSGrad finds $x^* = -1$.",
        f"$x_1 = {base['x0']:g}$, no bias correction, no eps, {base['steps']:,} steps. Adam is"
        " clipped at $+1$, so that $x_{3k+1} = 1$ to the bit. The step size is ours; the theorem"
        r" asks for $\alpha < \sqrt{1 - \beta_2}$.",
    )
