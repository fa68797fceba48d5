"""Dereich et al. (arXiv 2511.06675, 2025): Adam finds the mean of symmetric laws alone."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.config.run_config import Config
from amsgrad.engines.driver import run_to
from amsgrad.problems.slope_text import numbers_of
from amsgrad.theory.level import expected_level, first_order_error
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import batch, on_grid
from experiments.figures.words import Caption, step_size, two_digits

SETTINGS = {
    "base": {
        "problem": "quadratic",
        "schedule": "inverse_sqrt",
        "lr": 0.02,
        "first_t": 1,
        "dtype": "float64",
        "steps": 4_000_000,
    },
    "optimizers": ["adam", "amsgrad"],
    "rule": {"beta1": 0.9, "semantics": "torch", "eps": 1e-8},  # of those that have these
    "laws": ["1,0x9", "-4x2,1x3,5", "-1,0,1"],
    "beta2": [0.9, 0.97, 0.99, 0.997, 0.999],
    "bernoulli": {"of": 20, "ones": [1, 2, 4, 7, 10, 13, 16, 18, 19], "beta2": 0.9},
    "seeds": 64,
    "records": 1000,  # in the second half, over which x is averaged
}
LINE = np.geomspace(0.2, 1e-4, 12)  # 1 - beta2
HUNDREDTHS = np.arange(4, 51, 2)  # p of the line of Bernoulli's laws; the other half mirrors it
SKEWED, SECOND, SYMMETRIC = "skewed", "third moment 0", "symmetric"
LAWS = (SKEWED, SECOND, SYMMETRIC)  # the settings' laws, in their order
ADAM = "Adam: largest |error - level|"
APART = "Adam: largest |error - level| in standard errors"
APART_P = "Bernoulli: largest |error of Adam - level| in standard errors"
BERNOULLI = "Bernoulli: largest |error of Adam - level|"
AMSGRAD = "AMSGrad: largest |error|"
SGD = "SGD: largest |error| in standard errors"
ORDER = "{}: order of the level in 1 - beta2"
OPTIMIZERS = {"adam": "Adam", "amsgrad": "AMSGrad"}
LOOKS = {SKEWED: ("o", style.BLUE), SECOND: ("s", style.PURPLE), SYMMETRIC: ("^", style.ORANGE)}

SIDEWAYS = (1.0, 1.0, 0.87, 1.15)  # the series with no line stand beside their 1 - beta2


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run every law and beta2 with every optimizer; compute Adam's levels beside them."""
    base, rule, seeds = settings["base"], settings["rule"], settings["seeds"]
    beta1, bernoulli = rule["beta1"], settings["bernoulli"]
    steps = base["steps"]
    at = np.linspace(steps // 2, steps, settings["records"]).astype(np.int64)
    laws = dict(zip(LAWS, settings["laws"], strict=True))
    chances = [ones / bernoulli["of"] for ones in bernoulli["ones"]]
    two = [f"1x{ones},0x{bernoulli['of'] - ones}" for ones in bernoulli["ones"]]

    def run(opt: str, targets: str, **own: Any) -> NDArray[np.float64]:
        config = Config(**base, opt=opt, targets=targets, **own)
        _, records = run_to(batch(config, seeds), steps, at)
        x = records.x.mean(axis=0) - config.make_problem().x_star
        return np.asarray(x / np.std(numbers_of(targets)))

    def adaptive(opt: str, targets: str, beta2: float) -> NDArray[np.float64]:
        return run(opt, targets, **rule, beta2=beta2)

    def sgd(targets: str) -> NDArray[np.float64]:
        return run("sgd", targets)

    def level(targets: str, beta2: float) -> tuple[float, float]:
        numbers = numbers_of(targets)
        error = expected_level(numbers, beta1, beta2) - float(np.mean(numbers))
        found = np.array([error, first_order_error(numbers, beta1, beta2)]) / np.std(numbers)
        return float(found[0]), float(found[1])

    optimizers, beta2 = settings["optimizers"], settings["beta2"]
    line = on_grid(level, laws.values(), 1 - LINE)
    unit = "over the standard deviation of X"
    error = f"mean of x - E X {unit}"
    one = bernoulli["beta2"]
    half = on_grid(lambda p: level(f"1x{p},0x{100 - p}", one)[0], HUNDREDTHS.tolist())
    return xarray.Dataset(
        {
            "error": variable(("optimizer", "law", "beta2", "seed"),
                              on_grid(adaptive, optimizers, laws.values(), beta2), error),
            "sgd": variable(("law", "seed"), on_grid(sgd, laws.values()), error),
            "level": variable(("law", "beta2"), on_grid(level, laws.values(), beta2)[..., 0],
                              f"level of Adam - E X {unit}"),
            "line": variable(("law", "rest2"), line[..., 0], f"level of Adam - E X {unit}"),
            "first_order": variable(("law", "rest2"), line[..., 1], "to the first order"),
            "error_p": variable(("optimizer", "p", "seed"),
                                on_grid(adaptive, optimizers, two, [one])[:, :, 0], error),
            "sgd_p": variable(("p", "seed"), on_grid(sgd, two), error),
            "level_p": variable("p", on_grid(lambda law: level(law, one), two)[..., 0],
                                f"level of Adam - E X {unit}"),
            "line_p": variable("p_line", np.append(half, -half[-2::-1]),
                               f"level of Adam - E X {unit}"),
            "beta2_p": variable((), one, "beta2 of Bernoulli's laws"),
        },
        {
            "optimizer": optimizers,
            "law": list(laws),
            "beta2": variable("beta2", beta2, "beta2"),
            "rest2": variable("rest2", LINE, "1 - beta2"),
            "p": variable("p", chances, "P(X = 1)"),
            "p_line": variable("p_line", np.append(HUNDREDTHS, 100 - HUNDREDTHS[-2::-1]) / 100,
                               "P(X = 1)"),
            "seed": variable("seed", np.arange(seeds), "seed of the draws"),
        },
    )  # fmt: skip


def _beside(
    error: xarray.DataArray, sgd: xarray.DataArray
) -> tuple[xarray.DataArray, xarray.DataArray]:
    """Return the mean over the seeds and its standard error, less SGD's error on the same draws.

    SGD has no error but the chance of the draws, which all optimizers share.
    """
    own = error - sgd
    return own.mean("seed"), own.std("seed", ddof=1) / np.sqrt(error.seed.size)


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return Adam's errors, how far they are from its levels, and those of the others."""
    found: dict[str, Any] = {}
    mean, standard = _beside(data.error, data.sgd)
    for law, beta2 in product(data.law.values, data.beta2.values):
        at = {"optimizer": "adam", "law": law, "beta2": beta2}
        found[f"{law}, beta2 = {beta2:g}: Adam's error, its standard error, level"] = [
            float(f"{float(value):.3e}")
            for value in (mean.sel(at), standard.sel(at), data.level.sel(law=law, beta2=beta2))
        ]
    off = abs(mean.sel(optimizer="adam") - data.level)
    found[ADAM] = two_digits(off.max())
    found[APART] = round(float((off / standard.sel(optimizer="adam")).max()), 1)
    found[AMSGRAD] = two_digits(abs(mean.sel(optimizer="amsgrad")).max())
    chance = data.sgd.std("seed", ddof=1) / np.sqrt(data.seed.size)
    found[SGD] = round(float((abs(data.sgd.mean("seed")) / chance).max()), 1)
    rest = data.rest2.values
    for law in (SKEWED, SECOND):
        last = abs(data.line.sel(law=law).values[-4:])
        slope = np.polyfit(np.log(rest[-4:]), np.log(last), 1)[0]
        found[ORDER.format(law)] = round(float(slope), 2)
    ratio = data.line.sel(law=SKEWED) / data.first_order.sel(law=SKEWED)
    found[f"{SKEWED}, 1 - beta2 = {rest[-1]:.0e}: level over first order"] = round(
        float(ratio[-1]), 4
    )
    found[f"{SYMMETRIC}: largest |level|"] = two_digits(abs(data.line.sel(law=SYMMETRIC)).max())
    mean, standard = _beside(data.error_p, data.sgd_p)
    off = abs(mean.sel(optimizer="adam") - data.level_p)
    found[BERNOULLI] = two_digits(off.max())
    found[APART_P] = round(float((off / standard.sel(optimizer="adam")).max()), 1)
    if 0.5 in data.p.values:
        found["Bernoulli, p = 1/2: error of Adam"] = two_digits(mean.sel(optimizer="adam", p=0.5))
    return found


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw the error over 1 - beta2, and over Bernoulli's p."""
    left, right = layout.panels(figure, 2, 2, 3.0, 2.9)
    mean, standard = _beside(data.error, data.sgd)
    series = [("adam", law, *look) for law, look in LOOKS.items()]
    series.append(("amsgrad", SKEWED, "x", style.VERMILLION))
    for (opt, law, shape, color), aside in zip(series, SIDEWAYS, strict=True):
        at = {"optimizer": opt, "law": law}
        _sizes(left, (1 - data.beta2) * aside, abs(mean.sel(at)), standard.sel(at), shape, color,
               f"{OPTIMIZERS[opt]}, {law}")  # fmt: skip
        if opt == "adam" and law != SYMMETRIC:
            left.plot(data.rest2, abs(data.line.sel(law=law)), color=color, linewidth=0.9)
    left.set_xscale("log")
    left.set_yscale("log")
    left.set_ylim(1e-6, 0.3)
    left.set_xlabel(r"$1 - \beta_2$")
    left.set_ylabel(r"|error| $/\,\sigma$")
    left.set_title("three laws", loc="left")
    mean, standard = _beside(data.error_p, data.sgd_p)
    right.axhline(0, color=style.GREY, linewidth=0.8, zorder=0)
    right.plot(data.p_line, data.line_p, color=style.BLUE, linewidth=0.9)
    for opt, shape, color in (("adam", "o", style.BLUE), ("amsgrad", "x", style.VERMILLION)):
        _points(right, data.p, mean.sel(optimizer=opt), 2 * standard.sel(optimizer=opt), shape,
                color)  # fmt: skip
    right.set_xlabel("$p = P(X = 1)$")
    right.set_ylabel(r"error $/\,\sigma$")
    right.set_title(rf"Bernoulli's laws, $\beta_2 = {float(data.beta2_p):g}$", loc="left")
    layout.letters([left, right])
    layout.legend(figure, left)


def _sizes(
    axes: Axes, x: Any, size: Any, standard: Any, shape: str, color: str, label: str
) -> None:
    """Draw sizes with two standard errors; of one below these only the upper limit, an arrow."""
    seen = size > 2 * standard
    _points(axes, x[seen], size[seen], 2 * standard[seen], shape, color)
    top = (size + 2 * standard)[~seen]
    _points(axes, x[~seen], top, 0.4 * top, shape, color, uplims=True)
    axes.plot([], [], shape, color=color, label=label, markersize=4.5, markerfacecolor="none")


def _points(
    axes: Axes, x: Any, y: Any, bars: Any, shape: str, color: str, uplims: bool = False
) -> None:
    axes.errorbar(
        x, y, bars, fmt=shape, color=color, markersize=4.5, markerfacecolor="none",
        markeredgewidth=0.9, linewidth=0.8, uplims=uplims,
    )  # fmt: skip


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the losses and laws, and whose mean is off."""
    base, rule, f = settings["base"], settings["rule"], findings
    laws = dict(zip(LAWS, settings["laws"], strict=True))
    return Caption(
        "The Adam symmetry theorem (Dereich et al., arXiv 2511.06675): losses $(x - X_t)^2/2$,"
        rf" {step_size(base)}, $\beta_1 = {rule['beta1']}$. Error: mean $x - E X$, less SGD's,"
        r" over $X$'s deviation $\sigma$; bars: two standard errors; arrows: limits; lines: zeros"
        " of Adam's mean step.",
        r"Adam's error is of order $1 - \beta_2$ for a skewed law, 0 for a symmetric one, of order"
        r" $(1 - \beta_2)^2$ (line) if only the third moment is 0 (ours). AMSGrad has none.",
        "The paper is known here from its abstract; problem, laws and settings are ours. $X$ is one"
        f" of {laws[SKEWED]} (skewed), {laws[SECOND]} (third central moment 0) and"
        f" {laws[SYMMETRIC]} (symmetric), each with the same chance. {base['steps']:,} steps; $x$"
        f" is averaged over {settings['records']:,} records in the second half; Adam and AMSGrad"
        f" have bias correction and eps {rule['eps']:g}; {settings['seeds']} seeds. SGD has the"
        f" same draws; its own mean is at most {f[SGD]:g} standard errors from 0. Adam is within"
        f" {f[ADAM]:g} of its level in (a) and {f[BERNOULLI]:g} in (b), up to {f[APART]:g} and"
        f" {f[APART_P]:g} standard errors: what is left is chance and an effect of the step size."
        " An error in (a) that is smaller than two standard errors is drawn as an upper limit, the"
        " error and two of them; there the order 2 rests on the line. Symmetric laws and AMSGrad"
        r" stand a little beside their $1 - \beta_2$. A level is computed as one integral for each"
        r" $x$. To the first order it is $E X -"
        r" \kappa (1 - \beta_2) \mu_3 / (2 \sigma^2)$ with the third central moment $\mu_3$ and"
        r" $\kappa = (1 - \beta_1) / (1 - \beta_1 \beta_2)$ (ours); where $\mu_3$ is 0 its order in"
        rf" $1 - \beta_2$ is {f[ORDER.format(SECOND)]:g}, a fit to the last four points of the"
        " line.",
    )
