"""The boundary of Adam's failure (Reddi et al., ICLR 2018): the sign of the drift, and long runs.

What is drawn is computed without a run (`amsgrad/theory`); the runs only check it. On these
problems m and v do not depend on x, so the end to which x goes depends on neither alpha nor x_1.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from amsgrad.config.run_config import Config
from amsgrad.engines.driver import run_to
from amsgrad.problems.online import Online
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.theory.boundary import beta2_of, boundary
from amsgrad.theory.drift import drift
from amsgrad.theory.instances import failing_period, theorem2_period
from amsgrad.theory.periodic import slopes
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import compiled, on_grid
from experiments.figures.words import Caption, step_size, two_digits

SETTINGS = {
    "base": {
        "opt": "adam",
        "semantics": "paper",
        "eps": 0.0,
        "lr": 5.0,
        "schedule": "inverse_sqrt",
        "first_t": 1,
        "x0": 0.0,
        "dtype": "float64",
        "steps": 4_000_000,
    },
    "beta1": [0.0, 0.9, 0.99],
    "periods": list(range(2, 101)),
    "run_periods": [[3, 5, 8, 13, 22, 38, 66], [10, 17, 29, 50, 87], [24, 33, 44, 60, 78]],
    "decades": [4.0, 4.6],  # of 1 - beta1 and 1 - beta2, for Figure 1's problem
    "points": [201, 241],  # of the map of its drift
    "run_every": [0.25, 0.25],
    "offset": 0.08,  # decades of 1 - beta2 between a boundary and the runs beside it
}
ARRIVED = 0.5  # a run with |x| above this at its end has gone to an end of F
FIGURE1 = Online.published[0].settings["beta1"], Online.published[0].settings["beta2"]
DEFAULT = (0.9, 0.999)  # the betas of most libraries
CONVERGES, FAILS = style.GREEN, style.ORANGE
DARK = {CONVERGES: "#004D38", FAILS: "#A33B00"}  # on their own tints
# which of the C that fail has the label of the line, and on which side
LEFT: Any = {"xytext": (-7, 5), "ha": "right", "va": "bottom"}
NOSE: Any = {"xytext": (6, -2), "ha": "left", "va": "center"}
RIGHT: Any = {"xytext": (9, -7), "ha": "left", "va": "top"}
LABELS = ((12, LEFT), (0, NOSE), (11, RIGHT))

STAR = "Figure 1's problem, beta1 = 0.9: beta2*"
RE_ENTRANT = "C = 30, beta1 = 0.99: beta2 between which Adam fails"
SMALLEST = "betas 0.9, 0.99: C from which Adam fails, and C of Theorem 2"


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Compute the boundaries and the map, and the runs beside them."""
    betas1, periods = settings["beta1"], settings["periods"]
    least, most = np.moveaxis(on_grid(_failing_range, betas1, periods), -1, 0)
    last_w, last_z = settings["decades"]
    some_w, some_z = (np.linspace(0, 1, points) for points in settings["points"])
    w, z = last_w * some_w, last_z * some_z**2  # near beta2 = 0, D changes as the root of z does
    total = drift(slopes(Online()), beta2_of(w), beta2_of(z)).total / Online().period

    runs = [*_runs_by_period(settings), *_runs_on_figure1(settings)]
    beta1, beta2 = ([run.rule_options[name] for run in runs] for name in ("beta1", "beta2"))
    goes_to = [
        int(drift(slopes(run.make_problem()), *betas).goes_to)
        for run, *betas in zip(runs, beta1, beta2, strict=True)
    ]
    x = on_grid(lambda run: run_to(compiled(run), run.steps)[0].x, runs)
    dims, of = ("beta1", "period"), "for which x goes to +1, t mod C"
    return xarray.Dataset(
        {
            "least": variable(dims, least, f"least beta2 {of}"),
            "most": variable(dims, most, f"largest beta2 {of}"),
            "drift": variable(("w", "z"), total.astype(np.float32), "D / P on Figure 1's problem"),
            "run_period": variable("run", [run.make_problem().period for run in runs],
                                   "period of a run"),
            "run_figure1": variable("run", [int(run.problem == "online") for run in runs],
                                    "whether a run is on Figure 1's problem"),
            "run_beta1": variable("run", beta1, "beta1 of a run"),
            "run_beta2": variable("run", beta2, "beta2 of a run"),
            "run_goes_to": variable("run", goes_to, "end by the drift"),
            "run_x": variable("run", x, "x after the last step"),
        },
        {
            "beta1": variable("beta1", betas1, "beta1"),
            "period": variable("period", periods, "C: the period, and the rare slope"),
            "w": variable("w", w, "-log10(1 - beta1)"),
            "z": variable("z", z, "-log10(1 - beta2)"),
        },
    )  # fmt: skip


def _failing_range(beta1: float, period: int) -> tuple[float, float]:
    """Return the least and the largest beta2 for which x goes to +1; NaN where there is none."""
    found = boundary(slopes(Theorem2(period)), beta1)
    begins = np.array([0.0, *found.beta2])[found.goes_to == 1]
    ends = found.beta2[found.goes_to[:-1] == 1]
    if not begins.size:
        return np.nan, np.nan
    (least,), (most,) = begins, ends  # one range of beta2 at most
    return least, most


def _runs_by_period(settings: Mapping[str, Any]) -> list[Config]:
    """Return the runs on either side of each boundary, t mod C."""
    return [
        run.with_numbers({"beta2": float(beta2_of(z))})
        for beta1, periods in zip(settings["beta1"], settings["run_periods"], strict=True)
        for period in periods
        for run in [Config(**settings["base"], problem="theorem2", period=period, beta1=beta1)]
        for z in _beside(run, settings["offset"])
    ]


def _runs_on_figure1(settings: Mapping[str, Any]) -> list[Config]:
    """Return the runs on either side of each boundary, and on a grid where that is not near."""
    offset, runs = settings["offset"], []
    some_w, some_z = (
        np.arange(0, last + every / 2, every)
        for last, every in zip(settings["decades"], settings["run_every"], strict=True)
    )
    for beta1 in beta2_of(some_w).tolist():
        run = Config(**settings["base"], problem="online", beta1=beta1)
        beside = _beside(run, offset)
        grid = [z for z in some_z if (np.abs(beside - z) > 1.5 * offset).all()]
        runs += [run.with_numbers({"beta2": float(beta2_of(z))}) for z in (*beside, *grid)]
    return runs


def _beside(run: Config, offset: float) -> NDArray[np.float64]:
    at = style.decades(boundary(slopes(run.make_problem()), run.rule_options["beta1"]).beta2)
    both = np.concatenate([at - offset, at + offset])
    return both[both >= 0]


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return the numbers of the boundary, and how many runs went where it says."""
    x, said = data.run_x.values, data.run_goes_to.values
    highest = float(data.w[(data.drift < 0).any("z")].max())
    went = np.where(np.abs(x) > ARRIVED, np.sign(x), 0)
    found: dict[str, Any] = {
        STAR: _star(Online(), 0.9, 6),
        "Figure 1's problem: 1 - beta1 below which Adam fails for no beta2": two_digits(
            10**-highest
        ),
        "C = 10, beta1 = 0: beta2*": _star(Theorem2(10), 0.0, 4),
        RE_ENTRANT: _star(Theorem2(30), 0.99, 4),
        "runs": x.size,
        "runs that went where the drift says": int((went == said).sum()),
        "runs that went to the other end": int((went == -said).sum()),
        "runs that are not at an end yet": int((went == 0).sum()),
        "largest distance of x from the end after the last step": round(
            float(np.abs(x - said).max()), 3
        ),
        SMALLEST: [failing_period(*FIGURE1), theorem2_period(*FIGURE1)],
    }
    for beta1 in data.beta1.values:
        own = data.sel(beta1=beta1)
        for what, chosen in (("fails for some beta2", own.most > 0), ("re-entrant", own.least > 0)):
            at = own.period.values[chosen.values]
            span = [int(at.min()), int(at.max())] if at.size else None
            found[f"t mod C, beta1 = {beta1:g}, C up to {own.period.values[-1]}: {what}"] = span
    return found


def _star(problem: Online | Theorem2, beta1: float, digits: int) -> Any:
    beta2 = boundary(slopes(problem), beta1).beta2.round(digits).tolist()
    return beta2[0] if len(beta2) == 1 else beta2


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw the boundary over the period, and over beta1; beta2 goes upwards in both."""
    left, right = layout.panels(figure, 2, 2, 2.5, 3.6, sharey=True)
    _draw_periods(data, left)
    _draw_figure1(data, right)
    style.beta_axis(left.yaxis, 2, float(data.z[-1]))
    left.set_ylim(0, float(data.z[-1]))
    layout.letters((left, right))
    layout.legend(figure, left)


def _draw_periods(data: xarray.Dataset, axes: Axes) -> None:
    first, last, top = float(data.period[0]), float(data.period[-1]), float(data.z[-1])
    axes.fill_between([first, last], 0, top, color=_tint(CONVERGES, 0.18), linewidth=0)
    for i, beta1 in enumerate(data.beta1.values):
        fails = data.sel(beta1=beta1, period=data.period[data.most.sel(beta1=beta1).notnull()])
        low, high = (style.decades(edge.values) for edge in (fails.least, fails.most))
        axes.fill_between(fails.period, low, high, color=_tint(FAILS, 0.18 + 0.16 * i), linewidth=0)
        # from the bottom up the lower edge, round the nose, along the upper edge
        inner = low > 0
        x = np.append(fails.period[inner][::-1], fails.period)
        axes.plot(x, np.append(low[inner][::-1], high), color=style.BLACK, linewidth=1)
        at, place = LABELS[i]
        axes.annotate(rf"$\beta_1 = {beta1:g}$", (float(fails.period[at]), high[at]),
                      textcoords="offset points", size=8, **place)  # fmt: skip
    runs = data.sel(run=data.run_figure1 == 0)
    _points(axes, runs.run_period, runs)
    axes.set_xscale("log")
    axes.set_xlim(first, last)
    axes.set_xticks([c for c in (2, 3, 5, 10, 20, 30, 50, 100) if first <= c <= last])
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("$C$")
    axes.set_title("Slopes $C$ and $-1$", loc="left")


def _draw_figure1(data: xarray.Dataset, axes: Axes) -> None:
    axes.contourf(data.w, data.z, data.drift.T, [-np.inf, 0, np.inf],
                  colors=[_tint(FAILS, 0.18), _tint(CONVERGES, 0.18)])  # fmt: skip
    axes.contour(data.w, data.z, data.drift.T, [0], colors=style.BLACK, linewidths=1)
    equal = style.decades(beta2_of(data.w) ** 2)
    axes.plot(data.w, equal, color=style.GREY, linewidth=0.9, linestyle=(0, (4, 3)))
    runs = data.sel(run=data.run_figure1 == 1)
    _points(axes, style.decades(runs.run_beta1), runs)
    for betas in (FIGURE1, DEFAULT):
        axes.plot(*style.decades(np.array(betas)), "o", color=style.BLACK, markersize=7, zorder=5,
                  markerfacecolor="none", markeredgewidth=0.9)  # fmt: skip
    axes.set_title("Slopes 1010 and $-10$ (Figure 1)", loc="left")
    style.beta_axis(axes.xaxis, 1, float(data.w[-1]))
    axes.set_xlim(0, float(data.w[-1]))


def _points(axes: Axes, across: Any, runs: xarray.Dataset) -> None:
    z, x = style.decades(runs.run_beta2), runs.run_x
    look: Any = {"markersize": 4.2, "markeredgecolor": "white", "markeredgewidth": 0.4}
    look |= {"zorder": 4, "clip_on": False}
    for marker, color, chosen, what in (
        ("v", CONVERGES, x < -ARRIVED, "a run that ends at $x = -1$"),
        ("^", FAILS, x > ARRIVED, "a run that ends at $x = +1$"),
        ("o", style.BLACK, abs(x) <= ARRIVED, "a run that is on its way"),
    ):
        if chosen.any():
            axes.plot(
                across[chosen], z[chosen], marker, color=DARK.get(color, color), label=what, **look
            )


def _tint(color: str, share: float) -> tuple[float, float, float]:
    """Return a mixture of white and this share of the colour."""
    red, green, blue = (1 - share * (1 - part) for part in to_rgb(color))
    return red, green, blue


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return what the colours mean, and where the runs went."""
    base, f = settings["base"], findings
    low, high = f[RE_ENTRANT]
    in_fact, promised = f[SMALLEST]
    return Caption(
        "Where Adam fails (Reddi, Kale and Kumar, ICLR 2018), computed without a run: the sign of"
        " the drift $D$ of one period. Orange: $D < 0$, $x$ goes to $+1$, the worst point; green:"
        " $D > 0$, $x$ goes to $x^* = -1$. (a) Slope $C$ comes every $C$ steps; darker:"
        r" larger $\beta_1$. (b) The problem of their Figure 1; circles: usual betas; dashed:"
        r" $\beta_1 = \sqrt{\beta_2}$.",
        f"{f['runs that went where the drift says']} of {f['runs']} runs (triangles) end where $D$"
        " says.",
        "(a) $f_t(x) = C x$ if $t$ mod $C = 1$, else $-x$; (b) $f_t(x) = 1010 x$ if $t$ mod"
        " $101 = 1$, else $-10 x$; both on $[-1, 1]$. $D$ is computed with $m$ and $v$ in their"
        f" periodic state. The runs lie {settings['offset']:g} decades of $1 - \\beta_2$ above and"
        f" below the lines, and on a grid. Each has {base['steps']:,} steps, {step_size(base)} at"
        f" step $k$, $x_1 = {base['x0']:g}$, $t$ from {base['first_t']}, no bias correction, no"
        r" eps, in double precision; $D$ depends on neither $\alpha$ nor $x_1$. The boundary can be"
        rf" re-entrant: with $\beta_1 = 0.99$ and $C = 30$ Adam converges for $\beta_2$ below"
        f" {low:g}, fails, and converges again above {high:g}. With betas 0.9, 0.99 it fails from"
        f" $C = {in_fact}$ on; the conditions of Theorem 2 ask for $C = {promised:,}$."
        rf" On Figure 1's problem with $\beta_1 = 0.9$ Adam fails up to $\beta_2 = {f[STAR]:g}$."
        " The circles are the betas of that figure and the usual default 0.9, 0.999. Right of the"
        " dashed line the theorems say nothing, but Adam fails there, too.",
    )
