"""Where Adam fails, without a run: the sign of the drift, and long runs on both sides of it.

What is drawn is computed (`amsgrad/theory`); the runs only check it. On these problems m and v do
not depend on x, so that the end to which x goes depends on neither alpha nor x_1.
"""

from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from amsgrad.engines.compiled import Compiled
from amsgrad.engines.base import Setup
from amsgrad.problems.online import Online
from amsgrad.problems.problem import Problem
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.rules import RULES
from amsgrad.rules.rule import Rule
from amsgrad.schedules import inverse_sqrt
from amsgrad.theory.boundary import beta2_of, boundary
from amsgrad.theory.drift import drift
from amsgrad.theory.instances import failing_period, theorem2_period
from amsgrad.theory.periodic import slopes
from experiments.figures import style
from experiments.figures.runs import VERIFIED, on_all_cores, run, variable

SETTINGS = {
    "beta1": [0.0, 0.9, 0.99],
    "periods": list(range(2, 101)),
    "run_periods": [[3, 5, 8, 13, 22, 38, 66], [10, 17, 29, 50, 87], [24, 33, 44, 60, 78]],
    "decades": [4.0, 4.6],  # of 1 - beta1 and 1 - beta2, for Figure 1's problem
    "points": [201, 241],  # of the map of its drift
    "run_every": [0.25, 0.25],
    "offset": 0.08,  # decades of 1 - beta2 between a boundary and the runs beside it
    "lr": 5.0,
    "semantics": "paper",
    "eps": 0.0,
    "first_t": 1,
    "x0": 0.0,
    "steps": 4_000_000,
}
INCHES = (7.2, 3.6)
SETTLED = 0.5  # a run with |x| above this at its end has gone somewhere
FIGURE1, DEFAULT = (0.9, 0.99), (0.9, 0.999)  # betas of the paper, and of everyone
CONVERGES, FAILS = style.GREEN, style.ORANGE
# which of the C that fail has the label of the line, and where
LEFT: Any = {"xytext": (-7, 5), "ha": "right", "va": "bottom"}
RIGHT: Any = {"xytext": (9, -7), "ha": "left", "va": "top"}
LABELS = ((12, LEFT), (3, RIGHT), (11, RIGHT))

STAR = "Figure 1's problem, beta1 = 0.9: beta2*"
RE_ENTRANT = "C = 30, beta1 = 0.99: beta2 between which Adam fails"
SMALLEST = "betas 0.9, 0.99: C from which Adam fails, and C of Theorem 2"


class Run(NamedTuple):
    """A long run, and what the drift says of it."""

    problem: Problem
    beta1: float
    beta2: float
    goes_to: int


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """The boundaries, the map, and the runs."""
    betas1, periods = settings["beta1"], settings["periods"]
    least, most = np.full((2, len(betas1), len(periods)), np.nan)
    for (i, beta1), (j, period) in product(enumerate(betas1), enumerate(periods)):
        found = boundary(slopes(Theorem2(period)), beta1)
        ends = (
            np.array([0.0, *found.beta2])[found.goes_to == 1],
            found.beta2[found.goes_to[:-1] == 1],
        )
        if ends[0].size:
            (least[i, j],), (most[i, j],) = ends  # one range of beta2 at most
    last_w, last_z = settings["decades"]
    some_w, some_z = (np.linspace(0, 1, points) for points in settings["points"])
    w, z = last_w * some_w, last_z * some_z**2  # near beta2 = 0, D changes as the root of z does
    total = drift(slopes(Online()), beta2_of(w), beta2_of(z)).total / Online().period

    runs = [*_runs_by_period(settings), *_runs_on_figure1(settings)]
    for one in (runs[0], runs[-1]):
        run(*_configure(one, settings), np.array([VERIFIED]))
    x = on_all_cores(lambda one: _last_x(one, settings), runs)
    dims, of = ("beta1", "period"), "for which x goes to +1, t mod C"
    return xarray.Dataset(
        {
            "least": variable(dims, least, f"least beta2 {of}"),
            "most": variable(dims, most, f"largest beta2 {of}"),
            "drift": variable(("w", "z"), total.astype(np.float32), "D / P on Figure 1's problem"),
            "run_period": variable("run", [one.problem.period for one in runs], "period of a run"),
            "run_figure1": variable("run", [int(isinstance(one.problem, Online)) for one in runs],
                                    "whether a run is on Figure 1's problem"),
            "run_beta1": variable("run", [one.beta1 for one in runs], "beta1 of a run"),
            "run_beta2": variable("run", [one.beta2 for one in runs], "beta2 of a run"),
            "run_goes_to": variable("run", [one.goes_to for one in runs], "end by the drift"),
            "run_x": variable("run", x, "x after the last step"),
        },
        {
            "beta1": variable("beta1", betas1, "beta1"),
            "period": variable("period", periods, "C: the period, and the rare slope"),
            "w": variable("w", w, "-log10(1 - beta1)"),
            "z": variable("z", z, "-log10(1 - beta2)"),
        },
    )  # fmt: skip


def _runs_by_period(settings: Mapping[str, Any]) -> list[Run]:
    """On either side of each boundary."""
    return [
        _foretell(problem, beta1, z)
        for beta1, chosen in zip(settings["beta1"], settings["run_periods"], strict=True)
        for problem in map(Theorem2, chosen)
        for z in _beside(problem, beta1, settings["offset"])
    ]


def _runs_on_figure1(settings: Mapping[str, Any]) -> list[Run]:
    """On either side of each boundary, and on a grid where that is not near."""
    problem, offset, runs = Online(), settings["offset"], []
    some_w, some_z = (
        np.arange(0, last + every / 2, every)
        for last, every in zip(settings["decades"], settings["run_every"], strict=True)
    )
    for beta1 in beta2_of(some_w).tolist():
        beside = _beside(problem, beta1, offset)
        grid = [z for z in some_z if (np.abs(beside - z) > 1.5 * offset).all()]
        runs += [_foretell(problem, beta1, z) for z in (*beside, *grid)]
    return runs


def _beside(problem: Problem, beta1: float, offset: float) -> NDArray[np.float64]:
    at = -np.log10(1 - boundary(slopes(problem), beta1).beta2)
    both = np.concatenate([at - offset, at + offset])
    return both[both >= 0]


def _foretell(problem: Problem, beta1: float, z: float) -> Run:
    beta2 = float(beta2_of(z))
    return Run(problem, beta1, beta2, int(drift(slopes(problem), beta1, beta2).goes_to))


def _configure(one: Run, settings: Mapping[str, Any]) -> tuple[Setup, Rule]:
    start = {name: settings[name] for name in ("first_t", "x0")}
    setup = Setup(one.problem, settings["lr"], inverse_sqrt, dtype=np.float64, **start)
    options = {name: settings[name] for name in ("semantics", "eps")}
    return setup, RULES["adam"](beta1=one.beta1, beta2=one.beta2, **options)


def _last_x(one: Run, settings: Mapping[str, Any]) -> float:
    engine = Compiled(*_configure(one, settings))
    return float(engine.advance(engine.init(), settings["steps"], np.empty(0, np.int64))[0].x)


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """The numbers of the boundary, and how many runs went where it says."""
    x, said = data.run_x.values, data.run_goes_to.values
    went = np.where(np.abs(x) > SETTLED, np.sign(x), 0)
    found: dict[str, Any] = {
        STAR: _star(Online(), 0.9, 6),
        "Figure 1's problem: 1 - beta1 below which Adam fails for no beta2": _highest(data),
        "C = 10, beta1 = 0: beta2*": _star(Theorem2(10), 0.0, 4),
        RE_ENTRANT: _star(Theorem2(30), 0.99, 4),
        "runs": x.size,
        "runs that went where the drift says": int((went == said).sum()),
        "runs that went to the other end": int((went == -said).sum()),
        "runs that are not at an end yet": int((went == 0).sum()),
        "largest distance of x from the end at the last step": round(
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


def _star(problem: Problem, beta1: float, digits: int) -> Any:
    beta2 = boundary(slopes(problem), beta1).beta2.round(digits).tolist()
    return beta2[0] if len(beta2) == 1 else beta2


def _highest(data: xarray.Dataset) -> float:
    """To two digits, by the rows of the map."""
    return float(f"{10 ** -float(data.w[(data.drift < 0).any('z')].max()):.2g}")


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """By the period, and by beta1; beta2 upwards in both."""
    left, right = figure.subplots(1, 2, sharey=True)
    _draw_periods(data, left)
    _draw_figure1(data, right)
    left.set_ylabel(r"$\beta_2$ (dimensionless), as $-\log_{10}(1 - \beta_2)$")
    _decades(left.yaxis, float(data.z[-1]))
    left.set_ylim(0, float(data.z[-1]))


def _draw_periods(data: xarray.Dataset, axes: Axes) -> None:
    first, last, top = float(data.period[0]), float(data.period[-1]), float(data.z[-1])
    axes.fill_between([first, last], 0, top, color=_tint(CONVERGES, 0.18), linewidth=0)
    for i, beta1 in enumerate(data.beta1.values):
        fails = data.sel(beta1=beta1, period=data.period[data.most.sel(beta1=beta1).notnull()])
        low, high = (_decade(edge.values) for edge in (fails.least, fails.most))
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
    axes.set_xlabel("$C$ (dimensionless)")
    axes.set_title("$f_t(x) = C x$ if $t$ mod $C = 1$, else $-x$", loc="left")
    axes.legend(loc="upper left", handletextpad=0.2)


def _draw_figure1(data: xarray.Dataset, axes: Axes) -> None:
    axes.contourf(data.w, data.z, data.drift.T, [-np.inf, 0, np.inf],
                  colors=[_tint(FAILS, 0.18), _tint(CONVERGES, 0.18)])  # fmt: skip
    axes.contour(data.w, data.z, data.drift.T, [0], colors=style.BLACK, linewidths=1)
    equal = _decade(beta2_of(data.w) ** 2)
    axes.plot(data.w, equal, color=style.GREY, linewidth=0.9, linestyle=(0, (4, 3)))
    runs = data.sel(run=data.run_figure1 == 1)
    _points(axes, _decade(runs.run_beta1), runs)
    for betas in (FIGURE1, DEFAULT):
        axes.plot(*_decade(np.array(betas)), "o", color=style.BLACK, markersize=7, zorder=5,
                  markerfacecolor="none", markeredgewidth=0.9)  # fmt: skip
    axes.set_xlabel(r"$\beta_1$ (dimensionless), as $-\log_{10}(1 - \beta_1)$")
    axes.set_title("$f_t(x) = 1010 x$ if $t$ mod $101 = 1$, else $-10 x$", loc="left")
    _decades(axes.xaxis, float(data.w[-1]))
    axes.set_xlim(0, float(data.w[-1]))


def _points(axes: Axes, across: Any, runs: xarray.Dataset) -> None:
    z, x = _decade(runs.run_beta2), runs.run_x
    look: Any = {"markersize": 3.6, "markeredgecolor": "white", "markeredgewidth": 0.4}
    look |= {"zorder": 4, "clip_on": False}
    for marker, color, chosen, what in (
        ("v", CONVERGES, x < -SETTLED, "a run that ends at $x = -1$"),
        ("^", FAILS, x > SETTLED, "a run that ends at $x = +1$"),
        ("o", style.BLACK, abs(x) <= SETTLED, "a run that is on its way"),
    ):
        if chosen.any():
            axes.plot(across[chosen], z[chosen], marker, color=color, label=what, **look)


def _decade(beta: Any) -> Any:
    return -np.log10(1 - beta)


def _decades(axis: Axis, last: float) -> None:
    """Name the decades of 1 - beta by beta."""
    at = list(range(int(last) + 1))
    axis.set_ticks(at, [f"{float(beta2_of(d)):g}" for d in at])


def _tint(color: str, share: float) -> tuple[float, float, float]:
    """So much of the colour on white."""
    red, green, blue = (1 - share * (1 - part) for part in to_rgb(color))
    return red, green, blue


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
    """What is drawn, the settings of the runs, and what is to be seen."""
    f = findings
    low, high = f[RE_ENTRANT]
    in_fact, promised = f[SMALLEST]
    return (
        "Where Adam fails, computed and not simulated: the sign of the drift D of one period, m and"
        " v being in their periodic state. Orange: D < 0, x goes to +1, the worst point of [-1, 1];"
        f" green: D > 0, x goes to x* = -1; lines: D = 0. Triangles: {f['runs']} runs,"
        f" {settings['offset']:g} decades of 1 - beta2 above and below the lines, and on a grid;"
        f" {f['runs that went where the drift says']} of them went where D says. Each has"
        f" {settings['steps']:,} steps, alpha_t = {settings['lr']:g} / sqrt(t), x_1 ="
        f" {settings['x0']:g}, t from {settings['first_t']}, no bias correction, no eps, in double"
        " precision; D depends on neither alpha nor x_1. Left: from light to dark, beta1 ="
        f" {', '.join(f'{b:g}' for b in settings['beta1'])}. The boundary can be re-entrant: with"
        f" beta1 = 0.99 and C = 30 Adam converges for beta2 below {low:g}, fails, and converges"
        f" again above {high:g}. With betas 0.9, 0.99 it fails from C = {in_fact} on; Theorem 2's"
        f" conditions (unverified) ask for C = {promised:,}. Right: Figure 1's problem. With beta1"
        f" = 0.9 Adam fails up to beta2 = {f[STAR]:g}; circles: the betas of the figure, and the"
        " default 0.9, 0.999. Right of the dashed line beta1 > sqrt(beta2), of which the theorems"
        " say nothing: it fails there, too."
    )
