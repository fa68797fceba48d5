"""Kar (arXiv 2609.37535, 2026): where a gradient comes every N steps RMSprop settles too low."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.config.run_config import Config
from amsgrad.engines.driver import run_to
from amsgrad.rules import RULES
from amsgrad.theory.level import expected_level, periodic_level, rho
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import batch, compiled, on_grid
from experiments.figures.words import Caption, two_digits

SETTINGS = {
    "base": {"schedule": "inverse_sqrt", "first_t": 1, "dtype": "float64", "steps": 4_000_000},
    "optimizers": ["rmsprop", "adopt_unclipped", "amsgrad", "sgd"],
    "lr": [0.002, 0.005],
    "periods": [10, 100, 1000],
    "kappa": [0.2, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0],  # N (1 - beta2)
    "last_periods": 20,  # over which x is averaged
    "random": {
        "optimizers": ["rmsprop", "amsgrad", "sgd"],
        "lr": 0.006,
        "period": 100,
        "kappa": [0.2, 0.5, 1.0, 1.5, 2.0, 2.5],
        "seeds": 64,
        "records": 1000,  # in the second half, over which x is averaged
    },
}
LINE = np.linspace(0.05, 7.5, 50)  # kappa
RANDOM_LINE = np.linspace(0.1, 2.7, 27)
SHAPES = ("o", "s", "^")  # of the periods
NAMES = {"rmsprop": "RMSprop", "adopt_unclipped": "ADOPT", "amsgrad": "AMSGrad", "sgd": "SGD"}
COLORS = {
    "rmsprop": style.BLUE,
    "adopt_unclipped": style.GREEN,
    "amsgrad": style.VERMILLION,
    "sgd": style.BLACK,
}
OFF = "{}, in turn: largest |x over its level - 1|"
MEAN = "at random, kappa = {:g}: mean x of RMSprop, its standard error, level, rho"
AT_RANDOM = "{}, at random: largest |mean x - level|, its standard error"


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run all periods and kappa, in turn and at random; compute the levels beside them."""
    base, random = settings["base"], settings["random"]
    steps, last = base["steps"], settings["last_periods"]

    def in_turn(opt: str, lr: float, period: int, kappa: float) -> float:
        config = Config(
            **base, opt=opt, lr=lr, problem="rare", period=period, **_own(opt, kappa, period)
        )
        at = np.arange(steps - last * period, steps) + 1
        _, records = run_to(compiled(config), steps, at)
        return period * float(records.x.mean())

    def at_random(opt: str, kappa: float) -> NDArray[np.float64]:
        period, own = random["period"], {"lr": random["lr"], "problem": "quadratic"}
        own |= {"targets": f"1,0x{period - 1}", **_own(opt, kappa, period)}
        at = np.linspace(steps // 2, steps, random["records"]).astype(np.int64)
        _, records = run_to(batch(Config(**base, opt=opt, **own), random["seeds"]), steps, at)
        return np.asarray(period * records.x.mean(axis=0))

    def level(opt: str, period: int, kappa: float) -> float:
        form = RULES[opt].form_with(**_own(opt, kappa, period))
        assert form is not None  # each of these rules has one
        return period * periodic_level(form, _targets(period))

    axes = (settings[name] for name in ("optimizers", "lr", "periods", "kappa"))
    x, n = on_grid(in_turn, *axes), random["period"]
    exact = [settings[name] for name in ("optimizers", "periods")]
    drawn = [n * expected_level(_targets(n), 0.0, 1 - kappa / n) for kappa in RANDOM_LINE]
    own = [n * expected_level(_targets(n), 0.0, 1 - kappa / n) for kappa in random["kappa"]]
    dims, unit = ("optimizer", "period", "kappa"), "over the wanted level"
    return xarray.Dataset(
        {
            "ratio": variable(("optimizer", "lr", "period", "kappa"), x, f"mean x {unit}"),
            "level": variable(dims, on_grid(level, *exact, settings["kappa"]), f"level {unit}"),
            "line": variable(
                ("optimizer", "period", "kappa_line"), on_grid(level, *exact, LINE), f"level {unit}"
            ),
            "random": variable(
                ("random_optimizer", "random_kappa", "seed"),
                on_grid(at_random, random["optimizers"], random["kappa"]),
                f"mean x {unit}, random arrivals",
            ),
            "random_level": variable("random_kappa", own, f"level {unit}, random arrivals"),
            "random_line": variable("kappa_random_line", drawn, f"level {unit}, random arrivals"),
            "random_period": variable((), n, "N of the random arrivals", "steps"),
        },
        {
            "optimizer": settings["optimizers"],
            "random_optimizer": random["optimizers"],
            "lr": variable("lr", settings["lr"], "step size at k = 1"),
            "period": variable("period", settings["periods"], "N", "steps"),
            "kappa": variable("kappa", settings["kappa"], "N (1 - beta2)"),
            "kappa_line": variable("kappa_line", LINE, "N (1 - beta2)"),
            "random_kappa": variable("random_kappa", random["kappa"], "N (1 - beta2)"),
            "kappa_random_line": variable("kappa_random_line", RANDOM_LINE, "N (1 - beta2)"),
        },
    )


def _own(opt: str, kappa: float, period: int) -> dict[str, Any]:
    """Return the options of a rule: no momentum, so that only its divisor has a memory."""
    given = {"beta1": 0.0, "beta2": 1 - kappa / period, "eps": 1e-12}
    return {name: value for name, value in given.items() if name in RULES[opt].options}


def _targets(period: int) -> list[int]:
    return [1] + (period - 1) * [0]


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return how far the runs are from the levels, and these from rho."""
    found: dict[str, Any] = {"runs in turn": data.ratio.size}
    off = abs(data.ratio / data.level - 1)
    for opt in data.optimizer.values:
        found[OFF.format(NAMES[opt])] = two_digits(off.sel(optimizer=opt).max())
    largest = int(data.period.max())
    top = data.sel(optimizer="rmsprop", period=largest)
    limit = xarray.DataArray([rho(float(kappa)) for kappa in data.kappa], dims="kappa")
    found[f"RMSprop, N = {largest}: largest |level over rho - 1|"] = two_digits(
        abs(top.level / limit - 1).max()
    )
    for kappa in (1.0, 5.0):
        if kappa in data.kappa.values:
            own = data.sel(kappa=kappa)
            found[f"kappa = {kappa:g}: rho, level, x over wanted by N (RMSprop)"] = [
                round(rho(float(kappa)), 4),
                *(
                    [round(float(own[name].sel(optimizer="rmsprop", period=n, **at)), 4)
                     for n in data.period.values]
                    for name, at in (("level", {}), ("ratio", {"lr": data.lr.values[0]}))
                ),
            ]  # fmt: skip
    mean = data.random.mean("seed")
    error = data.random.std("seed", ddof=1) / np.sqrt(data.seed.size)
    for opt in data.random_optimizer.values:
        aim = data.random_level if opt == "rmsprop" else 1.0
        own = abs(mean.sel(random_optimizer=opt) - aim)
        found[AT_RANDOM.format(NAMES[opt])] = [
            two_digits(own.max()),
            two_digits(
                error.sel(random_optimizer=opt).isel(random_kappa=int(np.argmax(own.values)))
            ),
        ]
    for kappa, level in zip(data.random_kappa.values, data.random_level.values, strict=True):
        if kappa in (1.0, 2.0, 2.5):
            at = {"random_optimizer": "rmsprop", "random_kappa": kappa}
            found[MEAN.format(kappa)] = [
                round(float(mean.sel(at)), 4),
                two_digits(error.sel(at)),
                round(float(level), 4),
                round(rho(float(kappa)), 4),
            ]
    return found


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw the levels over kappa, where the gradient comes in turn and at random."""
    left, right = layout.panels(figure, 2, 2, 3.0, 2.9)
    for opt in data.optimizer.values:
        color = COLORS[opt]
        for shape, period in zip(SHAPES, data.period.values, strict=False):
            own = data.sel(optimizer=opt, period=period)
            if opt not in ("amsgrad", "sgd"):
                left.plot(data.kappa_line, own.line, color=color, linewidth=0.7)
            for lr in data.lr.values:
                left.plot(
                    data.kappa, own.ratio.sel(lr=lr), shape, color=color, markersize=_size(opt),
                    markerfacecolor="none", markeredgewidth=0.9,
                )  # fmt: skip
        left.plot([], [], color=color, label=NAMES[opt])
    left.plot(LINE, [rho(kappa) for kappa in LINE], color=style.BLACK, linewidth=1.3,
              linestyle=(0, (4, 2)), label=r"$\rho(\kappa)$")  # fmt: skip
    for shape, period in zip(SHAPES, data.period.values, strict=False):
        left.plot([], [], shape, color=style.GREY, markersize=4.5, markerfacecolor="none",
                  label=f"$N = {period}$")  # fmt: skip
    left.set_title("in turn", loc="left")
    _draw_random(data, right)
    for axes in (left, right):
        axes.axhline(1, color=style.GREY, linewidth=0.8, zorder=0)
        axes.set_yscale("log")
        axes.set_xlabel(r"$\kappa = N (1 - \beta_2)$")
        axes.set_ylabel("found level over wanted")
    left.set_ylim(0.01, 5)
    right.set_ylim(0.05, 2)
    layout.letters([left, right])
    layout.legend(figure, left)


def _draw_random(data: xarray.Dataset, axes: Axes) -> None:
    axes.plot(RANDOM_LINE, [rho(kappa) for kappa in RANDOM_LINE], color=style.BLACK,
              linestyle=(0, (4, 2)))  # fmt: skip
    axes.plot(data.kappa_random_line, data.random_line, color=COLORS["rmsprop"], linewidth=0.9)
    for opt in data.random_optimizer.values:
        own = data.random.sel(random_optimizer=opt)
        mean = own.mean("seed")
        spread = np.abs(np.array([own.min("seed"), own.max("seed")]) - mean.values)
        axes.errorbar(
            data.random_kappa, mean, spread, fmt=SHAPES[1], color=COLORS[opt],
            markersize=_size(opt),
            markerfacecolor="none", markeredgewidth=0.9, linewidth=0.9,
        )  # fmt: skip
    axes.set_title(f"at random, $N = {int(data.random_period)}$", loc="left")


def _size(opt: str) -> float:
    """Return the size of a marker: SGD's stand inside AMSGrad's."""
    return 2.0 if opt == "sgd" else 4.5


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the problem, and where each rule settles."""
    base, random, f = settings["base"], settings["random"], findings
    lrs = " and ".join(f"{lr:g}" for lr in settings["lr"])
    return Caption(
        "The rare token of Kar (arXiv 2609.37535, 2026): $f_t(x) = (x - X_t)^2/2$ with $X_t = 1$"
        " once in $N$ steps, else 0; $x^* = 1/N$. Mean of $x$ at the end of runs (markers) over"
        r" $1/N$; levels (lines); dashed: $\rho(\kappa) = \kappa / (2 (e^{\kappa/2} - 1))$.",
        "For small step sizes RMSprop settles too low, and lower still where $X_t$ is random (b)."
        " AMSGrad and SGD find $x^*$. ADOPT settles too high (ours).",
        "Kar's coordinate is the logit of a token; here it is its probability, which has the same"
        " gradient (ours), but settles at these levels only if a step is small beside $1/N$; the"
        " paper is known here from its abstract and a summary. No rule has"
        r" momentum; eps is $10^{-12}$; ADOPT is the release without clipping. (a)"
        rf" {f['runs in turn']} runs of {base['steps']:,} steps from 0, $\alpha_k ="
        rf" \alpha/\sqrt{{k}}$ with $\alpha$ = {lrs}, which nearly coincide; $x$ is averaged over"
        f" the last {settings['last_periods']} periods; those of RMSprop are within"
        f" {f[OFF.format('RMSprop')]:.0%} of their level, the nearer the smaller the last step is"
        r" beside $1/N$. A line is the zero of the mean step at"
        r" fixed $x$, for each $N$; that of ADOPT tends to $\rho(-\kappa)$ (ours). (b) The same at"
        rf" $\alpha$ = {random['lr']:g}, $X_t = 1$ with probability $1/N$; mean and range over"
        f" {random['seeds']} seeds of the mean of $x$ in the second half. The line is one integral"
        f" for each point; RMSprop is up to {f[AT_RANDOM.format('RMSprop')][0]:g} (standard error"
        f" {f[AT_RANDOM.format('RMSprop')][1]:g}) above it, and half as much with half the step"
        " size (tests).",
    )
