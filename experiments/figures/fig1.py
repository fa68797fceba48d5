"""Figure 1 of Reddi, Kale and Kumar (ICLR 2018), recovered: what the paper states, and a fit."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.config.run_config import Config
from amsgrad.engines.driver import run_to
from amsgrad.problems.online import Online
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.online_fit import (
    ARRIVED,
    BASE,
    ONLINE,
    OPTIMIZERS,
    SEEN,
    about,
    arrival,
    joint,
    level,
    met,
    off,
    online,
    read,
)
from experiments.figures.readings import readings, text
from experiments.figures.runs import batch, on_grid
from experiments.figures.words import Caption, mean_and_range

RISEN = f"adam's rise: x is above {ARRIVED} from t on"
RANGE = ["best", "least", "most"]
SETTINGS = {
    "base": BASE,
    "online": ONLINE,
    "stochastic": {"problem": "stochastic", "steps": 10_000_000, "dtype": "float32"},
    "every": 10_000,
    "rise_points": 400,
    "rise_until": 100_000,
    "seeds": 32,
    "x_1": [-1.0, 0.0, 1.0],
    "powers": [0.4, 0.6, 0.005],
    "fit_between": [0.3, 1.0],
    "fit_seeds": 128,
    "meets": {"adam": {"lr": 0.58, "x0": -0.5}, "amsgrad": {"lr": 0.511, "x0": 1.0}},
    "stochastic_lrs": [0.2, 0.3, 0.4, 0.5],
    "readings": text(),
}


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Fit the step sizes, then run both optimizers on both problems with them."""
    fits = {opt: level(opt, settings) for opt in OPTIMIZERS}
    lr = {opt: float(fits[opt]["lr"][0]) for opt in OPTIMIZERS}
    firsts = settings["x_1"]

    def own(opt: str, x0: float) -> tuple[float, float]:
        return off(opt, lr[opt], fits[opt]["law_limit"], settings, x0=x0)

    def both(x0: float) -> tuple[float, float, float]:
        return joint(settings, settings["fit_between"], adam={"x0": x0}, amsgrad={"x0": x0})

    constants, largest = np.moveaxis(on_grid(own, OPTIMIZERS, firsts), -1, 0)
    at_once = on_grid(both, firsts)
    misfits, shares = on_grid(lambda lr: _misfit(lr, settings), settings["stochastic_lrs"]).T
    stochastic_lr = settings["stochastic_lrs"][int(misfits.argmin())]

    steps, every, seeds = settings["online"]["steps"], settings["every"], settings["seeds"]
    at = np.arange(every, steps + 1, every)
    half = Online().period // 2 + 1
    rise = np.unique(np.geomspace(half, steps, settings["rise_points"]).astype(np.int64))
    stochastic_at = np.arange(every, settings["stochastic"]["steps"] + 1, every)
    seen = read("adam", settings, "x")
    found = on_grid(
        lambda opt: _stochastic(opt, stochastic_lr, seeds, stochastic_at, settings), OPTIMIZERS
    )
    by = {
        "average_regret": [online(opt, lr[opt], at, settings)[0] for opt in OPTIMIZERS],
        "x_online": [online(opt, lr[opt], rise, settings)[1] for opt in OPTIMIZERS],
        **{name: [fits[opt][name] for opt in OPTIMIZERS] for name in fits["adam"]},
    }
    return xarray.Dataset(
        {
            "average_regret": variable(("optimizer", "t_online"), by["average_regret"],
                                       "average regret R_t / t, online, mean over a period"),
            "x_online": variable(("optimizer", "t_rise"), by["x_online"],
                                 "x_t, online, mean over a period"),
            "x_stochastic": variable(("optimizer", "seed", "t_stochastic"),
                                     found[..., :-1].astype(np.float32), "x_t, stochastic"),
            "x_last": variable(("optimizer", "seed"), found[..., -1],
                               "x after the last step, stochastic"),
            "law_limit": variable("optimizer", by["law_limit"], "limit of R_t / t by the law"),
            "law_kappa": variable("optimizer", by["law_kappa"],
                                  "coefficient of 1 / sqrt(t) at alpha = 1, by the law"),
            "lr": variable(("optimizer", "range"), by["lr"], "kappa of the readings / law_kappa"),
            "kappa": variable(("optimizer", "range"), by["kappa"],
                              "coefficient of 1 / sqrt(t) of the readings"),
            "constant": variable(("optimizer", "range"), by["constant"],
                                 "coefficient of 1 / t of the readings"),
            "free_limit": variable(("optimizer", "range"), by["free_limit"],
                                   "limit of the readings, where it is fitted, too"),
            "power": variable(("optimizer", "end"), by["power"],
                              "least and largest p with which a law in t^-p meets all readings"),
            "run_constant": variable(("optimizer", "x_1"), constants,
                                     "coefficient of 1 / t of the run"),
            "off": variable(("optimizer", "x_1"), largest, "largest difference from readings"),
            "lr_joint": variable("x_1", at_once[:, 0], "alpha fitted to both curves at once"),
            "off_joint": variable(("x_1", "optimizer"), at_once[:, 1:],
                                  "largest difference from readings, joint fit"),
            "x_seen": variable("t_seen", seen.value, "x of Adam, read off the figure"),
            "x_there": variable("t_seen", online("adam", lr["adam"], seen.t, settings)[1],
                                "x of Adam there, mean over a period"),
            "met": variable("optimizer", [met(opt, settings) for opt in OPTIMIZERS],
                            "largest difference over accuracy, at alpha and x_1 of its own"),
            "arrival": variable((), arrival(lr["adam"], settings["rise_until"], settings),
                                f"t at which Adam's x has passed {ARRIVED}", "steps"),
            "misfit": variable("stochastic_lr", misfits, "rms of the mean of x_t over seeds minus "
                               "readings"),
            "lr_stochastic": variable((), stochastic_lr, "step size of the stochastic panel"),
            "share_as_high": variable("stochastic_lr", shares, "share of the seeds with x_t at the "
                                      "last reading as high as that or higher"),
        },
        {
            "optimizer": list(OPTIMIZERS),
            "range": RANGE,
            "end": RANGE[1:],
            "x_1": variable("x_1", firsts, "the first x"),
            "t_online": variable("t_online", at, "time t", "steps"),
            "t_rise": variable("t_rise", rise, "time t", "steps"),
            "t_seen": variable("t_seen", seen.t, "time t", "steps"),
            "t_stochastic": variable("t_stochastic", stochastic_at, "time t", "steps"),
            "seed": variable("seed", np.arange(seeds), "seed of the draws"),
            "stochastic_lr": variable(
                "stochastic_lr", settings["stochastic_lrs"], "step size tried, stochastic"
            ),
        },
    )  # fmt: skip


def _stochastic(
    opt: str, lr: float, seeds: int, at: NDArray[np.int64], settings: Mapping[str, Any]
) -> NDArray[np.float64]:
    """Return x_t at these steps for each seed, and as the last column x after the last of them."""
    one = Config(**settings["base"], **settings["stochastic"], opt=opt, lr=lr)
    last, records = run_to(batch(one, seeds), int(at[-1]), at)
    return np.vstack([records.x, last.x]).T


def _misfit(lr: float, settings: Mapping[str, Any]) -> tuple[float, float]:
    """Return how far the mean over seeds is from the readings, and the share as high as the last.

    AMSGrad's x_t, stochastic.
    """
    last = settings["stochastic"]["steps"]
    points = readings(settings["readings"], "stochastic", "amsgrad", "x", last)
    x = _stochastic("amsgrad", lr, settings["fit_seeds"], points.t, settings)[:, :-1]
    distance = np.sqrt(np.mean((x.mean(axis=0) - points.value) ** 2))
    return float(distance), float((x[:, -1] >= points.value[-1]).mean())


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return the fits and what is left, rounded for a table; three numbers are best and range."""
    found: dict[str, Any] = {}
    for opt in OPTIMIZERS:
        own = data.sel(optimizer=opt)
        found |= {
            f"{opt} alpha": _rounded(own.lr, 4),
            f"{opt} kappa": _rounded(own.kappa, 2),
            f"{opt} constant": _rounded(own.constant, 0),
            f"{opt} constant of the run by x_1": _by(own.run_constant, 0),
            f"{opt} largest difference by x_1": _by(own.off, 5),
            f"{opt} kappa of the law at alpha = 1": round(float(own.law_kappa), 3),
            f"{opt} largest difference over accuracy, own alpha and x_1": round(float(own.met), 2),
            f"{opt} limit, fitted": _rounded(own.free_limit, 5),
            f"{opt} powers of t that meet all readings": _rounded(own.power, 3),
            f"{opt} largest difference by x_1, one alpha": _by(
                data.off_joint.sel(optimizer=opt), 5
            ),
            f"{opt} average regret at the last t": round(float(own.average_regret[-1]), 4),
            f"{opt} stochastic x after the last step: mean, least, largest over seeds": (
                mean_and_range(own.x_last, 3)
            ),
        }
    return found | {
        "one alpha for both by x_1": _by(data.lr_joint, 4),
        "adam's rise: t, read, run": [
            [int(t), round(float(seen), 2), round(float(there), 2)]
            for t, seen, there in zip(data.t_seen, data.x_seen, data.x_there, strict=True)
        ],
        "adam's rise: slope over sqrt(t), read": round(
            float(np.polyfit(np.sqrt(data.t_seen), data.x_seen, 1)[0]), 4
        ),
        RISEN: about(float(data.arrival)),
        "stochastic alpha": float(data.lr_stochastic),
        "stochastic rms of mean over seeds": round(float(data.misfit.min()), 3),
        "stochastic rms by alpha": _by(data.misfit, 2),
        "share of seeds as high as the last reading by alpha": _by(data.share_as_high, 3),
    }


def _rounded(values: xarray.DataArray, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]


def _by(values: xarray.DataArray, digits: int) -> dict[str, float]:
    (name,) = values.dims
    pairs = zip(values[name].values, values.values, strict=True)
    return {f"{at:g}": round(float(value), digits) for at, value in pairs}


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw the three panels of the paper, with its points on top."""
    left, middle, right = layout.panels(figure, 3, 3, 1.8, 2.5)
    for opt in OPTIMIZERS:
        own = data.sel(optimizer=opt)
        color, label = style.COLORS[opt], style.LABELS[opt]
        lr = rf"{label}, online $\alpha = {float(own.lr[0]):.3f}$"
        left.plot(own.t_online, own.average_regret, color=color, label=lr)
        middle.plot(own.t_rise, own.x_online, color=color, linewidth=0.9)
        median = style.band(right, own.t_stochastic, own.x_stochastic, color)
        right.plot(own.t_stochastic, median, color=color, linewidth=1)
        _points(left, *read(opt, SETTINGS)[:2], color)
    _points(middle, data.t_seen, data.x_seen, style.COLORS["adam"])
    stochastic = readings(text(), "stochastic", "amsgrad", "x")
    _points(right, stochastic.t, stochastic.value, style.COLORS["amsgrad"])
    left.plot([], [], "o", color=style.BLACK, markerfacecolor="white", label="read off the paper")
    left.set_ylim(0, 0.42)
    left.set_ylabel("$R_t / t$")
    left.set_title("Average regret, online", loc="left")
    middle.set_title("Iterate, online", loc="left")
    right.set_title("Iterate, stochastic", loc="left")
    for axes in (middle, right):
        style.feasible(axes)
    style.millions(left, float(data.t_online[-1]))
    style.millions(right, float(data.t_stochastic[-1]))
    middle.set_xscale("log")
    middle.set_xlabel("$t$ (steps)")
    layout.letters((left, middle, right))
    layout.legend(figure, left)


def _points(axes: Axes, t: Any, value: Any, color: str) -> None:
    axes.plot(t, value, "o", markersize=3.4, markerfacecolor="white", markeredgecolor=color,
              markeredgewidth=1.0, zorder=5, clip_on=False)  # fmt: skip


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return what is recovered, and what does not fit."""
    base, f = settings["base"], findings

    def between(name: str, digits: int) -> str:
        best, least, most = (f"{number:.{digits}f}" for number in f[name])
        return f"{best} ({least} to {most})"

    def largest(opt: str) -> str:
        return ", ".join(f"{value:.4f}" for value in f[f"{opt} largest difference by x_1"].values())

    first = f"{base['x0']:g}"
    firsts = ", ".join(f"{x:g}" for x in settings["x_1"])
    adam, amsgrad = (settings["meets"][opt] for opt in OPTIMIZERS)
    return Caption(
        "Figure 1 of Reddi, Kale and Kumar (ICLR 2018), recovered:"
        rf" $\beta_1 = {base['beta1']}$, $\beta_2 = {base['beta2']}$,"
        r" $\alpha_t = \alpha/\sqrt{t}$. (a, b) $\alpha$ fitted to the level of the paper's curve"
        rf" of each optimizer. (c) $\alpha = {f['stochastic alpha']:g}$; median, quartiles and"
        f" range over {settings['seeds']} seeds.",
        "Adam goes to $+1$, the worst point of $[-1, 1]$; AMSGrad goes towards $x^* = -1$. No"
        r" single $\alpha$ fits both online curves, and the paper's Adam rises later.",
        r"The paper states the losses, $\beta_1$, $\beta_2$ and $F = [-1, 1]$, and no step size,"
        r" schedule, horizon, $x_1$ or eps. All this is recovered from the pixels of the figure."
        r" $R_t/t$ = limit + $\kappa/\sqrt{t}$ + $C/t$ is fitted with the limit of the law and"
        r" $\kappa$, $C$ free; the ranges are those in which all points are met within their"
        rf" accuracy. Adam: $\kappa$ = {between('adam kappa', 1)}, $C$ ="
        rf" {between('adam constant', 0)}, $\alpha$ = {between('adam alpha', 3)}; AMSGrad:"
        rf" {between('amsgrad kappa', 1)}, {between('amsgrad constant', 0)},"
        rf" {between('amsgrad alpha', 3)}. A run at these $\alpha$ from $x_1$ = {firsts} misses"
        f" points, by up to {largest('adam')} (Adam) and {largest('amsgrad')} (AMSGrad); runs with"
        rf" $\alpha$ and $x_1$ of their own meet all: Adam {adam['lr']:g} from {adam['x0']:g},"
        f" AMSGrad {amsgrad['lr']:g} from {amsgrad['x0']:g}."
        r" As $\kappa$ is linear in $\alpha$, no $\alpha$ of Algorithms 1 and 2 gives both."
        f" With a free limit: Adam {between('adam limit, fitted', 4)}, AMSGrad"
        f" {between('amsgrad limit, fitted', 4)}."
        " Curves and points are means over a period: Adam's $R_t/t$ is a band $2020/t$ wide."
        rf" Adam is above {ARRIVED} from $t$ ="
        f" {f[RISEN]:,} on, and the paper's from about"
        f" {SEEN:,}. Our choices: Algorithm 2 as printed (no bias correction, no eps), $x_1 ="
        rf" {first}$, and the seeds. Of {settings['stochastic_lrs']}, {f['stochastic alpha']:g} is"
        rf" the $\alpha$ whose mean over {settings['fit_seeds']} seeds comes closest to the points"
        " of the paper's one stochastic run (rms"
        f" {f['stochastic rms of mean over seeds']:.2f}).",
    )
