"""ACProp (Zhuang et al., NeurIPS 2021): where Adam, AdaShift and ACProp converge."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import xarray
from matplotlib.figure import Figure

from amsgrad.problems.acprop1 import ACProp1
from experiments.figures import maps, style
from experiments.figures.words import Caption, step_size
from experiments.sweeps.in_memory import compute_sweep

SETTINGS = {  # a sweep, as its file would hold it
    "base": {
        "beta1": 0.9,
        "eps": 1e-8,
        "semantics": "torch",  # Adam
        "window": 1,  # AdaShift
        **ACProp1.published[0].settings,
        "lr": 1.0,
        "first_t": 1,
        "x0": 0.5,
        "dtype": "float64",
        "steps": 200_000,
    },
    "axes": {
        "problem": ["acprop1", "acprop2"],
        "opt": ["adam", "adashift", "acprop"],
        "beta2": maps.betas(4, 41),
        "period": list(range(4, 51, 2)),
    },
    "keep": ["x"],
}
TITLES = {"acprop1": "first", "acprop2": "second"}
NEAR = 0.1  # x + 1 at which a run counts as converged


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run every beta2 and period with each rule on both problems."""
    x: xarray.DataArray = compute_sweep(settings).x
    return x.to_dataset()


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return the share of the map in which each rule converges."""
    found: dict[str, Any] = {"runs per map": data.period.size * data.beta2.size}
    for problem, opt in product(data.problem.values, data.opt.values):
        near = data.x.sel(problem=problem, opt=opt) < NEAR - 1
        found[f"{problem}, {opt}: share that ends within {NEAR} of -1"] = round(
            float(near.mean()), 3
        )
    return found


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw a map for each rule and problem."""
    label = "$x$ after the last step"
    for axes, (problem, opt) in maps.draw(figure, data.x, label, vmin=-1, vmax=1):
        axes.set_title(f"{style.LABELS[opt]}, {TITLES[problem]}", loc="left")


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the problems, and what can be seen."""
    base = settings["base"]
    return Caption(
        "The two problems of ACProp (Zhuang et al., NeurIPS 2021) on $[-1, 1]$. First: $P x$ if $t$"
        " mod $P = 1$, else $-x$. Second: $(P/2) x$ if $t$ mod $P = 1$, $-x$ if $t$ mod $P = P -"
        f" 2$, else 0. Drawn is $x$ after {base['steps']:,} steps, {step_size(base)}.",
        "Purple: near $x^* = -1$. AdaShift and ACProp converge where Adam does not on the first"
        " problem; AdaShift fails on the second.",
        "The problems and the rule of ACProp are stated from memory (unverified). Our choices:"
        rf" the step size, $\beta_1 = {base['beta1']:g}$, eps {base['eps']:g},"
        f" $x_1 = {base['x0']:g}$, {findings['runs per map']:,} runs per map, Adam with bias"
        f" correction, AdaShift with a window of {base['window']}.",
    )
