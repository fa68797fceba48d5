"""Figure 1 of Reddi, Kale and Kumar (ICLR 2018) to 10^15 steps: what each curve tends to."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from amsgrad.config.run_config import Config
from amsgrad.engines.base import NOTHING, State
from amsgrad.engines.driver import run_to
from amsgrad.laws.certificate import certificate_of
from amsgrad.laws.words import formula
from amsgrad.problems.online import Online
from amsgrad.regret import EMPTY
from amsgrad.schedules import record_steps
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import compiled, lawful, on_grid
from experiments.figures.words import Caption, two_digits

OPTIMIZERS = ("adam", "amsgrad")
PRECISIONS = ("float32", "float64")
LEAVES = "t tried from which float32 leaves its end"

SETTINGS = {
    "base": {
        **Online.published[0].settings,
        "problem": "online",
        "semantics": "paper",
        "eps": 0.0,
        "schedule": "inverse_sqrt",
        "first_t": 1,
        "x0": 0.0,
        "steps": 10**15,
    },
    "lr": {"adam": 0.58, "amsgrad": 0.515},  # as fitted in `fig1`
    "points": 2000,
    "bands": 400,
    "far": [9.0, 16.0],  # decades of steps from which on the program itself is run
    "far_points": 57,
    "far_steps": 2_000_000,
}


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Jump by the law of each run; step the program itself from states far out."""
    steps = settings["base"]["steps"]
    at = record_steps(steps, None, settings["points"])
    laws = {opt: _law(opt, settings) for opt in OPTIMIZERS}
    least = max(law.start for law, _ in laws.values())
    ends = np.unique(np.geomspace(2 * least, steps, settings["bands"]).astype(np.int64))
    first, last = settings["far"]
    far = 10 ** np.linspace(first, last, settings["far_points"])
    far = far.astype(np.int64) // Online().period * Online().period
    average, low, high = [], [], []
    for law, engine in laws.values():
        _, records = run_to(engine, steps, at)
        average.append(records.average_regret)
        cycle = np.unique((ends[:, None] + np.arange(-law.length + 1, 1)).ravel())
        _, around = run_to(engine, int(cycle[-1]), cycle)
        scaled = (around.average_regret - float(law.limit)) * np.sqrt(around.step)
        by_end = np.searchsorted(cycle, ends[:, None] + np.arange(-law.length + 1, 1))
        low.append(scaled[by_end].min(axis=1))
        high.append(scaled[by_end].max(axis=1))
    away = on_grid(
        lambda opt, dtype: _away(opt, dtype, laws[opt][0].end, far, settings),
        OPTIMIZERS,
        PRECISIONS,
    )
    numbers = {
        "limit": "limit of R_t / t",
        "kappa": "coefficient of 1 / sqrt(t)",
        "constant": "coefficient of 1 / t",
        "start": "number of steps from which on the law holds",
        "bits_to": "last step up to which the program is proved to follow it to the bit",
    }
    found = {
        name: variable("optimizer", [float(getattr(law, name)) for law, _ in laws.values()], text)
        for name, text in numbers.items()
    }
    return xarray.Dataset(
        {
            **found,
            "average_regret": variable(("optimizer", "t"), average, "average regret R_t / t"),
            "least": variable(("optimizer", "t_band"), low,
                              "least (R_t / t - limit) sqrt(t) in the cycle that ends there"),
            "largest": variable(("optimizer", "t_band"), high, "the largest one"),
            "away": variable(("optimizer", "dtype", "t_far"), away,
                             "largest distance of x from its end in the steps after t"),
        },
        {
            "optimizer": list(OPTIMIZERS),
            "dtype": list(PRECISIONS),
            "t": variable("t", at, "time t", "steps"),
            "t_band": variable("t_band", ends, "time t", "steps"),
            "t_far": variable("t_far", far, "time t", "steps"),
        },
        {"formulas": [formula(certificate_of(law)) for law, _ in laws.values()]},
    )  # fmt: skip


def _config(opt: str, settings: Mapping[str, Any], **more: Any) -> Config:
    base = {**settings["base"], "opt": opt, "lr": settings["lr"][opt]}
    return Config(**{**base, "dtype": "float64", **more})


def _law(opt: str, settings: Mapping[str, Any]) -> Any:
    engine = lawful(_config(opt, settings))
    return engine.law, engine


def _away(opt: str, dtype: str, end: float, far: Any, settings: Mapping[str, Any]) -> list[float]:
    """Return how far x goes from its end, after each of these numbers of steps, in the program."""
    engine, period = compiled(_config(opt, settings, dtype=dtype)), Online().period
    settled, _ = engine.advance(engine.init(), 20_000 * period, NOTHING)
    farthest = []
    for done in far.tolist():
        begin = State(done, settled.x.dtype.type(end), settled.memory, EMPTY, EMPTY)
        after = np.arange(done + period + 1, done + settings["far_steps"] + 1)
        _, records = engine.advance(begin, settings["far_steps"], after)
        farthest.append(float(np.abs(records.x - end).max()))
    return farthest


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return the laws, and where the program in single precision leaves its end."""
    found: dict[str, Any] = {}
    for opt, text in zip(OPTIMIZERS, data.attrs["formulas"], strict=True):
        own = data.sel(optimizer=opt)
        found[f"{opt}: the law"] = str(text)
        found[f"{opt}: kappa, constant"] = [
            round(float(own.kappa), 5),
            round(float(own.constant), 2),
        ]
        found[f"{opt}: holds from step"] = int(own.start)
        found[f"{opt}: to the bit up to"] = two_digits(own.bits_to)
        single, double = own.away.sel(dtype="float32"), own.away.sel(dtype="float64")
        leaves = own.t_far.values[single.values > 10 * double.values]
        stands = own.t_far.values[single.values == 0]
        found[f"{opt}: {LEAVES}"] = _range(leaves)
        found[f"{opt}: t tried from which float32 stands still"] = _range(stands)
    return found


def _range(times: NDArray[np.int64]) -> str:
    return f"{times[0]:.1e} to {times[-1]:.1e}" if times.size else "none"


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw the curves with their asymptotes, what is left of them, and the program far out."""
    left, middle, right = layout.panels(figure, 3, 3, 1.8, 2.5)
    for opt in OPTIMIZERS:
        own = data.sel(optimizer=opt)
        color, root = style.COLORS[opt], np.sqrt(data.t)
        left.loglog(own.t, own.average_regret, color=color, label=style.LABELS[opt])
        late = data.t >= 100
        law = (own.limit + own.kappa / root)[late]
        left.loglog(data.t[late], law, ":", color=style.BLACK, linewidth=1)
        band = own.t_band, own.least, own.largest
        middle.fill_between(*band, color=color, alpha=0.4, linewidth=0.8)
        middle.axhline(float(own.kappa), linestyle=":", color=style.BLACK, linewidth=1)
        for dtype, look in (("float32", "-"), ("float64", "--")):
            away = own.away.sel(dtype=dtype)
            right.loglog(own.t_far, away.where(away > 0), look, color=color, linewidth=1.1)
    left.plot([], [], ":", color=style.BLACK, linewidth=1, label="limit $+\\ \\kappa/\\sqrt{t}$")
    left.set_ylabel("$R_t / t$")
    left.set_title("Average regret", loc="left")
    middle.set_xscale("log")
    middle.set_ylim(0.9 * float(data.kappa.min()), 1.2 * float(data.kappa.max()))
    middle.set_ylabel("$(R_t / t - $ limit$) \\sqrt{t}$")
    middle.set_title("What is left of it", loc="left")
    right.plot([], [], "-", color=style.GREY, label="float32")
    right.plot([], [], "--", color=style.GREY, label="float64")
    right.legend(loc="upper right", handlelength=1.6)
    right.set_ylim(top=1)
    right.set_ylabel("distance from the end")
    right.set_title("The program", loc="left")
    for axes in (left, middle, right):
        axes.set_xlabel("$t$ (steps)")
        axes.xaxis.set_minor_locator(NullLocator())
    layout.letters((left, middle, right))
    layout.legend(figure, left)


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the laws, and what the program does where they are no longer its own."""
    base, lr, f = settings["base"], settings["lr"], findings
    kappa, constant = (
        {opt: f[f"{opt}: kappa, constant"][i] for opt in OPTIMIZERS} for i in range(2)
    )
    return Caption(
        "The online curves of Figure 1 of Reddi, Kale and Kumar (ICLR 2018) to $t = 10^{15}$,"
        rf" $\alpha_t = \alpha/\sqrt{{t}}$, $\alpha = {lr['adam']}$ for Adam and {lr['amsgrad']}"
        " for AMSGrad. (a) Dotted: the law. (b) Over each period, least to largest. (c) The program"
        f" itself, {settings['far_steps']:,} steps from $t$ on.",
        rf"Adam's average regret tends to $20/101$, AMSGrad's to 0 as ${kappa['amsgrad']:.2f}"
        r"/\sqrt{t}$: Corollary 1's rate is attained. In single precision the program itself leaves"
        " the end of $[-1, 1]$ far out.",
        "In exact arithmetic, from the program's state after"
        f" {f['adam: holds from step']:,} steps (Adam) and {f['amsgrad: holds from step']:,}"
        " (AMSGrad), $R_T/T$ is"
        rf" $20/101 + {kappa['adam']:.2f}/\sqrt{{T}} + {constant['adam']:.1f}/T$ and"
        rf" ${kappa['amsgrad']:.2f}/\sqrt{{T}} + {constant['amsgrad']:.0f}/T$ at the ends of"
        " periods, up to terms that fall faster. Both certificates were checked. No bias"
        f" correction, no eps, $x_1 = {base['x0']:g}$. In double precision the program follows to"
        " the bit up to"
        f" {f['adam: to the bit up to']:.1e} and {f['amsgrad: to the bit up to']:.1e} steps. In"
        " single precision small steps are absorbed by rounding and large ones are not. Of the"
        f" times tried, first to last: Adam leaves $+1$ {f[f'adam: {LEAVES}']}, AMSGrad $-1$"
        f" {f[f'amsgrad: {LEAVES}']}; later both stand still. These runs begin at the end of"
        " $[-1, 1]$ with the memory of step 2,020,000.",
    )
