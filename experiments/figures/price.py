"""The price of a rule over the period (ours; for the regret of Reddi et al., ICLR 2018).

How unlevel may P losses be although a rule goes the wrong way? `amsgrad/search/price.py` defines
the price and seeks it; each point is a counterexample in whole slopes that is proved.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.rules import RULES
from amsgrad.search.price import costs
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import in_processes
from experiments.figures.words import Caption, two_digits

SETTINGS = {
    "rules": {
        "rmsprop": {},
        "adam": {"beta1": 0.9, "eps": 1e-8},
        "adopt": {},
        "adashift": {},
        "acprop": {},
    },
    "beta2": [0.9, 0.99, 0.999, 0.9999],
    "periods": [3, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560],
    "longest": 30.0,  # P (1 - beta2)
    "shape_beta2": 0.99,
    "shape_points": 400,
}
SHAPES = (40, 160, 1280)  # the periods of those that are drawn
NAMES = {"rmsprop": "RMSprop", **style.LABELS}
LOOKS = (("o", style.SKY), ("s", style.BLUE), ("^", style.PURPLE), ("v", style.BLACK))  # by beta2
SHADES = ("0.65", "0.4", "0.0")  # of the shapes
LAW = "RMSprop, ADOPT, P >= 40, P (1 - beta2) <= 0.5: price / (P (1 - beta2)), least and largest"
LATE = "AdaShift, Adam, P >= 640, P (1 - beta2) <= 0.5: the same"
ADAM = "beta2 = 0.999, P = 3: price of Adam over that of RMSprop"
WORST = "ACProp: largest price / (P (1 - beta2))"
COUNT, LARGEST = "counterexamples, each proved", "largest price"


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Seek the price at every period, beginning from the slopes of the one before; prove it."""
    rules, betas2, periods = (settings[name] for name in ("rules", "beta2", "periods"))
    place = (np.arange(settings["shape_points"]) + 0.5) / settings["shape_points"]
    cases = [
        (
            RULES[opt].form_with(**own, beta2=beta2),
            [period for period in periods if period * (1 - beta2) <= settings["longest"]],
        )
        for opt, own in rules.items()
        for beta2 in betas2
    ]
    found = np.full((len(cases), len(periods), 1 + place.size), np.nan)
    for rows, costly in zip(found, in_processes(costs, cases), strict=True):
        for row, one in zip(rows, costly, strict=False):
            if one is not None:
                row[:] = one.price, *_shape(one.slopes, place)
    found = found.reshape(len(rules), len(betas2), *found.shape[1:])
    shown = betas2.index(settings["shape_beta2"])
    dims = ("rule", "beta2", "period")
    return xarray.Dataset(
        {
            "price": variable(dims, found[..., 0], "largest S / (P max|g|) found, proved"),
            "shape": variable(
                ("rule", "period", "place"),
                found[:, shown, :, 1:].astype(np.float32),
                "slopes of that, at shape_beta2",
            ),
            "shape_beta2": variable((), settings["shape_beta2"], "beta2 of the shapes"),
        },
        {
            "rule": list(rules),
            "beta2": variable("beta2", betas2, "beta2"),
            "period": variable("period", periods, "P: the period", "steps"),
            "place": variable("place", place, "part of the period after the jump up"),
        },
    )


def _shape(slopes: list[int], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return slopes from their jump up on, over the largest, at these parts of the period."""
    g = np.array(slopes) / np.abs(slopes).max()
    jump = np.argmax(g - np.roll(g, 1))
    return np.asarray(np.roll(g, -jump)[(place * g.size).astype(int)])


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return how the price grows with the period."""
    time = data.period * (1 - data.beta2)
    ratio, three = data.price / time, data.price.sel(beta2=0.999, period=3)
    slow = ratio.sel(rule=["rmsprop", "adopt"]).where((data.period >= 40) & (time <= 0.5))
    late = ratio.sel(rule=["adashift", "adam"]).where((data.period >= 640) & (time <= 0.5))
    return {
        COUNT: int(data.price.notnull().sum()),
        LAW: [round(float(end), 4) for end in (slow.min(), slow.max())],
        LATE: [round(float(end), 4) for end in (late.min(), late.max())],
        ADAM: two_digits(three.sel(rule="adam") / three.sel(rule="rmsprop")),
        WORST: round(float(ratio.sel(rule="acprop").max()), 3),
        LARGEST: two_digits(data.price.max()),
    }


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw the price of each rule, and the slopes that cost RMSprop the most."""
    *panels, last = layout.panels(figure, data.rule.size + 1, 3, 1.8, 1.9)
    for axes, rule in zip(panels, data.rule.values, strict=True):
        for beta2, (marker, color) in zip(data.beta2.values, LOOKS, strict=False):
            own = data.price.sel(rule=rule, beta2=beta2).dropna("period")
            axes.loglog(
                own.period * (1 - beta2), own, marker=marker, color=color, markersize=3,
                linewidth=0.8, label=rf"$\beta_2 = {beta2:g}$",
            )  # fmt: skip
        times = np.array([0.0002, 40.0])
        axes.plot(times, findings(data)[LAW][0] * times, color=style.GREY, linewidth=0.8,
                  linestyle=(0, (4, 3)), zorder=0)  # fmt: skip
        axes.set_xlim(*times)
        axes.set_ylim(3e-7, 1)
        axes.set_title(NAMES[rule], loc="left")
        axes.set_xlabel(r"$P (1 - \beta_2)$")
        axes.set_ylabel("price")
    _draw_shapes(data, last)
    layout.letters([*panels, last])
    layout.legend(figure, panels[0])


def _draw_shapes(data: xarray.Dataset, axes: Axes) -> None:
    for period, shade in zip(SHAPES, SHADES, strict=True):
        if period in data.period.values:
            slopes = data["shape"].sel(rule="rmsprop", period=period)
            axes.plot(data.place, slopes, color=shade, linewidth=1,
                      label=f"{period * (1 - float(data.shape_beta2)):.2g}")  # fmt: skip
    axes.set_ylim(-1.1, 1.1)
    axes.set_title("RMSprop, slopes", loc="left")
    axes.set_xlabel("part of the period")
    axes.set_ylabel("$g_i / \\max |g|$")
    axes.legend(title=r"$P (1 - \beta_2)$", title_fontsize=7, fontsize=7, loc="upper right")


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return what the price is, and its law."""
    f, (least, most) = findings, findings[LAW]
    return Caption(
        "The price of a rule (ours): the largest mean of $P$ slopes in $[-1, 1]$, in cyclic order,"
        " with which it goes to the wrong end of $[-1, 1]$; the average regret (Reddi, Kale and"
        " Kumar, ICLR 2018) is twice that.",
        f"Each of {f[COUNT]} points is proved. All but ACProp come to {least:g} $P (1 - \\beta_2)$"
        " (dashed). Momentum helps where $P$ is short beside $1/(1 - \\beta_1)$: at $P = 3$"
        f" Adam's price is {f[ADAM]:g} of RMSprop's.",
        f"Adam has $\\beta_1 = {settings['rules']['adam']['beta1']:g}$; other options are the"
        " published ones. The largest mean is sought by sequential quadratic programming and may be"
        " missed: points are lower bounds. The slopes are whole numbers up to $10^9$, beside which"
        " eps does nothing; the sign of the mean step $D$ is proved by interval arithmetic. For $P$"
        f" from 40 on and $P (1 - \\beta_2)$ up to 0.5 the price of RMSprop and ADOPT is {least:g}"
        f" to {most:g} times $P (1 - \\beta_2)$; ACProp's is at most {f[WORST]:g} times. (f) The"
        f" slopes, from their jump up on, at $\\beta_2 = {settings['shape_beta2']:g}$; long periods"
        " are 40 constant pieces. ADOPT's convergence theorem (Taniguchi et al., NeurIPS 2024)"
        " assumes independent gradients, which these are not. Yogi has no closed form and is left"
        " out.",
    )
