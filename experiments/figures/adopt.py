"""Figure 1 of Taniguchi et al. (ADOPT, NeurIPS 2024): Adam fails where the noise is large.

The paper's numbers are known to us from memory alone (unverified). Of the two releases of ADOPT the
first, without clipping, is drawn: the paper appeared before the clipping did (22 November 2024).
The second is run beside it. While c_t = t^(1/4) < k - 1, it clips the one big gradient to less than
the sum of the k - 1 small ones beside it: until about t = (k - 1)^4 it goes the wrong way.
"""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import xarray
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.config.run_config import Config
from amsgrad.engines.driver import run_to
from amsgrad.problems.adopt import Adopt
from amsgrad.rules import RULES
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import batch, on_grid
from experiments.figures.words import Caption, mean_and_range, step_size

PUBLISHED = Adopt.published[0].settings
SETTINGS = {
    "k": PUBLISHED["period"],
    "beta2": PUBLISHED["beta2"],
    "optimizers": ["adam", "amsgrad", "adopt_unclipped", "adopt"],
    "base": {
        "problem": "adopt",
        **{name: PUBLISHED[name] for name in ("beta1", "lr", "schedule", "schedule_rate", "x0")},
        "semantics": "torch",  # Adam and AMSGrad
        "first_t": 1,
        "dtype": "float64",
        "steps": 10_000_000,
    },
    "first_record": 100,
    "points": 160,
    "seeds": 32,
    "quantiles": [0.0, 0.25, 0.5, 0.75, 1.0],
}
# What is drawn, under which name, and how wide: lines that coincide stay visible.
DRAWN = {"adam": ("adam", 2.2), "amsgrad": ("amsgrad", 1.4), "adopt_unclipped": ("adopt", 1.1)}
ARRIVED = -0.9


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run every optimizer for every k and beta2, on the same streams."""
    steps, shares = settings["base"]["steps"], settings["quantiles"]
    at = np.geomspace(settings["first_record"], steps, settings["points"])
    at = np.unique(at.round().astype(np.int64))

    def path(k: int, beta2: float, opt: str) -> NDArray[np.float64]:
        config = Config(**settings["base"], period=k, beta2=beta2, opt=opt)
        last, records = run_to(batch(config, settings["seeds"]), steps, at)
        return np.vstack([records.x, last.x])

    found = on_grid(path, settings["k"], settings["beta2"], settings["optimizers"])
    x, last = found[..., :-1, :], found[..., -1, :]
    dims = ("k", "beta2", "optimizer")
    return xarray.Dataset(
        {
            "x": variable((*dims, "quantile", "t"),
                          np.moveaxis(np.quantile(x, shares, axis=-1), 0, -2).astype(np.float32),
                          "quantile of x_t over the seeds"),
            "x_mean": variable((*dims, "t"), x.mean(axis=-1), "mean of x_t over the seeds"),
            "x_last": variable((*dims, "seed"), last, "x after the last step"),
        },
        {
            "k": variable("k", settings["k"], "k: the slopes are k^2 and -k"),
            "beta2": variable("beta2", settings["beta2"], "beta2"),
            "optimizer": settings["optimizers"],
            "quantile": variable("quantile", shares, "share of the seeds that lie below"),
            "t": variable("t", at, "time t", "steps"),
            "seed": variable("seed", np.arange(settings["seeds"]), "seed of the draws"),
        },
    )  # fmt: skip


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return where each ends, when its mean passes -0.9, and what the paper's claims come to."""
    found: dict[str, Any] = {}
    for k, beta2, opt in product(data.k.values, data.beta2.values, data.optimizer.values):
        last = data.x_last.sel(k=k, beta2=beta2, optimizer=opt)
        name = f"k = {k}, beta2 = {beta2:g}, {opt}"
        found[f"{name}: x after the last step: mean, least, largest"] = mean_and_range(last, 3)
    adam, largest = data.x_last.mean("seed").sel(optimizer="adam"), data.beta2.values[-1]
    for k in data.k.values:
        found[f"k = {k}: beta2 with which Adam's mean ends above 0"] = [
            float(b) for b in data.beta2.values if adam.sel(k=k, beta2=b) > 0
        ]
        found[f"k = {k}: t at which the means pass -0.9, by beta2: AMSGrad, ADOPT, clipped"] = [
            [
                _arrival(data.sel(k=k, beta2=b), opt)
                for opt in ("amsgrad", "adopt_unclipped", "adopt")
            ]
            for b in data.beta2.values
        ]
        mean = data.x_mean.sel(k=k, beta2=largest, optimizer="adam")
        found[
            f"k = {k}, beta2 = {largest:g}: Adam's mean x_t at a tenth of the steps, at the last"
        ] = [
            round(float(mean.sel(t=t, method="nearest")), 3) for t in (data.t[-1] / 10, data.t[-1])
        ]
    return found


def _arrival(data: xarray.Dataset, opt: str) -> int | None:
    passed = np.flatnonzero(data.x_mean.sel(optimizer=opt) < ARRIVED)
    return int(data.t[passed[0]]) if passed.size else None


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw a panel for every k and beta2, over a logarithmic time."""
    cases = list(product(data.k.values, data.beta2.values))
    panels = layout.panels(figure, len(cases), data.beta2.size, 1.35, 1.8, sharex=True, sharey=True)
    for axes, (k, beta2) in zip(panels, cases, strict=True):
        style.feasible(axes)
        for opt, (name, width) in DRAWN.items():
            own, color = data.sel(k=k, beta2=beta2, optimizer=opt), style.COLORS[name]
            least, low, median, high, largest = own.x.values
            style.shade(axes, own.t, (least, low, high, largest), color)
            axes.plot(own.t, median, color=color, label=style.LABELS[name], linewidth=width)
        axes.set_xscale("log")
        axes.set_xlim(float(data.t[0]), float(data.t[-1]))
        axes.set_title(f"$k = {k}$, $\\beta_2 = {beta2:g}$", loc="left")
        axes.set_xlabel("$t$ (steps)")
        axes.label_outer()
    layout.legend(figure, panels[0])


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the problem, and where each goes."""
    base = settings["base"]
    eps = {opt: RULES[opt].resolve(base)["eps"] for opt in ("adam", "adopt")}
    return Caption(
        "Figure 1 of Taniguchi et al. (ADOPT, NeurIPS 2024), run again: $f_t(x) = k^2 x$ with"
        " probability $1/k$, else $-k x$, on $[-1, 1]$;"
        rf" $\beta_1 = {base['beta1']}$, {step_size(base, 't')}; median, quartiles and range over"
        f" {settings['seeds']} seeds.",
        r"Where $k$ is large or $\beta_2$ is small, Adam goes to $+1$, the worst point. AMSGrad and"
        " ADOPT go towards $x^* = -1$ (dashed), ADOPT sooner.",
        rf"The problem, $\beta_1$, $\beta_2$, the step size and $x_1 = {base['x0']:g}$ are the"
        " paper's as we remember them (unverified). Our choices: the horizon of"
        f" {base['steps']:,} steps, the seeds (the same streams for all optimizers), time from 1,"
        f" Adam and AMSGrad as in torch, eps {eps['adam']:g} for both and {eps['adopt']:g} for"
        " ADOPT, and the first release of ADOPT, without clipping. The second release clips at"
        r" $t^{1/4}$. Where $\beta_2$ is small, it goes to $+1$ until about $t = (k - 1)^4$.",
    )
