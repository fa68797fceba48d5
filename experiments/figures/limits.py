"""The exact limit of the average regret at a constant step (Reddi et al., ICLR 2018), for ever."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amsgrad.config.run_config import Config
from amsgrad.cycles.certificate import Certificate
from amsgrad.cycles.constant_step import failing_step_sizes
from amsgrad.problems.online import Online
from amsgrad.theory.periodic import slopes
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import certified, on_grid
from experiments.figures.words import Caption, two_digits

SETTINGS = {
    "base": {
        "problem": "online",
        "beta1": Online.published[0].settings["beta1"],
        "eps": 0.0,
        "x0": 0.0,
        "dtype": "float64",
    },
    "optimizers": ["adam", "amsgrad"],
    "semantics": ["paper", "torch", "keras", "labml", "optax"],
    "first_t": [1, 0],
    "lrs": [round(float(lr), 7) for lr in np.geomspace(3e-4, 1, 36)],
    "beta2": Online.published[0].settings["beta2"],
    "most_steps": 200_000_000,
    "map_decades": [round(float(d), 3) for d in np.linspace(1, 4, 31)],
    "map_lrs": [round(float(lr), 7) for lr in np.geomspace(1e-3, 3, 15)],
    "map_most_steps": 300_000_000,
}
# the cost of x = +1, per step
STANDING_STILL = float(slopes(Online()).mean()) * (Online.upper - Online().x_star)


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Certify every run; check each certificate by the reference engine."""

    def one(opt: str, semantics: str, first_t: int, lr: float) -> Certificate | None:
        own = {"opt": opt, "semantics": semantics, "first_t": first_t, "lr": lr}
        config = Config(**settings["base"], beta2=settings["beta2"], **own)
        return certified(config, settings["most_steps"])

    def failing(decades: float) -> tuple[float, float]:
        config = Config(
            **settings["base"], beta2=1 - 10.0**-decades, opt="adam", semantics="paper", first_t=1
        )
        ranges = failing_step_sizes(
            lambda lr: certified(config.with_numbers({"lr": lr}), settings["map_most_steps"]),
            config.make_problem(),
            settings["map_lrs"],
        )
        (ends,) = ranges or [(np.nan, np.nan)]  # there is one range at most
        return ends

    axes = (settings[name] for name in ("optimizers", "semantics", "first_t", "lrs"))
    found = on_grid(one, *axes)
    edges = on_grid(failing, settings["map_decades"])

    def column(attribute: str, long_name: str) -> Any:
        values = [np.nan if one is None else getattr(one, attribute) for one in found.flat]
        dims = ("optimizer", "semantics", "first_t", "lr")
        return variable(dims, np.reshape(values, found.shape), long_name)

    return xarray.Dataset(
        {
            "limit": column("limit", "limit of the average regret R_T / T"),
            "lowest": column("lowest", "least x_t on the cycle"),
            "highest": column("highest", "largest x_t on the cycle"),
            "start": column("start", "steps before the cycle"),
            "length": column("length", "steps of the cycle"),
            "fails_from": variable("decades", edges[:, 0], "least step size found to fail"),
            "fails_to": variable("decades", edges[:, 1], "largest step size that fails"),
        },
        {
            "optimizer": settings["optimizers"],
            "semantics": settings["semantics"],
            "first_t": variable("first_t", settings["first_t"], "time t of the first step"),
            "lr": variable("lr", settings["lrs"], "constant step size alpha"),
            "decades": variable("decades", settings["map_decades"], "-log10(1 - beta2)"),
        },
    )


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return the limits at a few step sizes, and the step sizes with which Adam fails."""
    found: dict[str, Any] = {
        "certificates found and checked": int(data.limit.notnull().sum()),
        "of": int(data.limit.size),
        "lengths of the cycles (steps)": sorted(
            {int(n) for n in data.length.values.ravel() if n > 0}
        ),
        "most steps before a cycle": int(data.start.max()),
    }
    raw = [name for name in data.semantics.values if name != "optax"]
    for opt in data.optimizer.values:
        own = data.limit.sel(optimizer=opt, semantics=raw)
        found[f"{opt}: least and largest limit over all step sizes, all semantics but optax"] = [
            round(float(own.min()), 6), round(float(own.max()), 4)
        ]  # fmt: skip
        spread = (
            own.max(("semantics", "first_t")) - own.min(("semantics", "first_t"))
        ) / own.mean()
        found[f"{opt}: largest difference between those semantics, relative"] = two_digits(
            spread.max()
        )
    at = data.sel(optimizer="amsgrad").isel(lr=0)
    for first_t in data.first_t.values:
        one = at.sel(first_t=first_t)
        ratio = one.limit.sel(semantics="torch") / one.limit.sel(semantics="optax")
        found[f"amsgrad, alpha = {float(at.lr)}: limit of torch over limit of optax, first t ="
              f" {first_t}"] = round(float(ratio), 3)  # fmt: skip
    fails = data.fails_to.dropna("decades")
    found["largest beta2 tried at which some constant step fails"] = round(
        1 - 10.0 ** -float(fails.decades[-1]), 6
    )
    found["largest step size that fails, at least and at most over beta2"] = [
        round(float(fails.min()), 4), round(float(fails.max()), 4)
    ]  # fmt: skip
    return found


LINES = [  # optimizer, semantics, first t, label, colour, dashes
    ("adam", "torch", 1, "Adam, all semantics", style.BLUE, "-"),
    ("amsgrad", "torch", 1, "AMSGrad, all but optax", style.VERMILLION, "-"),
    ("amsgrad", "optax", 1, "optax, first $t = 1$", style.ORANGE, (0, (4, 2))),
    ("amsgrad", "optax", 0, "optax, first $t = 0$", style.PURPLE, (0, (1.5, 1.5))),
]


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw the limits, the orbits, and the step sizes with which Adam fails."""
    left, middle, right = layout.panels(figure, 3, 3, 1.8, 2.5)
    for opt, semantics, first_t, label, color, dashes in LINES:
        own = data.sel(optimizer=opt, semantics=semantics, first_t=first_t)
        left.loglog(data.lr, own.limit, color=color, linestyle=dashes, label=label)
        if semantics == "torch":
            middle.fill_between(data.lr, own.lowest, own.highest, color=color, alpha=0.35,
                                linewidth=0.8)  # fmt: skip
    left.axhline(STANDING_STILL, color=style.GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    left.set_ylabel("limit of $R_T / T$")
    left.set_title("Average regret for ever", loc="left")
    middle.set_xscale("log")
    style.feasible(middle)
    middle.set_title("Range of $x_t$ for ever", loc="left")
    for axes in (left, middle):
        axes.set_xlabel(r"constant $\alpha$")
    _failures(right, data)
    layout.letters((left, middle, right))
    layout.legend(figure, left)


def _failures(axes: Axes, data: xarray.Dataset) -> None:
    top = float(data.fails_to.max()) * 3
    axes.fill_between(data.decades, data.fails_from, data.fails_to, color=style.BLUE, alpha=0.35,
                      linewidth=0.8)  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylim(float(data.fails_from.min()), top)
    axes.set_xlim(float(data.decades[0]), float(data.decades[-1]))
    axes.set_xlabel(r"$-\log_{10}(1 - \beta_2)$")
    axes.set_ylabel(r"constant $\alpha$")
    axes.set_title("Where Adam fails", loc="left")
    axes.text(0.35, 0.4, "nearer to +1", transform=axes.transAxes, color=style.BLACK, ha="center")


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the settings, and what can be seen."""
    base, f = settings["base"], findings
    last = f["largest beta2 tried at which some constant step fails"]
    return Caption(
        "The online problem of Reddi, Kale and Kumar (ICLR 2018) at a constant step size;"
        rf" $\beta_1 = {base['beta1']}$, $\beta_2 = {settings['beta2']}$ (c: over $\beta_2$).",
        "The average regret of neither optimizer vanishes. AMSGrad's is proportional to $\\alpha$,"
        " until its orbit fills $[-1, 1]$; Adam's tends to the cost of standing still at $+1$"
        f" (dashed). Every point is exact: {f['certificates found and checked']} of {f['of']} runs"
        " repeat, bit for bit.",
        f"No eps, $x_1 = {base['x0']:g}$, double precision. The state of each run came back bit for"
        " bit, and the certificate of this was checked by plain arithmetic. (c) The step sizes"
        r" at which Adam's orbit lies nearer to $+1$ than to $-1$, from $\alpha ="
        f" {settings['map_lrs'][0]:g}$ on; the last such $\\beta_2$ of those tried is {last}. Above"
        " them the orbit fills $[-1, 1]$.",
    )
