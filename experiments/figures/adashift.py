"""The synthetic experiment of Zhou et al. (AdaShift, ICLR 2019): x falls for ever, but not Adam's.

All settings are those of the released code, stochastic_counter.py, whose first figure is this one.
It adds eps to v inside the root, and so does our AdaShift; our Adam and AMSGrad add it outside.
With gradients of 1 and 101 that changes their steps by less than 1e-8 of themselves. The released
code draws means over blocks of 10,000 steps of one seed. Drawn here is x_t at each 10,000th step of
many seeds.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.config.run_config import Config
from amsgrad.engines.driver import run_to
from amsgrad.problems.adashift import AdaShift
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import batch, on_grid
from experiments.figures.words import Caption, mean_and_range, step_size

SETTINGS = {
    "optimizers": ["adam", "amsgrad", "adashift"],
    "base": {
        "problem": "adashift",
        **AdaShift.published[0].settings,
        "schedule": "constant",
        "first_t": 1,
        "dtype": "float64",
    },
    "warm_up": 10_000,
    "every": 10_000,
    "seeds": 32,
}


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run the optimizers on the same streams: first at rest, to fill their memory, then free."""
    warm_up, every, seeds = (settings[name] for name in ("warm_up", "every", "seeds"))
    at = np.arange(every, settings["base"]["steps"] + 1, every)

    def path(opt: str) -> NDArray[np.float64]:
        config = Config(**settings["base"], opt=opt)
        warm, _ = run_to(batch(config.with_numbers({"lr": 0.0}), seeds), warm_up)
        end = warm_up + config.steps
        last, records = run_to(batch(config, seeds), end, warm_up + at, warm)
        return np.vstack([records.x, last.x]).T

    x = on_grid(path, settings["optimizers"])
    dims = ("optimizer", "seed")
    return xarray.Dataset(
        {
            "x": variable((*dims, "t"), x[..., :-1].astype(np.float32), "x_t"),
            "x_last": variable(dims, x[..., -1], "x after the last step"),
        },
        {
            "optimizer": settings["optimizers"],
            "seed": variable("seed", np.arange(seeds), "seed of the draws"),
            "t": variable("t", at, "time t after the warm-up", "steps"),
        },
    )


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return where each ends, and how often AdaShift is ahead of AMSGrad on the same stream."""
    found: dict[str, Any] = {}
    for opt in data.optimizer.values:
        own = data.x_last.sel(optimizer=opt)
        found[f"{opt}: x after the last step: mean, least, largest"] = mean_and_range(own, 2)
        found[f"{opt}: seeds that end below 0"] = int((own < 0).sum())
    ahead = data.x_last.sel(optimizer="adashift") < data.x_last.sel(optimizer="amsgrad")
    return found | {
        "seeds where adashift ends below amsgrad": int(ahead.sum()),
        "seeds": data.seed.size,
    }


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw the paths, and beside them where each seed ends."""
    left, right = layout.panels(figure, 2, 2, 2.5, 3.2, width_ratios=(2.2, 1.3), sharey=True)
    for i, opt in enumerate(data.optimizer.values):
        color, label, own = style.COLORS[opt], style.LABELS[opt], data.sel(optimizer=opt)
        median = style.band(left, own.t, own.x, color)
        left.plot(own.t, median, color=color, label=label, linewidth=1)
        spread = i + 0.5 * ((own.seed + 0.5) / own.seed.size - 0.5)
        right.plot(spread, own.x_last, "o", color=color, markersize=3, alpha=0.7,
                   markeredgewidth=0)  # fmt: skip
        mean = [float(own.x_last.mean())] * 2
        right.plot([i - 0.32, i + 0.32], mean, color=style.BLACK, linewidth=1.2)
    for axes in (left, right):
        axes.axhline(0, color=style.GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    style.millions(left, float(data.t[-1]))
    left.set_xlabel("$t$ after the warm-up (millions of steps)")
    left.set_ylabel("$x_t$")
    left.set_title("Over time", loc="left")
    right.set_title("At the end", loc="left")
    labels = [style.LABELS[opt] for opt in data.optimizer.values]
    right.set_xticks(range(len(labels)), labels)
    right.set_xlim(-0.5, len(labels) - 0.5)
    layout.letters((left, right))
    layout.legend(figure, left)


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the problem, and where each goes."""
    base, f = settings["base"], findings
    rise, *_ = f["adam: x after the last step: mean, least, largest"]
    return Caption(
        "The synthetic experiment of Zhou et al. (AdaShift, ICLR 2019), run again:"
        rf" $f_t(x) = {base['big']:g} x$ with probability $(1 + \delta)/{base['big'] + 1:g}$, else"
        rf" $-x$; its mean slope is $\delta = {base['delta']:g}$, so $x$ should fall for ever."
        rf" $\beta_1 = {base['beta1']:g}$, $\beta_2 = {base['beta2']:g}$, {step_size(base)},"
        f" {settings['seeds']} seeds: (a) median, quartiles, range; (b) each, and mean.",
        f"Adam rises with every seed, to {rise:.0f} in the mean. The others fall, AdaShift further"
        f" than AMSGrad on {f['seeds where adashift ends below amsgrad']} of {f['seeds']} streams.",
        f"$x$ is not bounded. eps is {base['eps']:g} (too small to be seen), with bias correction,"
        f" AMSGrad's maximum after it, AdaShift with a window of {base['window']};"
        f" {settings['warm_up']:,} draws at rest to fill the memories, then {base['steps']:,} steps"
        f" from $x = {base['x0']:g}$, the same stream for each optimizer. All this is as in the"
        f" released code. Our choices: the streams, and {settings['seeds']} of them where the"
        " released code has one.",
    )
