"""Five meanings of AMSGrad (Reddi et al., ICLR 2018): the maximum before or after correction."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import xarray
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.config.run_config import Config
from amsgrad.engines.driver import drive
from amsgrad.problems.online import Online
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import compiled, on_grid
from experiments.figures.words import Caption, step_size

SETTINGS = {
    "base": {
        "opt": "amsgrad",
        "problem": "online",
        **Online.published[0].settings,
        "eps": 0.0,
        "lr": 0.525,
        "schedule": "inverse_sqrt",
        "x0": 0.0,
        "dtype": "float64",
        "steps": 10_000_000,
    },
    "semantics": ["paper", "torch", "keras", "labml", "optax"],
    "first_t": [1, 0],
    "points": 300,
}


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run every meaning from both first times, and look at vmax on the way."""
    steps = settings["base"]["steps"]
    at = np.unique(np.geomspace(1, steps, settings["points"]).astype(np.int64))

    def path(first_t: int, semantics: str) -> NDArray[np.float64]:
        config = Config(**settings["base"], first_t=first_t, semantics=semantics)
        engine, pieces = compiled(config), iter(np.diff(at, prepend=0).tolist())
        states = drive(engine, engine.init(), steps, at, piece=lambda: next(pieces))
        return np.transpose(
            [
                (state.memory.vmax, *records.x, *records.average_regret, state.x)
                for state, records in states
            ]
        )

    paths = on_grid(path, settings["first_t"], settings["semantics"])
    vmax, x, average_regret, after = np.moveaxis(paths, 2, 0)
    dims = ("first_t", "semantics", "step")
    return xarray.Dataset(
        {
            "vmax": variable(dims, vmax, "largest second moment so far, vmax_t"),
            "x": variable(dims, x, "iterate x_t"),
            "average_regret": variable(dims, average_regret, "average regret R_t / t"),
            "x_last": variable(dims[:2], after[..., -1], "x after the last step"),
        },
        {
            "first_t": variable("first_t", settings["first_t"], "time t of the first step"),
            "semantics": settings["semantics"],
            "step": variable("step", at, "number of the step", "steps"),
        },
    )


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return the last vmax and x of each meaning, and what vmax does to the steps."""
    last = data.isel(step=-1)
    found: dict[str, Any] = {}
    for first_t, semantics in product(data.first_t.values, data.semantics.values):
        one = last.sel(first_t=first_t, semantics=semantics)
        found[
            f"{semantics}, first t = {first_t}: vmax and x after the last step, average regret"
        ] = [
            round(float(one.vmax), 1),
            round(float(one.x_last), 4),
            round(float(one.average_regret), 5),
        ]
    for first_t in data.first_t.values:
        vmax = last.vmax.sel(first_t=first_t)
        ratio = np.sqrt(vmax.sel(semantics="optax") / vmax.sel(semantics="torch"))
        found[f"steps of torch over steps of optax, first t = {first_t}"] = round(float(ratio), 3)
    return found


LOOKS = {  # drawn in this order: of lines that coincide, the ones below stay visible
    "paper": (style.GREY, "-", 3.2),
    "labml": (style.SKY, "-", 2.0),
    "keras": (style.ORANGE, (0, (4, 3)), 1.6),
    "torch": (style.VERMILLION, (0, (1.5, 1.5)), 1.6),
    "optax": (style.BLUE, "-", 1.6),
}


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw vmax, x_t and R_t/t on a logarithmic axis of steps."""
    panels = layout.panels(figure, 3, 3, 1.8, 2.5)
    first, second = data.first_t.values
    for axes, name, label in zip(
        panels,
        ("vmax", "x", "average_regret"),
        (r"$\hat v_t$", "", "$R_t / t$"),
        strict=True,
    ):
        for semantics, (color, dashes, width) in LOOKS.items():
            axes.plot(data.step, data[name].sel(first_t=first, semantics=semantics), color=color,
                      linestyle=dashes, linewidth=width, label=semantics)  # fmt: skip
        axes.plot(data.step, data[name].sel(first_t=second, semantics="optax"), color=style.BLUE,
                  linestyle=":", linewidth=1.2, label=f"optax, first $t = {second}$")  # fmt: skip
        axes.set_xscale("log")
        axes.set_xlabel("$k$ (steps)")
        axes.set_ylabel(label)
    panels[0].set_yscale("log")
    panels[0].set_ylim(bottom=20)
    style.feasible(panels[1])
    panels[2].set_yscale("log", nonpositive="mask")
    panels[0].set_title("Largest second moment", loc="left")
    panels[1].set_title("Iterate", loc="left")
    panels[2].set_title("Average regret", loc="left")
    four = float(data.vmax.sel(first_t=first, semantics="torch")[-1])
    panels[0].annotate("four curves coincide", (float(data.step[-1]), four), (0, -5), size=8,
                       textcoords="offset points", ha="right", va="top")  # fmt: skip
    layout.legend(figure, panels[0])


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return what the meanings do to the maximum, and to the steps."""
    base = settings["base"]
    ratio = findings["steps of torch over steps of optax, first t = 1"]
    before, *_ = findings["torch, first t = 1: vmax and x after the last step, average regret"]
    first, second = settings["first_t"]
    return Caption(
        "Five meanings of AMSGrad on the online problem of Reddi, Kale and Kumar (ICLR 2018);"
        rf" {step_size(base)}, $\beta_1 = {base['beta1']}$, $\beta_2 = {base['beta2']}$, first"
        f" $t = {first}$ (dotted: {second}).",
        "Paper, labml, keras and torch coincide, but for the paper's early steps: the maximum,"
        f" taken before bias correction, comes to {before:,}. Optax takes it after the correction"
        rf" and keeps the first gradient, $1010^2$, for ever: its steps are {ratio:.2f} times"
        " smaller. Dotted: the first big gradient comes one step later.",
        f"No eps, $x_1 = {base['x0']:g}$, double precision. The curves of labml, keras and torch"
        " are the same to the bit; the paper's rule has no bias correction, and its $x_t$ differs"
        " from theirs up to about step 100,000. The maximum after the correction is the default of"
        r" optax. If the first big gradient comes one step later (dotted, as in the seed program),"
        " the corrected maximum starts at about half of $1010^2$, and this value, too, is never"
        " reached again.",
    )
