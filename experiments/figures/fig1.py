"""Figure 1 of Reddi, Kale and Kumar (ICLR 2018), recovered: what the paper states, and a fit."""

import csv
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.config.run_config import Config
from amsgrad.engines.driver import run_to
from amsgrad.fit import Fit, fit_step_size
from amsgrad.problems.online import Online
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import batch, compiled, on_grid
from experiments.figures.words import Caption, mean_and_range

READINGS = files("experiments.figures") / "figure1.csv"  # points read off the paper's figure
ACCURACY = {"average_regret": 0.0015, "x": 0.01}  # of the readings, as stated in that file
OPTIMIZERS = ("adam", "amsgrad")

SETTINGS = {
    "base": {
        **Online.published[0].settings,
        "semantics": "paper",
        "eps": 0.0,
        "schedule": "inverse_sqrt",
        "first_t": 1,
        "x0": 0.0,
    },
    "online": {"problem": "online", "steps": 7_000_000, "dtype": "float64"},
    "stochastic": {"problem": "stochastic", "steps": 10_000_000, "dtype": "float32"},
    "every": 10_000,
    "seeds": 32,
    "fit_between": [0.3, 1.0],
    "fit_seeds": 128,
    "stochastic_lrs": [0.2, 0.3, 0.4, 0.5],
    "readings": READINGS.read_text(encoding="utf-8"),
}


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Fit the step sizes, then run both optimizers on both problems with them."""
    fitted = [*([opt] for opt in OPTIMIZERS), OPTIMIZERS]  # each curve, then both at once
    lr, rms, largest = on_grid(lambda opts: _fit(opts, settings), fitted).T
    lrs = dict(zip(OPTIMIZERS, lr[:-1].tolist(), strict=True))
    at, read = readings("online", "adam", settings)
    shifted = read - _online("adam", lrs["amsgrad"], at, settings)[0]
    misfits, shares = on_grid(lambda lr: _misfit(lr, settings), settings["stochastic_lrs"]).T
    stochastic_lr = settings["stochastic_lrs"][int(misfits.argmin())]

    every, seeds = settings["every"], settings["seeds"]
    online_at, stochastic_at = (
        np.arange(every, settings[problem]["steps"] + 1, every)
        for problem in ("online", "stochastic")
    )
    online = on_grid(lambda opt: _online(opt, lrs[opt], online_at, settings), OPTIMIZERS)
    found = on_grid(
        lambda opt: _stochastic(opt, stochastic_lr, seeds, stochastic_at, settings), OPTIMIZERS
    )
    x_stochastic, x_last = found[..., :-1].astype(np.float32), found[..., -1]
    return xarray.Dataset(
        {
            "average_regret": variable(
                ("optimizer", "t_online"), online[:, 0],
                "average regret R_t / t, online, at the step size fitted for each optimizer",
            ),
            "x_online": variable(("optimizer", "t_online"), online[:, 1], "x_t, online"),
            "x_stochastic": variable(("optimizer", "seed", "t_stochastic"), x_stochastic,
                                     "x_t, stochastic"),
            "x_last": variable(("optimizer", "seed"), x_last, "x after the last step, stochastic"),
            "lr": variable("optimizer", lr[:-1], "fitted step size alpha"),
            "rms": variable("optimizer", rms[:-1], "rms of curve minus readings"),
            "largest": variable("optimizer", largest[:-1], "largest difference"),
            "lr_joint": variable((), lr[-1], "step size alpha fitted to both curves at once"),
            "rms_joint": variable((), rms[-1], "rms of curves minus readings, joint fit"),
            "largest_joint": variable((), largest[-1], "largest difference, joint fit"),
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
            "seed": variable("seed", np.arange(seeds), "seed of the draws"),
            "stochastic_lr": variable(
                "stochastic_lr", settings["stochastic_lrs"], "step size tried, stochastic"
            ),
        },
    )  # fmt: skip


def _online(
    opt: str, lr: float, at: NDArray[np.int64], settings: Mapping[str, Any]
) -> NDArray[np.float64]:
    """Return the average regret and x_t at these steps."""
    config = Config(**settings["base"], **settings["online"], opt=opt, lr=lr)
    _, records = run_to(compiled(config), int(at[-1]), at)
    return np.array([records.average_regret, records.x])


def _stochastic(
    opt: str, lr: float, seeds: int, at: NDArray[np.int64], settings: Mapping[str, Any]
) -> NDArray[np.float64]:
    """Return x_t at these steps for each seed, and as the last column x after the last of them."""
    config = Config(**settings["base"], **settings["stochastic"], opt=opt, lr=lr)
    last, records = run_to(batch(config, seeds), int(at[-1]), at)
    return np.vstack([records.x, last.x]).T


def _fit(opts: Sequence[str], settings: Mapping[str, Any]) -> Fit:
    """Fit one step size to the readings of these curves."""
    points = [readings("online", opt, settings) for opt in opts]

    def curves(lr: float) -> NDArray[np.float64]:
        parts = zip(opts, points, strict=True)
        return np.concatenate([_online(opt, lr, at, settings)[0] for opt, (at, _) in parts])

    read = np.concatenate([values for _, values in points])
    return fit_step_size(curves, read, *settings["fit_between"])


def _misfit(lr: float, settings: Mapping[str, Any]) -> tuple[float, float]:
    """Return how far the mean over seeds is from the readings, and the share as high as the last.

    AMSGrad's x_t, stochastic.
    """
    at, read = readings("stochastic", "amsgrad", settings)
    x = _stochastic("amsgrad", lr, settings["fit_seeds"], at, settings)[:, :-1]
    distance = np.sqrt(np.mean((x.mean(axis=0) - read) ** 2))
    return float(distance), float((x[:, -1] >= read[-1]).mean())


def readings(
    problem: str, optimizer: str, settings: Mapping[str, Any] = SETTINGS
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the times and values read off the paper's figure, up to the last step that is run."""
    steps = settings[problem]["steps"]
    lines = [line for line in settings["readings"].splitlines() if not line.startswith("#")]
    rows = [
        (int(row["t"]), float(row["value"]))
        for row in csv.DictReader(lines)
        if (row["panel"], row["optimizer"]) == (problem, optimizer) and int(row["t"]) <= steps
    ]
    return np.array([t for t, _ in rows]), np.array([value for _, value in rows])


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return the fits and what is left, rounded for a table."""
    found: dict[str, Any] = {}
    for opt in OPTIMIZERS:
        own = data.sel(optimizer=opt)
        found[f"{opt} fitted alpha"] = round(float(own.lr), 4)
        found[f"{opt} rms difference"] = round(float(own.rms), 5)
        found[f"{opt} largest difference"] = round(float(own.largest), 5)
        found[f"{opt} average regret at the last t"] = round(float(own.average_regret[-1]), 4)
        found[f"{opt} stochastic x after the last step: mean, least, largest over seeds"] = (
            mean_and_range(own.x_last, 3)
        )
    return found | {
        "joint fitted alpha": round(float(data.lr_joint), 4),
        "joint rms difference": round(float(data.rms_joint), 5),
        "joint largest difference": round(float(data.largest_joint), 5),
        "adam shift at the alpha of amsgrad": round(float(data.adam_shift), 5),
        "largest difference left after that shift": round(float(data.adam_shift_rest), 5),
        "stochastic alpha": float(data.lr_stochastic),
        "stochastic rms of mean over seeds": round(float(data.misfit.min()), 3),
        "stochastic rms by alpha": _by_lr(data.misfit, 2),
        "share of seeds as high as the last reading by alpha": _by_lr(data.share_as_high, 3),
    }


def _by_lr(values: xarray.DataArray, digits: int) -> dict[str, float]:
    pairs = zip(values.stochastic_lr.values, values.values, strict=True)
    return {f"{lr:g}": round(float(value), digits) for lr, value in pairs}


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw the three panels of the paper, with its points on top."""
    left, middle, right = layout.panels(figure, 3, 3, 1.8, 2.5)
    for opt in OPTIMIZERS:
        own = data.sel(optimizer=opt)
        color, label = style.COLORS[opt], style.LABELS[opt]
        lr = rf"{label}, online $\alpha = {float(own.lr):.3f}$"
        left.plot(own.t_online, own.average_regret, color=color, label=lr)
        middle.plot(own.t_online, own.x_online, color=color, linewidth=0.9)
        median = style.band(right, own.t_stochastic, own.x_stochastic, color)
        right.plot(own.t_stochastic, median, color=color, linewidth=1)
        _points(left, "online", opt, color)
    _points(right, "stochastic", "amsgrad", style.COLORS["amsgrad"])
    left.plot([], [], "o", color=style.BLACK, markerfacecolor="white", label="read off the paper")
    left.set_ylim(0, 0.42)
    left.set_ylabel("$R_t / t$")
    left.set_title("Average regret, online", loc="left")
    middle.set_title("Iterate, online", loc="left")
    right.set_title("Iterate, stochastic", loc="left")
    for axes in (middle, right):
        style.feasible(axes)
    for axes in (left, middle):
        style.millions(axes, float(data.t_online[-1]))
    style.millions(right, float(data.t_stochastic[-1]))
    layout.letters((left, middle, right))
    layout.legend(figure, left)
    middle.text(0.97, 0.14, "the optimum is $x^{*} = -1$", transform=middle.transAxes, size=8,
                color=style.GREY, ha="right")  # fmt: skip


def _points(axes: Axes, problem: str, opt: str, color: str) -> None:
    t, value = readings(problem, opt)
    axes.plot(t, value, "o", markersize=3.4, markerfacecolor="white", markeredgecolor=color,
              markeredgewidth=1.0, zorder=5, clip_on=False)  # fmt: skip


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return what is recovered, and what does not fit."""
    base, f = settings["base"], findings
    return Caption(
        "Figure 1 of Reddi, Kale and Kumar (ICLR 2018), recovered:"
        rf" $\beta_1 = {base['beta1']}$, $\beta_2 = {base['beta2']}$,"
        r" $\alpha_t = \alpha/\sqrt{t}$. (a, b) $\alpha$ fitted to the paper's curve of"
        rf" each optimizer. (c) $\alpha = {f['stochastic alpha']:g}$; median, quartiles and"
        f" range over {settings['seeds']} seeds.",
        "Adam goes to $+1$, the worst point of $[-1, 1]$; AMSGrad goes towards $x^* = -1$. No"
        r" single $\alpha$ fits both online curves.",
        rf"The paper states the losses, $\beta_1$, $\beta_2$ and $F = [-1, 1]$. It states neither"
        r" the horizons nor the step sizes. These are recovered from the pixels of the figure, with"
        r" $\alpha$ fitted to the points of each curve: Adam"
        f" {f['adam fitted alpha']:.3f} (differences: rms {f['adam rms difference']:.4f}, largest"
        f" {f['adam largest difference']:.4f}), AMSGrad {f['amsgrad fitted alpha']:.3f}"
        f" ({f['amsgrad rms difference']:.4f}, {f['amsgrad largest difference']:.4f}), both at once"
        f" {f['joint fitted alpha']:.3f} ({f['joint rms difference']:.4f},"
        f" {f['joint largest difference']:.4f}). The points are accurate to about"
        rf" {ACCURACY['average_regret']}. With the $\alpha$ of AMSGrad, Adam's points lie"
        f" {f['adam shift at the alpha of amsgrad']:.4f} above its curve, the same at every $t$ to"
        f" within {f['largest difference left after that shift']:.4f}. Our choices: Algorithm 2 as"
        f" printed (no bias correction, no eps), $x_1 = {base['x0']:g}$, and the seeds. Of"
        rf" {settings['stochastic_lrs']}, {f['stochastic alpha']:g} is the $\alpha$ whose mean over"
        f" {settings['fit_seeds']} seeds comes closest to the points of the paper's one stochastic"
        f" run (rms {f['stochastic rms of mean over seeds']:.2f}).",
    )
