"""Zhang et al. (NeurIPS 2022): Adam converges for large beta2, on their unconstrained problem."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import xarray
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from amsgrad.engines.base import Setup
from amsgrad.problems.zhang import Zhang
from amsgrad.rules import RULES
from amsgrad.schedules import inverse_sqrt
from experiments.figures import style
from experiments.figures.runs import run_many, variable

SETTINGS = {
    "opt": "adam",
    "semantics": "torch",
    "eps": 1e-8,
    "periods": [10, 50],
    "orders": ["cyclic", "random"],
    "a": 1.0,
    "seed": 0,
    "lr": 0.1,
    "first_t": 1,
    "x0": 0.0,
    "decades1": [0.0, 3.0, 61],  # of 1 - beta1: from, to, how many
    "decades2": [0.0, 4.0, 61],
    "steps": 50_000,
}
INCHES = (7.2, 5.2)
START = 2.0  # |x_1 - x*|


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run every pair of betas for each n and order."""
    axes = np.linspace(*settings["decades1"]), np.linspace(*settings["decades2"])
    pairs = [(1 - 10.0**-d1, 1 - 10.0**-d2) for d1, d2 in product(*axes)]
    distances = []
    for period, order in product(settings["periods"], settings["orders"]):
        problem = Zhang(period, settings["a"], order, settings["seed"])
        start = {name: settings[name] for name in ("first_t", "x0")}
        setup = Setup(problem, settings["lr"], inverse_sqrt, dtype=np.float64, **start)
        fixed = {name: settings[name] for name in ("eps", "semantics")}
        rules = [RULES[settings["opt"]](beta1=b1, beta2=b2, **fixed) for b1, b2 in pairs]
        last = run_many([setup] * len(pairs), rules, np.array([settings["steps"]])).x[0]
        distances.append(np.abs(last - problem.x_star))
    shape = (len(settings["periods"]), len(settings["orders"]), axes[0].size, axes[1].size)
    return xarray.Dataset(
        {
            "distance": variable(
                ("n", "order", "decades1", "decades2"),
                np.reshape(distances, shape),
                "|x - x*| at the last step",
            )
        },
        {
            "n": variable("n", settings["periods"], "number of batches"),
            "order": settings["orders"],
            "decades1": variable("decades1", axes[0], "-log10(1 - beta1)"),
            "decades2": variable("decades2", axes[1], "-log10(1 - beta2)"),
        },
    )


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """The share of betas that come nearer to x*, and from which beta2 on they do."""
    found: dict[str, Any] = {"runs a map": int(data.decades1.size * data.decades2.size)}
    for n, order in product(data.n.values, data.order.values):
        nearer = data.distance.sel(n=n, order=order) < START
        name = f"n = {n}, {order}"
        found[f"{name}: share that ends nearer to x* than it began"] = round(
            float(nearer.mean()), 3
        )
        for decade in (0.0, 1.0):
            row = nearer.sel(decades1=decade)
            away = row.decades2.values[~row.values]
            found[f"{name}, beta1 = {1 - 10.0**-decade:.1f}: largest beta2 that does not"] = (
                round(1 - 10.0 ** -float(away.max()), 4) if away.size else None
            )
        found[f"{name}: least |x - x*|"] = float(
            f"{float(data.distance.sel(n=n, order=order).min()):.1e}"
        )
    return found


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """A map for each n and order."""
    panels = figure.subplots(len(data.n), len(data.order), sharex=True, sharey=True)
    norm = TwoSlopeNorm(vcenter=np.log10(START), vmin=-2, vmax=np.log10(float(data.distance.max())))
    for axes, (n, order) in zip(
        panels.flat, product(data.n.values, data.order.values), strict=True
    ):
        distance = data.distance.sel(n=n, order=order)
        image = axes.pcolormesh(
            data.decades1, data.decades2, np.log10(distance.T.clip(1e-2)), norm=norm,
            cmap="PuOr_r", rasterized=True,
        )  # fmt: skip
        axes.contour(data.decades1, data.decades2, distance.T, levels=[START], colors=style.BLACK,
                     linewidths=1.2)  # fmt: skip
        axes.set_title(f"n = {n}, {order} order", loc="left")
        axes.set_xticks(range(4), ["0", "0.9", "0.99", "0.999"])
        axes.set_yticks(range(5), ["0", "0.9", "0.99", "0.999", "0.9999"])
    for axes in panels[-1]:
        axes.set_xlabel(r"$\beta_1$ (dimensionless)")
    for axes in panels[:, 0]:
        axes.set_ylabel(r"$\beta_2$ (dimensionless)")
    bar = figure.colorbar(image, ax=panels, shrink=0.8)
    bar.set_label(r"$\log_{10} |x - x^*|$ at the last step (dimensionless)")


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
    """The settings, what is ours, and what is to be seen."""
    return (
        "The unconstrained problem of Zhang et al. (NeurIPS 2022; the experiment after the first"
        " author's thesis): n batches, piecewise quadratic, x* = -2; |x - x*| after"
        f" {settings['steps']:,} iterations, alpha_t = {settings['lr']:g} / sqrt(t),"
        f" {findings['runs a map']:,} runs a map. Ours: a = {settings['a']:g} (the thesis's is not"
        f" known here), x_1 = {settings['x0']:g}, Adam with bias correction and eps"
        f" {settings['eps']:g}, one seed of the random order (with n = 50 its chance outweighs the"
        " drift). Black: as far from x* as at the start, 2. Orange: Adam has gone the wrong way;"
        " the larger n, the larger beta2 must be. Purple: it has come nearer; 50,000 such steps are"
        " too few to arrive unless beta1 is large."
    )
