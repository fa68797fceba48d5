"""The synthetic experiment of Zhou et al. (AdaShift, ICLR 2019): x falls for ever, but not Adam's.

All settings are those of the released code, stochastic_counter.py, whose first figure is this one.
It adds eps to v inside the root, and so does our AdaShift; our Adam and AMSGrad add it outside.
With gradients of 1 and 101 that changes their steps by less than 1e-8 of themselves. It draws means
over blocks of 10,000 steps of one seed, where here is x_t at each 10,000th step of many.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.engines.batch import Batch
from amsgrad.engines.base import Setup
from amsgrad.problems.adashift import AdaShift
from amsgrad.rules import RULES
from amsgrad.rules.rule import Rule
from experiments.figures import style
from experiments.figures.runs import VERIFIED, on_all_cores, run_many, variable

SETTINGS = {
    "big": 101.0,
    "delta": 0.02,
    "lr": 1e-3,
    "beta1": 0.0,
    "beta2": 0.999,
    "eps": 1e-8,
    "semantics": "optax",  # AMSGrad's maximum after the correction
    "window": 1,
    "first_t": 1,
    "x0": 0.0,
    "warm_up": 10_000,
    "steps": 10_000_000,
    "every": 10_000,
    "seeds": 32,
}
INCHES = (7.2, 3.2)
OPTIMIZERS = ("adam", "amsgrad", "adashift")
LINE = 0  # the seed whose path is drawn; chosen before anything was seen


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run the optimizers on the same streams: first at rest, to fill their memory, then free."""
    warm_up, steps, every = (settings[name] for name in ("warm_up", "steps", "every"))
    numbers = {name: settings[name] for name in ("big", "delta")}
    problems = [AdaShift(seed=seed, **numbers) for seed in range(settings["seeds"])]
    at = np.arange(every, steps + 1, every)
    start = {name: settings[name] for name in ("lr", "first_t", "x0")}
    setup = Setup(problems[0], dtype=np.float64, **start)

    def rule(opt: str) -> Rule:
        options = {name: settings[name] for name in ("beta1", "beta2", "eps")}
        last = "window" if opt == "adashift" else "semantics"
        return RULES[opt](**options, **{last: settings[last]})

    def path(opt: str) -> NDArray[np.float64]:
        setups = [replace(setup, problem=problem) for problem in problems]
        rules = [rule(opt)] * len(problems)
        run_many(setups, rules, np.array([VERIFIED]))
        resting = Batch([replace(one, lr=0.0) for one in setups], rules)
        warm, _ = resting.advance(resting.init(), warm_up, np.empty(0, np.int64))
        free = Batch(setups, rules)
        return free.advance(warm, steps, warm_up + at)[1].x

    x = np.stack(on_all_cores(path, OPTIMIZERS)).transpose(0, 2, 1)
    return xarray.Dataset(
        {"x": variable(("optimizer", "seed", "t"), x.astype(np.float32), "x_t")},
        {
            "optimizer": list(OPTIMIZERS),
            "seed": variable("seed", np.arange(settings["seeds"]), "seed of the draws"),
            "t": variable("t", at, "time t after the warm-up", "steps"),
        },
    )


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Where each ends, and who is ahead of whom on the same stream."""
    last = data.x.isel(t=-1)
    found: dict[str, Any] = {}
    for opt in OPTIMIZERS:
        own = last.sel(optimizer=opt)
        found[f"{opt}: last x: mean, least, largest"] = [
            round(float(v), 2) for v in (own.mean(), own.min(), own.max())
        ]
        found[f"{opt}: seeds that end below 0"] = int((own < 0).sum())
    ahead = last.sel(optimizer="adashift") < last.sel(optimizer="amsgrad")
    return found | {
        "seeds where adashift ends below amsgrad": int(ahead.sum()),
        "seeds": data.seed.size,
    }


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """The paths, and beside them where each seed ends."""
    left, right = figure.subplots(1, 2, width_ratios=(3.4, 1), sharey=True)
    for i, opt in enumerate(OPTIMIZERS):
        color, own = style.COLORS[opt], data.x.sel(optimizer=opt)
        style.band(left, own.t, own, color)
        left.plot(data.t, own.isel(seed=LINE), color=color, label=style.LABELS[opt], linewidth=1)
        last = own.isel(t=-1)
        spread = i + 0.5 * ((data.seed + 0.5) / data.seed.size - 0.5)
        right.plot(spread, last, "o", color=color, markersize=3, alpha=0.7, markeredgewidth=0)
        right.plot([i - 0.32, i + 0.32], [last.mean()] * 2, color=style.BLACK, linewidth=1.2)
    for axes in (left, right):
        axes.axhline(0, color=style.GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    style.millions(left, float(data.t[-1]))
    left.set_xlabel("t after the warm-up (millions of steps)")
    left.set_ylabel("$x_t$ (dimensionless)")
    left.set_title("Path of one seed; quartiles and range of all", loc="left")
    left.legend(loc="upper left")
    right.set_title("Where each seed ends", loc="left")
    right.set_xticks(range(len(OPTIMIZERS)), [style.LABELS[opt] for opt in OPTIMIZERS])
    right.set_xlim(-0.5, len(OPTIMIZERS) - 0.5)
    right.set_xlabel("optimizer; line: mean")


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
    """The settings, what is ours, and what is to be seen."""
    f = findings
    return (
        "The synthetic experiment of Zhou et al. (AdaShift, ICLR 2019), run again: f_t(x) ="
        f" {settings['big']:g} x with probability (1 + delta) / {settings['big'] + 1:g}, else -x,"
        f" for any x; delta = {settings['delta']:g} is the mean slope, so that x should fall for"
        f" ever. beta1 = {settings['beta1']:g}, beta2 = {settings['beta2']:g}, constant alpha ="
        f" {settings['lr']:g}, eps = {settings['eps']:g} (invisible here), bias"
        " correction, AMSGrad's maximum after it, AdaShift with a window of"
        f" {settings['window']}; {settings['warm_up']:,} draws at rest to fill the memories, then"
        f" {settings['steps']:,} steps from x = {settings['x0']:g}, the same stream for each"
        " optimizer: all as in the released code. Ours: the streams, and"
        f" {settings['seeds']} of them for one. Adam rises with every seed, to"
        f" {f['adam: last x: mean, least, largest'][0]:.0f} in the mean; the others fall, AdaShift"
        f" further than AMSGrad on {f['seeds where adashift ends below amsgrad']} of"
        f" {f['seeds']} streams."
    )
