"""Where Adam and AMSGrad go on Figure 1's problem, over (beta1, beta2): runs beside the theory."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amsgrad.engines.base import Setup
from amsgrad.problems.online import Online
from amsgrad.rules import RULES
from amsgrad.schedules import SCHEDULES
from amsgrad.theory.drift import drift
from amsgrad.theory.periodic import slopes
from experiments.figures import style
from experiments.figures.runs import run_many, variable

SETTINGS = {
    "opts": ["adam", "amsgrad"],
    "schedules": {"inverse_sqrt": 5.0, "constant": 0.01},  # and their lr
    "semantics": "paper",
    "eps": 0.0,
    "first_t": 1,
    "x0": 0.0,
    "decades": [0.0, 4.0, 81],  # of 1 - beta1 and 1 - beta2: from, to, how many
    "steps": 1_000_000,
}
INCHES = (7.2, 5.0)
SETTLED = 0.9  # |x| beyond which a run has come to an end of F


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run every pair of betas with each optimizer and schedule; compute the drift beside them."""
    decades = np.linspace(*settings["decades"])
    betas = [1 - 10.0**-d for d in decades]
    pairs = list(product(betas, betas))
    last = np.array([settings["steps"]])
    ends = []
    for opt, (schedule, lr) in product(settings["opts"], settings["schedules"].items()):
        start = {name: settings[name] for name in ("first_t", "x0")}
        setup = Setup(Online(), lr, SCHEDULES[schedule], dtype=np.float64, **start)
        fixed = {name: settings[name] for name in ("eps", "semantics")}
        rules = [RULES[opt](beta1=beta1, beta2=beta2, **fixed) for beta1, beta2 in pairs]
        ends.append(run_many([setup] * len(pairs), rules, last).x[0])
    shape = (len(settings["opts"]), len(settings["schedules"]), len(betas), len(betas))
    dims = ("optimizer", "schedule", "decades1", "decades2")
    said = drift(slopes(Online()), np.array(betas), np.array(betas)).goes_to
    return xarray.Dataset(
        {
            "x": variable(dims, np.reshape(ends, shape), "x_t at the last step"),
            "drift_goes_to": variable(dims[2:], said.astype(float), "end where Adam's drift goes"),
        },
        {
            "optimizer": settings["opts"],
            "schedule": list(settings["schedules"]),
            "decades1": variable("decades1", decades, "-log10(1 - beta1)"),
            "decades2": variable("decades2", decades, "-log10(1 - beta2)"),
        },
    )


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """How many runs went where, and how many where the drift says."""
    found: dict[str, Any] = {"runs a map": int(data.drift_goes_to.size)}
    for opt, schedule in product(data.optimizer.values, data.schedule.values):
        x = data.x.sel(optimizer=opt, schedule=schedule)
        arrived = abs(x) > SETTLED
        said = data.drift_goes_to if opt == "adam" else -xarray.ones_like(x)
        name = f"{opt}, {schedule}"
        found[f"{name}: beyond +{SETTLED}, beyond -{SETTLED}, between"] = [
            int((x > SETTLED).sum()), int((x < -SETTLED).sum()), int((~arrived).sum())
        ]  # fmt: skip
        wrong = int((arrived & (np.sign(x) != said)).sum())
        found[f"{name}: at an end, but not where the drift says"] = wrong
    return found


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """A map of the last x for each optimizer and schedule, and Adam's boundary on top."""
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    titles = {"inverse_sqrt": r"$\alpha / \sqrt{t}$", "constant": r"constant $\alpha$"}
    for axes, (opt, schedule) in zip(
        panels.flat, product(data.optimizer.values, data.schedule.values), strict=True
    ):
        x = data.x.sel(optimizer=opt, schedule=schedule)
        image = axes.pcolormesh(
            data.decades1, data.decades2, x.T, cmap="PuOr_r", vmin=-1, vmax=1, rasterized=True
        )
        axes.set_title(f"{style.LABELS[opt]}, {titles[schedule]}", loc="left")
        if opt == "adam":
            axes.contour(data.decades1, data.decades2, data.drift_goes_to.T, levels=[0],
                         colors=style.BLACK, linewidths=1.4)  # fmt: skip
        _ticks(axes)
    for axes in panels[-1]:
        axes.set_xlabel(r"$\beta_1$ (dimensionless), as $-\log_{10}(1 - \beta_1)$")
    for axes in panels[:, 0]:
        axes.set_ylabel(r"$\beta_2$ (dimensionless)")
    bar = figure.colorbar(image, ax=panels, shrink=0.7)
    bar.set_label("$x_t$ at the last step (dimensionless); the optimum is $-1$")


def _ticks(axes: Axes) -> None:
    labels = ["0", "0.9", "0.99", "0.999", "0.9999"]
    axes.set_xticks(range(5), labels)
    axes.set_yticks(range(5), labels)


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
    """The settings and what is to be seen."""
    count = findings["runs a map"]
    decaying = findings["adam, inverse_sqrt: at an end, but not where the drift says"]
    lrs = settings["schedules"]
    return (
        "Figure 1's problem of Reddi, Kale and Kumar (ICLR 2018) over all betas: x after"
        f" {settings['steps']:,} steps, {count:,} runs a map, no bias correction, no eps, x_1 ="
        f" {settings['x0']:g}, double precision; alpha = {lrs['inverse_sqrt']:g} where it decays,"
        f" {lrs['constant']:g} where it is constant. Black: the boundary beta2* at which the sign"
        " of the drift of a period changes, computed without a run. Of Adam's runs with a decaying"
        f" step that have come to an end of F, {decaying} are at another than the drift says."
        " AMSGrad goes to -1 for all betas."
    )
