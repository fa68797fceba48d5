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
from experiments.figures.words import Caption, step_size, two_digits
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
    label = r"$\log_{10} |x - x^{*}|$ after the last step"
    logarithm = np.log10(data.distance.clip(1e-2))
    for axes, (n, order) in maps.draw(figure, logarithm, label, norm=norm):
        maps.contour(axes, data.distance.sel(period=n, order=order), START)
        axes.set_title(f"$n = {n}$, {order} order", loc="left")


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the settings, and what can be seen."""
    base = settings["base"]
    return Caption(
        "The unconstrained problem of Zhang et al. (NeurIPS 2022): $n$ batches, piecewise"
        f" quadratic, $x^* = {Zhang.x_star:g}$; $|x - x^*|$ after {base['steps']:,} steps of Adam,"
        f" {step_size(base)}, {findings['runs per map']:,} runs per map. Black: as far from $x^*$"
        f" as at the start, {START:g}.",
        r"Orange: Adam has gone the wrong way; the larger $n$, the larger $\beta_2$ must be."
        r" Purple: it has come nearer; so few steps are enough to arrive only where $\beta_1$ is"
        " large.",
        "The experiment is that of the first author's thesis. Our choices: $a ="
        f" {base['a']:g}$ (the value in the thesis is not known here), $x_1 = {base['x0']:g}$, Adam"
        f" with bias correction and eps {base['eps']:g}, one seed of the random order (with $n ="
        " 50$ the chance of one seed outweighs the drift).",
    )
