"""Zhang et al. (NeurIPS 2022): Adam converges for large beta2, on their unconstrained problem."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import xarray
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from amsgrad.problems.zhang import Zhang
from experiments.figures import maps
from experiments.figures.netcdf import variable
from experiments.figures.words import step_size, two_digits
from experiments.sweeps.in_memory import compute_sweep

PUBLISHED = Zhang.published[0].settings
SETTINGS = {  # a sweep, as its file would hold it
    "base": {
        "opt": "adam",
        "semantics": "torch",
        "eps": 1e-8,
        "problem": "zhang",
        "a": 1.0,
        "seed": 0,
        **{name: PUBLISHED[name] for name in ("lr", "schedule", "steps")},
        "first_t": 1,
        "x0": 0.0,
        "dtype": "float64",
    },
    "axes": {
        "period": PUBLISHED["period"],
        "order": PUBLISHED["order"],
        "beta1": maps.betas(3, 61),
        "beta2": maps.betas(4, 61),
    },
    "keep": ["x"],
}
INCHES = (7.2, 5.2)
START = 2.0  # |x_1 - x*|


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run every pair of betas for each n and order."""
    x = compute_sweep(settings).x
    distance = variable(x.dims, abs(x.values - Zhang.x_star), "|x - x*| after the last step")
    return xarray.Dataset({"distance": distance}, x.coords)


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return the share of betas that come nearer to x*, and from which beta2 on they do."""
    found: dict[str, Any] = {"runs per map": data.beta1.size * data.beta2.size}
    for n, order in product(data.period.values, data.order.values):
        distance = data.distance.sel(period=n, order=order)
        nearer = distance < START
        name = f"n = {n}, {order}"
        found[f"{name}: share that ends nearer to x* than it began"] = round(
            float(nearer.mean()), 3
        )
        for beta1 in (0.0, 0.9):
            away = data.beta2.values[~nearer.sel(beta1=beta1).values]
            found[f"{name}, beta1 = {beta1}: largest beta2 that does not"] = (
                round(float(away.max()), 4) if away.size else None
            )
        found[f"{name}: least |x - x*|"] = two_digits(distance.min())
    return found


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw a map for each n and order."""
    largest = float(np.log10(data.distance.max()))
    norm = TwoSlopeNorm(vcenter=np.log10(START), vmin=-2, vmax=largest)
    label = r"$\log_{10} |x - x^*|$ after the last step (dimensionless)"
    logarithm = np.log10(data.distance.clip(1e-2))
    for axes, (n, order) in maps.draw(figure, logarithm, label, norm=norm):
        maps.contour(axes, data.distance.sel(period=n, order=order), START)
        axes.set_title(f"n = {n}, {order} order", loc="left")


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
    """Return the settings, the choices that are ours, and what can be seen."""
    base = settings["base"]
    return (
        "The unconstrained problem of Zhang et al. (NeurIPS 2022; the experiment after the first"
        " author's thesis): n batches, piecewise quadratic, x* = -2; |x - x*| after"
        f" {base['steps']:,} steps, alpha_k = {step_size(base)} at step k,"
        f" {findings['runs per map']:,} runs per map. Our choices: a = {base['a']:g} (the value in"
        f" the thesis is not known here), x_1 = {base['x0']:g}, Adam with bias correction and eps"
        f" {base['eps']:g}, one seed of the random order (with n = 50 the chance of one seed"
        " outweighs the drift). Black: as far from x* as at the start, 2. Orange: Adam has gone the"
        " wrong way; the larger n, the larger beta2 must be. Purple: it has come nearer;"
        f" {base['steps']:,} such steps are too few to arrive unless beta1 is large."
    )
