"""ACProp (Zhuang et al., NeurIPS 2021): where Adam, AdaShift and ACProp converge."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import xarray
from matplotlib.figure import Figure

from amsgrad.engines.base import Setup
from amsgrad.problems import PROBLEMS
from amsgrad.rules import RULES
from amsgrad.schedules import inverse_sqrt
from experiments.figures.runs import run_many, variable

SETTINGS = {
    "problems": ["acprop1", "acprop2"],
    "rules": {  # and their options besides beta2
        "adam": {"beta1": 0.9, "eps": 1e-8, "semantics": "torch"},
        "adashift": {"beta1": 0.9, "eps": 1e-8, "window": 1},
        "acprop": {"beta1": 0.9, "eps": 1e-8},
    },
    "lr": 1.0,
    "first_t": 1,
    "x0": 0.5,
    "periods": list(range(4, 51, 2)),
    "decades": [0.0, 4.0, 41],  # of 1 - beta2: from, to, how many
    "steps": 200_000,
}
INCHES = (7.2, 4.6)
LABELS = {"adam": "Adam", "adashift": "AdaShift, n = 1", "acprop": "ACProp"}
NEAR = 0.1  # x + 1 at which a run counts as converged


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run every beta2 and period with each rule on both problems."""
    decades = np.linspace(*settings["decades"])
    last = np.array([settings["steps"]])
    ends = []
    cases = product(settings["problems"], settings["rules"].items(), settings["periods"])
    for name, (opt, options), period in cases:
        start = {key: settings[key] for key in ("first_t", "x0")}
        problem = PROBLEMS[name](period)
        setup = Setup(problem, settings["lr"], inverse_sqrt, dtype=np.float64, **start)
        rules = [RULES[opt](beta2=1 - 10.0**-d, **options) for d in decades]
        ends.append(run_many([setup] * len(rules), rules, last).x[0])
    shape = tuple(len(settings[key]) for key in ("problems", "rules", "periods"))
    return xarray.Dataset(
        {
            "x": variable(
                ("problem", "optimizer", "period", "decades"),
                np.reshape(ends, (*shape, decades.size)),
                "x_t at the last step",
            )
        },
        {
            "problem": settings["problems"],
            "optimizer": list(settings["rules"]),
            "period": variable("period", settings["periods"], "period P"),
            "decades": variable("decades", decades, "-log10(1 - beta2)"),
        },
    )


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """The share of the map in which each rule converges."""
    found: dict[str, Any] = {"runs a map": int(data.period.size * data.decades.size)}
    for problem, opt in product(data.problem.values, data.optimizer.values):
        near = data.x.sel(problem=problem, optimizer=opt) < NEAR - 1
        found[f"{problem}, {opt}: share that ends within {NEAR} of -1"] = round(
            float(near.mean()), 3
        )
    return found


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """A map for each rule and problem."""
    panels = figure.subplots(len(data.problem), len(data.optimizer), sharex=True, sharey=True)
    for axes, (problem, opt) in zip(
        panels.flat, product(data.problem.values, data.optimizer.values), strict=True
    ):
        x = data.x.sel(problem=problem, optimizer=opt)
        image = axes.pcolormesh(
            data.decades, data.period, x, cmap="PuOr_r", vmin=-1, vmax=1, rasterized=True
        )
        number = {"acprop1": "first", "acprop2": "second"}[problem]
        axes.set_title(f"{LABELS[opt]}, {number} problem", loc="left", fontsize=8.5)
        axes.set_xticks(range(5), ["0", "0.9", "0.99", "0.999", "0.9999"], fontsize=7)
    for axes in panels[-1]:
        axes.set_xlabel(r"$\beta_2$ (dimensionless)")
    for axes in panels[:, 0]:
        axes.set_ylabel("P (steps)")
    bar = figure.colorbar(image, ax=panels, shrink=0.8)
    bar.set_label("$x_t$ at the last step (dimensionless)")


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
    """The settings, what is ours, and what is to be seen."""
    return (
        "The two problems of ACProp (Zhuang et al., NeurIPS 2021) on [-1, 1]: first P x if t mod P"
        " = 1, else -x; second (P/2) x if t mod P = 1, -x if t mod P = P - 2, else 0. x* = -1. All"
        " of it is stated from memory (unverified), the rule of ACProp too. Ours: alpha_t ="
        f" {settings['lr']:g} / sqrt(t), beta1 = 0.9, eps 1e-8, x_1 = {settings['x0']:g},"
        f" {settings['steps']:,} steps, {findings['runs a map']:,} runs a map, AdaShift with a"
        " window of 1. Purple: x near -1."
    )
