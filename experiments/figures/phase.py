"""Figure 1's problem over all betas: runs of Adam and AMSGrad beside the theory."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import xarray
from matplotlib.figure import Figure

from amsgrad.problems.online import Online
from amsgrad.theory.drift import drift
from amsgrad.theory.periodic import slopes
from experiments.figures import maps, style
from experiments.figures.netcdf import variable
from experiments.figures.words import step_size
from experiments.sweeps.in_memory import compute_sweep


def _sweep(schedule: str, lr: float) -> dict[str, Any]:
    """Return a sweep, as its file would hold it."""
    start = {"problem": "online", "first_t": 1, "x0": 0.0, "dtype": "float64"}
    rule = {"semantics": "paper", "eps": 0.0, "lr": lr, "schedule": schedule}
    return {
        "base": {**start, **rule, "certify": "no", "steps": 1_000_000},
        "axes": {
            "opt": ["adam", "amsgrad"],
            "beta1": maps.betas(4, 81),
            "beta2": maps.betas(4, 81),
        },
        "keep": ["x"],
    }


SETTINGS = {
    "inverse_sqrt": _sweep("inverse_sqrt", 5.0),
    "constant": _sweep("constant", 0.01),
}
INCHES = (7.2, 5.0)
ARRIVED = 0.9  # |x| beyond which a run has come to an end of F
TITLES = {"inverse_sqrt": r"$\alpha / \sqrt{t}$", "constant": r"constant $\alpha$"}


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run every pair of betas with each optimizer and schedule; compute the drift beside them."""
    schedules = xarray.DataArray(list(settings), dims="schedule", name="schedule")
    maps_of_x: list[xarray.DataArray] = [compute_sweep(sweep).x for sweep in settings.values()]
    x = xarray.concat(maps_of_x, schedules)
    to = drift(slopes(Online()), x.beta1.values, x.beta2.values).goes_to.astype(float)
    goes_to = variable(("beta1", "beta2"), to, "end where Adam's drift goes")
    return x.to_dataset().assign(drift_goes_to=goes_to)


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return how many runs went where, and how many where the drift says."""
    found: dict[str, Any] = {"runs per map": data.drift_goes_to.size}
    for opt, schedule in product(data.opt.values, data.schedule.values):
        x = data.x.sel(opt=opt, schedule=schedule)
        arrived = abs(x) > ARRIVED
        said = data.drift_goes_to if opt == "adam" else -xarray.ones_like(x)
        name = f"{opt}, {schedule}"
        found[f"{name}: beyond +{ARRIVED}, beyond -{ARRIVED}, between"] = [
            int((x > ARRIVED).sum()),
            int((x < -ARRIVED).sum()),
            int((~arrived).sum()),
        ]
        wrong = int((arrived & (np.sign(x) != said)).sum())
        found[f"{name}: at an end, but not where the drift says"] = wrong
    return found


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw a map of the last x for each optimizer and schedule, and Adam's boundary on top."""
    label = "$x$ after the last step (dimensionless); the optimum is $-1$"
    x = data.x.transpose("opt", "schedule", "beta1", "beta2")
    for axes, (opt, schedule) in maps.draw(figure, x, label, vmin=-1, vmax=1):
        axes.set_title(f"{style.LABELS[opt]}, {TITLES[schedule]}", loc="left")
        if opt == "adam":
            maps.contour(axes, data.drift_goes_to, 0)


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
    """Return the settings, and what can be seen."""
    base = settings["inverse_sqrt"]["base"]
    sizes = [step_size(sweep["base"]) for sweep in settings.values()]
    wrong = findings["adam, inverse_sqrt: at an end, but not where the drift says"]
    return (
        "Figure 1's problem of Reddi, Kale and Kumar (ICLR 2018) over all betas: x after"
        f" {base['steps']:,} steps, {findings['runs per map']:,} runs per map, no bias correction,"
        f" no eps, x_1 = {base['x0']:g}, double precision; alpha_k = {' or '.join(sizes)} at step"
        " k. Black: the boundary beta2* at which the sign of the drift of a period changes,"
        " computed without a run. Of Adam's runs with a decaying step size that have come to an"
        f" end of F, {wrong} are at another end than the drift says. AMSGrad goes to -1 for all"
        " betas."
    )
