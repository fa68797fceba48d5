"""Why the meaning of AMSGrad matters for ever: the maximum before or after bias correction."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.engines.compiled import Compiled
from amsgrad.engines.base import Records, Setup
from amsgrad.problems.online import Online
from amsgrad.rules.amsgrad import amsgrad
from amsgrad.schedules import inverse_sqrt
from experiments.figures import style
from experiments.figures.runs import hold, on_all_cores, variable

SETTINGS = {
    "opt": "amsgrad",
    "semantics": ["paper", "torch", "keras", "labml", "optax"],
    "eps": 0.0,
    "first_t": [1, 0],
    "beta1": 0.9,
    "beta2": 0.99,
    "lr": 0.525,
    "x0": 0.0,
    "steps": 10_000_000,
    "points": 300,
}
INCHES = (7.2, 2.5)


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run every meaning from both first times, looking at vmax on the way."""
    at = np.unique(np.geomspace(1, settings["steps"], settings["points"]).astype(np.int64))
    cases = list(product(settings["first_t"], settings["semantics"]))

    def path(case: tuple[int, str]) -> tuple[NDArray[np.float64], Records]:
        first_t, semantics = case
        betas = {name: settings[name] for name in ("beta1", "beta2", "eps")}
        rule = amsgrad(**betas, semantics=semantics)
        lr, x0 = settings["lr"], settings["x0"]
        setup = Setup(Online(), lr, inverse_sqrt, first_t=first_t, x0=x0, dtype=np.float64)
        engine = Compiled(setup, rule)
        hold(engine, setup, rule)
        state, parts, vmax = engine.init(), [], []
        for k in at:
            state, records = engine.advance(state, int(k) - state.steps, np.array([k]))
            parts.append(records)
            vmax.append(state.memory.vmax)
        return np.array(vmax), Records.join(parts)

    paths = on_all_cores(path, cases)
    shape = (len(settings["first_t"]), len(settings["semantics"]), at.size)
    dims = ("first_t", "semantics", "step")

    def column(values: list[NDArray[np.float64]], long_name: str) -> Any:
        return variable(dims, np.reshape(values, shape), long_name)

    return xarray.Dataset(
        {
            "vmax": column([vmax for vmax, _ in paths], "largest second moment so far, vmax_t"),
            "x": column([records.x for _, records in paths], "iterate x_t"),
            "average_regret": column(
                [records.average_regret for _, records in paths], "average regret R_t / t"
            ),
        },
        {
            "first_t": variable("first_t", settings["first_t"], "time t of the first step"),
            "semantics": settings["semantics"],
            "step": variable("step", at, "number of the step", "steps"),
        },
    )


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """The last vmax of each meaning, and what it does to the steps."""
    last = data.isel(step=-1)
    found: dict[str, Any] = {}
    for first_t, semantics in product(data.first_t.values, data.semantics.values):
        one = last.sel(first_t=first_t, semantics=semantics)
        found[f"{semantics}, first t = {first_t}: vmax, x, average regret"] = [
            round(float(one.vmax), 1), round(float(one.x), 4), round(float(one.average_regret), 5)
        ]  # fmt: skip
    for first_t in data.first_t.values:
        vmax = last.vmax.sel(first_t=first_t)
        ratio = np.sqrt(vmax.sel(semantics="optax") / vmax.sel(semantics="torch"))
        found[f"steps of torch over steps of optax, first t = {first_t}"] = round(float(ratio), 3)
    return found


LOOKS = {  # drawn in this order, so that those which coincide show through one another
    "paper": (style.GREY, "-", 3.2),
    "labml": (style.SKY, "-", 2.0),
    "keras": (style.ORANGE, (0, (4, 3)), 1.6),
    "torch": (style.VERMILLION, (0, (1.5, 1.5)), 1.6),
    "optax": (style.BLUE, "-", 1.6),
}


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """vmax, x and R_t/t on a logarithmic axis of steps."""
    panels = figure.subplots(1, 3)
    for axes, name, label in zip(
        panels,
        ("vmax", "x", "average_regret"),
        (r"$\hat v_t$ (dimensionless)", "", "$R_t / t$ (dimensionless)"),
        strict=True,
    ):
        _lines(axes, data, name)
        axes.set_xscale("log")
        axes.set_xlabel("step")
        axes.set_ylabel(label)
    panels[0].set_yscale("log")
    panels[0].set_ylim(bottom=20)
    style.feasible(panels[1])
    panels[2].set_yscale("log", nonpositive="mask")
    panels[0].set_title("Largest second moment", loc="left")
    panels[1].set_title("Iterate", loc="left")
    panels[2].set_title("Average regret", loc="left")
    panels[0].legend(loc="lower right", fontsize=7.5, labelspacing=0.25, handlelength=2.4)


def _lines(axes: Axes, data: xarray.Dataset, name: str) -> None:
    first, second = data.first_t.values
    for semantics, (color, dashes, width) in LOOKS.items():
        values = data[name].sel(first_t=first, semantics=semantics)
        axes.plot(
            data.step, values, color=color, linestyle=dashes, linewidth=width, label=semantics
        )
    other = data[name].sel(first_t=second, semantics="optax")
    axes.plot(data.step, other, color=style.BLUE, linestyle=":", linewidth=1.2,
              label=f"optax, first t = {second}")  # fmt: skip


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
    """The settings and what is to be seen."""
    ratio = findings["steps of torch over steps of optax, first t = 1"]
    return (
        "Five meanings of AMSGrad on the online problem of Reddi, Kale and Kumar (ICLR 2018),"
        f" alpha_t = {settings['lr']} / sqrt(t), betas ({settings['beta1']}, {settings['beta2']}),"
        f" no eps, x_1 = {settings['x0']:g}, first t = {settings['first_t'][0]} but for the dotted"
        " line. The first gradient is 1010. optax by default takes the maximum after bias"
        " correction, so that it holds 1010^2 for ever; the others take it before, and come to"
        f" {findings['torch, first t = 1: vmax, x, average regret'][0]:,}. From then on optax's"
        f" steps are {ratio:.2f} times smaller. If the first big"
        " gradient comes one step later (dotted, as in the seed program), the corrected maximum"
        " starts at about half of that, and again is never reached afterwards."
    )
