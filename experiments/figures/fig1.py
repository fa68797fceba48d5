"""Figure 1 of Reddi, Kale and Kumar (ICLR 2018), recovered: what they state, and what fits it."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.engines.base import Setup
from amsgrad.fit import Fit, fit_step_size
from amsgrad.problems.online import Online
from amsgrad.problems.problem import Problem
from amsgrad.problems.stochastic import Stochastic
from amsgrad.rules import RULES
from amsgrad.schedules import inverse_sqrt
from experiments.figures import style
from experiments.figures.runs import on_all_cores, run, run_many, variable

ONLINE = Online()
READINGS = Path(__file__).parents[2] / "results" / "reference" / "figure1.csv"
ACCURACY = {"average_regret": 0.0015, "x": 0.01}  # of the readings, as stated in that file
OPTIMIZERS = ("adam", "amsgrad")

SETTINGS = {
    "beta1": 0.9,
    "beta2": 0.99,
    "semantics": "paper",
    "first_t": 1,
    "x0": 0.0,
    "online_steps": 7_000_000,
    "stochastic_steps": 10_000_000,
    "every": 10_000,
    "seeds": 32,
    "fit_between": [0.3, 1.0],
    "fit_seeds": 128,
    "stochastic_lrs": [0.2, 0.3, 0.4, 0.5],
    "readings": READINGS.read_text(encoding="utf-8"),
}
INCHES = (7.2, 2.5)


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Fit the step sizes, then run both optimizers on both problems with them."""

    def setup(lr: float, dtype: Any, problem: Problem = ONLINE) -> Setup:
        start = {name: settings[name] for name in ("first_t", "x0")}
        return Setup(problem, lr, inverse_sqrt, dtype=dtype, **start)

    def rule(opt: str) -> Any:
        betas = {name: settings[name] for name in ("beta1", "beta2")}
        return RULES[opt](**betas, eps=0.0, semantics=settings["semantics"])

    def averages(opt: str, lr: float, at: NDArray[np.int64]) -> NDArray[np.float64]:
        return run(setup(lr, np.float64), rule(opt), at).average_regret

    def paths(opt: str, lr: float, seeds: int, at: NDArray[np.int64]) -> NDArray[np.float64]:
        setups = [setup(lr, np.float32, Stochastic(seed=seed)) for seed in range(seeds)]
        return run_many(setups, [rule(opt)] * seeds, at).x

    points = {opt: readings("online", opt, settings) for opt in OPTIMIZERS}
    x_at, x_read = readings("stochastic", "amsgrad", settings)
    between = settings["fit_between"]

    def fit(opt: str) -> Fit:
        at, read = points[opt]
        return fit_step_size(lambda lr: averages(opt, lr, at), read, *between)

    def misfit(lr: float) -> tuple[float, float]:
        x = paths("amsgrad", lr, settings["fit_seeds"], x_at)
        distance = float(np.sqrt(np.mean((x.mean(axis=1) - x_read) ** 2)))
        return distance, float((x[-1] >= x_read[-1]).mean())

    def all_averages(lr: float) -> NDArray[np.float64]:
        both = on_all_cores(lambda opt: averages(opt, lr, points[opt][0]), OPTIMIZERS)
        return np.concatenate(both)

    fits = on_all_cores(fit, OPTIMIZERS)
    all_read = np.concatenate([points[opt][1] for opt in OPTIMIZERS])
    joint = fit_step_size(all_averages, all_read, *between)
    misfits, shares = np.transpose(on_all_cores(misfit, settings["stochastic_lrs"]))
    stochastic_lr = settings["stochastic_lrs"][int(misfits.argmin())]
    amsgrad_lr = fits[1].lr
    shifted = points["adam"][1] - averages("adam", amsgrad_lr, points["adam"][0])

    every = settings["every"]
    online_at = np.arange(every, settings["online_steps"] + 1, every)
    stochastic_at = np.arange(every, settings["stochastic_steps"] + 1, every)
    online = on_all_cores(
        lambda i: run(setup(fits[i].lr, np.float64), rule(OPTIMIZERS[i]), online_at), (0, 1)
    )
    both = on_all_cores(
        lambda opt: paths(opt, stochastic_lr, settings["seeds"], stochastic_at), OPTIMIZERS
    )
    x = np.stack(both).transpose(0, 2, 1).astype(np.float32)
    return xarray.Dataset(
        {
            "average_regret": variable(
                ("optimizer", "t_online"),
                [records.average_regret for records in online],
                "average regret R_t / t, online, at the step size fitted for each optimizer",
            ),
            "x_online": variable(
                ("optimizer", "t_online"), [records.x for records in online], "x_t, online"
            ),
            "x_stochastic": variable(("optimizer", "seed", "t_stochastic"), x, "x_t, stochastic"),
            "lr": variable("optimizer", [f.lr for f in fits], "fitted step size alpha"),
            "rms": variable("optimizer", [f.rms for f in fits], "rms of curve minus readings"),
            "largest": variable("optimizer", [f.largest for f in fits], "largest difference"),
            "lr_joint": variable((), joint.lr, "step size alpha fitted to both curves at once"),
            "rms_joint": variable((), joint.rms, "rms of curves minus readings, joint fit"),
            "largest_joint": variable((), joint.largest, "largest difference, joint fit"),
            "adam_shift": variable((), shifted.mean(), "mean of readings minus Adam's curve at "
                                   "the step size of AMSGrad"),
            "adam_shift_rest": variable((), np.abs(shifted - shifted.mean()).max(),
                                        "largest difference left after that shift"),
            "misfit": variable("stochastic_lr", misfits, "rms of the mean of x_t over seeds minus "
                               "readings"),
            "lr_stochastic": variable((), stochastic_lr, "step size of the stochastic panel"),
            "share_as_high": variable("stochastic_lr", shares, "share of the seeds with x_t at the "
                                      "last reading as high as that or higher"),
        },
        {
            "optimizer": list(OPTIMIZERS),
            "t_online": variable("t_online", online_at, "time t", "steps"),
            "t_stochastic": variable("t_stochastic", stochastic_at, "time t", "steps"),
            "seed": variable("seed", np.arange(settings["seeds"]), "seed of the draws"),
            "stochastic_lr": variable(
                "stochastic_lr", settings["stochastic_lrs"], "step size tried, stochastic"
            ),
        },
    )  # fmt: skip


def readings(
    panel: str, optimizer: str, settings: Mapping[str, Any] = SETTINGS
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The times and values read off the paper's figure, up to the last step that is run."""
    lines = [line for line in settings["readings"].splitlines() if not line.startswith("#")]
    rows = [row for row in csv.DictReader(lines) if int(row["t"]) <= settings[f"{panel}_steps"]]
    mine = [row for row in rows if (row["panel"], row["optimizer"]) == (panel, optimizer)]
    return np.array([int(row["t"]) for row in mine]), np.array(
        [float(row["value"]) for row in mine]
    )


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """The fits and what is left, rounded for a table."""
    last = data.x_stochastic.isel(t_stochastic=-1)
    found: dict[str, Any] = {}
    for opt in OPTIMIZERS:
        own = data.sel(optimizer=opt)
        found[f"{opt} fitted alpha"] = round(float(own.lr), 4)
        found[f"{opt} rms difference"] = round(float(own.rms), 5)
        found[f"{opt} largest difference"] = round(float(own.largest), 5)
        found[f"{opt} average regret at the last t"] = round(float(own.average_regret[-1]), 4)
        x = last.sel(optimizer=opt)
        found[f"{opt} stochastic x at the last t: mean, least, largest over seeds"] = [
            round(float(v), 3) for v in (x.mean(), x.min(), x.max())
        ]
    return found | {
        "joint fitted alpha": round(float(data.lr_joint), 4),
        "joint rms difference": round(float(data.rms_joint), 5),
        "joint largest difference": round(float(data.largest_joint), 5),
        "adam shift at the alpha of amsgrad": round(float(data.adam_shift), 5),
        "largest difference left after that shift": round(float(data.adam_shift_rest), 5),
        "stochastic alpha": float(data.lr_stochastic),
        "stochastic rms of mean over seeds": round(float(data.misfit.min()), 3),
        "stochastic rms by alpha": {
            f"{float(lr):g}": round(float(m), 2)
            for lr, m in zip(data.stochastic_lr, data.misfit, strict=True)
        },
        "share of seeds as high as the last reading by alpha": {
            f"{float(lr):g}": round(float(s), 3)
            for lr, s in zip(data.stochastic_lr, data.share_as_high, strict=True)
        },
    }


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """The three panels of the paper, its points on top."""
    left, middle, right = figure.subplots(1, 3)
    for opt in OPTIMIZERS:
        own = data.sel(optimizer=opt)
        color, label = style.COLORS[opt], style.LABELS[opt]
        lr = f"{label}, $\\alpha$ = {float(own.lr):.3f}"
        left.plot(own.t_online, own.average_regret, color=color, label=lr)
        middle.plot(own.t_online, own.x_online, color=color, linewidth=0.9)
        median = style.band(right, own.t_stochastic, own.x_stochastic, color)
        right.plot(own.t_stochastic, median, color=color, label=label, linewidth=1)
        _points(left, "online", opt, color)
    _points(right, "stochastic", "amsgrad", style.COLORS["amsgrad"])
    left.plot([], [], "o", color=style.BLACK, markerfacecolor="white", label="read off the paper")
    left.set_ylim(0, 0.42)
    left.set_ylabel("$R_t / t$ (dimensionless)")
    left.set_title("Average regret, online", loc="left")
    middle.set_title("Iterate, online", loc="left")
    right.set_title(f"Iterate, stochastic, $\\alpha$ = {float(data.lr_stochastic):g}", loc="left")
    for axes in (middle, right):
        style.feasible(axes)
    for axes in (left, middle):
        style.millions(axes, float(data.t_online[-1]))
    style.millions(right, float(data.t_stochastic[-1]))
    left.legend(loc="upper right")
    middle.text(0.97, 0.06, "the optimum is $x^* = -1$", transform=middle.transAxes, size=8,
                color=style.GREY, ha="right")  # fmt: skip
    right.legend(loc="upper right", bbox_to_anchor=(1, 0.88))


def _points(axes: Axes, panel: str, opt: str, color: str) -> None:
    t, value = readings(panel, opt)
    axes.plot(t, value, "o", markersize=3.4, markerfacecolor="white", markeredgecolor=color,
              markeredgewidth=1.0, zorder=5)  # fmt: skip


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
    """What is stated by the paper, what was recovered, and what does not fit."""
    f = findings
    return (
        "Figure 1 of Reddi, Kale and Kumar (ICLR 2018), recovered. Stated by the paper: the losses,"
        f" beta1 = {settings['beta1']}, beta2 = {settings['beta2']}, F = [-1, 1]. Recovered from"
        " the figure's pixels, never stated: the horizons, and alpha_t = alpha / sqrt(t) with"
        f" alpha fitted to the points of each curve: Adam {f['adam fitted alpha']:.3f}"
        f" (differences: rms {f['adam rms difference']:.4f}, largest"
        f" {f['adam largest difference']:.4f}), AMSGrad {f['amsgrad fitted alpha']:.3f}"
        f" ({f['amsgrad rms difference']:.4f}, {f['amsgrad largest difference']:.4f}), both at once"
        f" {f['joint fitted alpha']:.3f} ({f['joint rms difference']:.4f},"
        f" {f['joint largest difference']:.4f}); the points are accurate to about"
        f" {ACCURACY['average_regret']}. No single alpha fits both; with AMSGrad's, Adam's points"
        f" lie {f['adam shift at the alpha of amsgrad']:.4f} above its curve, the"
        f" same at every t to within {f['largest difference left after that shift']:.4f}. Ours by"
        " choice: Algorithm 2 as printed (no bias correction, no eps),"
        f" x_1 = {settings['x0']:g}. Right: median, quartiles and range of {settings['seeds']}"
        f" seeds at alpha = {f['stochastic alpha']:g}: of {settings['stochastic_lrs']} that whose"
        f" mean over {settings['fit_seeds']} seeds comes closest to the points of the paper's one"
        f" run (rms {f['stochastic rms of mean over seeds']:.2f})."
    )
