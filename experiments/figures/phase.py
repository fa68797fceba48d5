"""Figure 1's problem (Reddi et al., ICLR 2018) over all betas: runs of Adam beside the theory."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import xarray
from matplotlib.figure import Figure

from amsgrad.problems.online import Online
from amsgrad.theory.drift import drift
from amsgrad.theory.periodic import slopes
from experiments.figures import layout, maps
from experiments.figures.netcdf import variable
from experiments.figures.words import Caption, step_size
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
ARRIVED = 0.9  # |x| beyond which a run has come to an end of F
TITLES = {"inverse_sqrt": "Decaying step size", "constant": "Constant step size"}


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
    """Draw a map of Adam's last x for each schedule, and the boundary on top."""
    x = data.x.sel(opt=["adam"]).transpose("opt", "schedule", "beta1", "beta2")
    for axes, (_, schedule) in maps.draw(figure, x, "$x$ after the last step", vmin=-1, vmax=1):
        axes.set_title(TITLES[schedule], loc="left")
        maps.contour(axes, data.drift_goes_to, 0)
    layout.letters(figure.axes[: data.schedule.size])


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the settings, and where Adam and AMSGrad go."""
    base = settings["inverse_sqrt"]["base"]
    decaying, constant = (step_size(sweep["base"]) for sweep in settings.values())
    wrong = findings["adam, inverse_sqrt: at an end, but not where the drift says"]
    return Caption(
        "Adam on Figure 1's problem (Reddi, Kale and Kumar, ICLR 2018) over all betas: $x$ after"
        rf" {base['steps']:,} steps, {findings['runs per map']:,} runs per map; (a) {decaying},"
        rf" (b) {constant}. Black: where the sign of the drift of a period changes, computed"
        " without a run.",
        f"Of the runs with decaying steps that are at an end of $[-1, 1]$, {wrong} are at another"
        " end than the drift says. AMSGrad (not drawn) goes to $x^* = -1$ for all betas.",
        f"No bias correction, no eps, $x_1 = {base['x0']:g}$, double precision. A run has come to"
        f" an end of $F = [-1, 1]$ if $|x|$ is above {ARRIVED}. The maps of AMSGrad are in the"
        f" data; all its runs end below $-{ARRIVED}$, with either step size.",
    )
