"""Figure 1 of Taniguchi et al. (ADOPT, NeurIPS 2024): Adam fails where the noise is large.

The paper's numbers are known to us from memory alone (unverified). Of the two releases of ADOPT the
first, without clipping, is drawn: the paper appeared before the clipping did (22 November 2024).
The second is run beside it. While c_t = t^(1/4) < k - 1 it clips the one big gradient to less than
the k - 1 small ones that go with it, so that until t is about (k - 1)^4 it goes the wrong way.
"""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.engines.base import Setup
from amsgrad.problems.adopt import Adopt
from amsgrad.rules import RULES
from amsgrad.schedules import shifted_inverse_sqrt
from experiments.figures import style
from experiments.figures.runs import on_all_cores, run_many, variable

SETTINGS = {
    "k": [10, 50],
    "beta2": [0.1, 0.5, 0.9, 0.999],
    "beta1": 0.9,
    "lr": 0.01,
    "schedule_rate": 0.01,
    "first_t": 1,
    "x0": 0.0,
    "semantics": "torch",
    "eps": {"adam": 1e-8, "amsgrad": 1e-8, "adopt": 1e-6, "adopt_unclipped": 1e-6},
    "steps": 10_000_000,
    "first_record": 100,
    "points": 160,
    "seeds": 32,
    "quantiles": [0.0, 0.25, 0.5, 0.75, 1.0],
}
INCHES = (7.2, 3.6)
OPTIMIZERS = ("adam", "amsgrad", "adopt_unclipped", "adopt")
# What is drawn, under which name, and how wide: lines that coincide show through one another.
DRAWN = {"adam": ("adam", 2.2), "amsgrad": ("amsgrad", 1.4), "adopt_unclipped": ("adopt", 1.1)}
ARRIVED = -0.9


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run every optimizer for every k and beta2, on the same streams."""
    steps, shares = settings["steps"], settings["quantiles"]
    at = np.geomspace(settings["first_record"], steps, settings["points"])
    at = np.unique(at.round().astype(np.int64))

    def path(case: tuple[int, float, str]) -> NDArray[np.float64]:
        k, beta2, opt = case
        options = {"beta1": settings["beta1"], "beta2": beta2, "eps": settings["eps"][opt]}
        if opt in ("adam", "amsgrad"):
            options["semantics"] = settings["semantics"]
        start = {name: settings[name] for name in ("schedule_rate", "first_t", "x0")}
        schedule = shifted_inverse_sqrt
        setups = [
            Setup(Adopt(k, seed), settings["lr"], schedule, dtype=np.float64, **start)
            for seed in range(settings["seeds"])
        ]
        return run_many(setups, [RULES[opt](**options)] * len(setups), at).x

    cases = list(product(settings["k"], settings["beta2"], OPTIMIZERS))
    x = np.stack(on_all_cores(path, cases))
    x = x.reshape(len(settings["k"]), len(settings["beta2"]), len(OPTIMIZERS), *x.shape[1:])
    dims = ("k", "beta2", "optimizer")
    return xarray.Dataset(
        {
            "x": variable((*dims, "quantile", "t"),
                          np.moveaxis(np.quantile(x, shares, axis=-1), 0, -2).astype(np.float32),
                          "quantile of x_t over the seeds"),
            "x_mean": variable((*dims, "t"), x.mean(axis=-1), "mean of x_t over the seeds"),
            "x_last": variable((*dims, "seed"), x[..., -1, :], "x_t at the last step"),
        },
        {
            "k": variable("k", settings["k"], "k: the slopes are k^2 and -k"),
            "beta2": variable("beta2", settings["beta2"], "beta2"),
            "optimizer": list(OPTIMIZERS),
            "quantile": variable("quantile", shares, "share of the seeds that lie below"),
            "t": variable("t", at, "time t", "steps"),
            "seed": variable("seed", np.arange(settings["seeds"]), "seed of the draws"),
        },
    )  # fmt: skip


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Where each ends, when its mean passes -0.9, and what becomes of the paper's claims."""
    found: dict[str, Any] = {}
    for k, beta2, opt in product(data.k.values, data.beta2.values, OPTIMIZERS):
        last = data.x_last.sel(k=k, beta2=beta2, optimizer=opt)
        found[f"k = {k}, beta2 = {beta2:g}, {opt}: last x: mean, least, largest"] = [
            round(float(v), 3) for v in (last.mean(), last.min(), last.max())
        ]
    mean = data.x_last.mean("seed")
    adam, largest = mean.sel(optimizer="adam"), data.beta2.values[-1]
    for k in data.k.values:
        found[f"k = {k}: beta2 with which Adam's mean ends above 0"] = [
            float(b) for b in data.beta2.values if adam.sel(k=k, beta2=b) > 0
        ]
        found[f"k = {k}: t at which the means pass -0.9, by beta2: AMSGrad, ADOPT, clipped"] = [
            [_arrival(data.sel(k=k, beta2=b), opt) for opt in OPTIMIZERS[1:]]
            for b in data.beta2.values
        ]
        middle = data.x_mean.sel(k=k, beta2=largest, optimizer="adam")
        found[
            f"k = {k}, beta2 = {largest:g}: Adam's mean x at a tenth of the steps, at the last"
        ] = [
            round(float(middle.sel(t=t, method="nearest")), 3)
            for t in (data.t[-1] / 10, data.t[-1])
        ]
    return found


def _arrival(data: xarray.Dataset, opt: str) -> int | None:
    passed = np.flatnonzero(data.x_mean.sel(optimizer=opt) < ARRIVED)
    return int(data.t[passed[0]]) if passed.size else None


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """A panel for every k and beta2, over a logarithmic time."""
    panels = figure.subplots(data.k.size, data.beta2.size, sharex=True, sharey=True, squeeze=False)
    for (i, k), (j, beta2) in product(enumerate(data.k.values), enumerate(data.beta2.values)):
        axes = panels[i, j]
        style.feasible(axes)
        for opt, (name, width) in DRAWN.items():
            _curve(axes, data.sel(k=k, beta2=beta2, optimizer=opt), name, width)
        axes.set_xscale("log")
        axes.set_xlim(float(data.t[0]), float(data.t[-1]))
        axes.set_title(f"$k = {k}$, $\\beta_2 = {beta2:g}$", loc="left")
        axes.label_outer()
    for axes in panels[-1]:
        axes.set_xlabel("t (steps)")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))


def _curve(axes: Axes, own: xarray.Dataset, name: str, width: float) -> None:
    color, label = style.COLORS[name], style.LABELS[name]
    least, low, median, high, largest = own.x.values
    style.shade(axes, own.t, (least, low, high, largest), color)
    axes.plot(own.t, median, color=color, label=label, linewidth=width)


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
    """The settings, what is ours, and what is to be seen."""
    return (
        "Figure 1 of Taniguchi et al. (ADOPT, NeurIPS 2024), run again: f_t(x) = k^2 x with"
        f" probability 1/k, else -k x, on [-1, 1], x* = -1 (dashed); beta1 = {settings['beta1']},"
        f" alpha_t = {settings['lr']} / sqrt(1 + {settings['schedule_rate']} t), x_1 ="
        f" {settings['x0']:g}. These settings are the paper's as we remember them (unverified)."
        f" Ours: the horizon of {settings['steps']:,} steps, {settings['seeds']} seeds (median,"
        " quartiles, range; the same streams for all), time from 1, Adam and AMSGrad as torch has"
        f" them, eps {settings['eps']['adam']:g} for both and {settings['eps']['adopt']:g} for"
        " ADOPT, and that ADOPT is its first release, without clipping. The second release clips"
        " at t^(1/4), and where beta2 is small goes to +1 until about t = (k - 1)^4."
    )
