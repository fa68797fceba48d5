"""What was tried against Figure 1 of Reddi, Kale and Kumar (ICLR 2018), and how far off it is."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from amsgrad.config.build import build_setup
from amsgrad.fit import fit_terms
from amsgrad.laws.leading import leading, why_no_terms
from amsgrad.theory.periodic import slopes
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.online_fit import (
    ARRIVED,
    BASE,
    ONLINE,
    OPTIMIZERS,
    SEEN,
    about,
    arrival,
    config,
    joint,
    off,
    online,
    read,
)
from experiments.figures.readings import text
from experiments.figures.runs import on_grid
from experiments.figures.words import Caption

RANGE = ["best", "least", "most"]
DASHED = (0, (4, 3))
BETAS = "betas that both share: tried, Adam at +1, both levels, and the rise"
RISEN = f"adam is above {ARRIVED} from"
SETTINGS = {
    "base": BASE,
    "online": ONLINE,
    "tried": {
        "as printed": {},
        "as printed, from -1": {"x0": -1.0},
        "as printed, from +1": {"x0": 1.0},
        "bias correction": {"semantics": "torch"},
        "the maximum of optax": {"semantics": "optax"},
        "time from 0": {"first_t": 0},
        "single precision": {"dtype": "float32"},
        "eps 1": {"eps": 1.0},
        "eps 10": {"eps": 10.0},
        "eps 30": {"eps": 30.0},
        "beta1 0": {"beta1": 0.0},
        "beta1 .95": {"beta1": 0.95},
        "beta1 .9 * .999^(t-1)": {"beta1_schedule": "exponential"},
        "beta1 .9 / t": {"beta1_schedule": "harmonic"},
        "beta2 .98": {"beta2": 0.98},
        "beta2 .995": {"beta2": 0.995},
        "beta2 .995, bias correction": {"beta2": 0.995, "semantics": "torch"},
        "beta2 .999": {"beta2": 0.999},
        "betas .983, .9933, from +1": {"beta1": 0.983, "beta2": 0.9933, "x0": 1.0},
        "period 100, slope 1000": {"period": 100, "big": 1000.0},
        "Nesterov": {"variant": "nesterov"},
        "stale m": {"variant": "stale_m"},
        "stale v": {"variant": "stale_v"},
        "stale v, from -1": {"variant": "stale_v", "x0": -1.0},
        "stale v, from +1": {"variant": "stale_v", "x0": 1.0},
    },
    "lr": 0.55,
    "room": 0.15,
    "rise_until": 400_000,
    "beta1_decades": [0.0, 3.0, 121],
    "beta2_decades": [0.5, 4.0, 161],
    "rise_between": [30_000, 55_000],
    "readings": text(),
}


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Compare the terms of each trial's runs with those of the readings, then its whole curves."""
    names = list(settings["tried"])
    terms = on_grid(lambda name, opt: _terms(name, opt, settings), names, OPTIMIZERS)
    lr, own, wrong = terms[..., :3], terms[..., 4], terms[..., 5]
    last = on_grid(lambda i: _together(names[i], lr[i, :, 0], settings), range(len(names)))
    return xarray.Dataset(
        {
            "lr": variable(("tried", "optimizer", "range"), lr,
                           "alpha by the coefficient of 1 / sqrt(t)"),
            "per_alpha": variable(("tried", "optimizer"), terms[..., 3],
                                  "coefficient of 1 / sqrt(t) per alpha"),
            "off": variable(("tried", "optimizer"), own,
                            "largest difference from the readings at its own alpha"),
            "x_last": variable(("tried", "optimizer"), wrong, "x after the last step"),
            "lr_joint": variable("tried", last[:, 0], "alpha fitted to both curves at once"),
            "off_joint": variable(("tried", "optimizer"), last[:, 1:3],
                                  "largest difference from the readings at that alpha"),
            "arrival": variable("tried", last[:, 3],
                                f"t from which on Adam's x is above {ARRIVED}", "steps"),
            **_betas(lr[0], settings),
        },
        {"tried": names, "optimizer": list(OPTIMIZERS), "range": RANGE,
         "end": RANGE[1:], "number": ["beta1", "beta2", "alpha"]},
    )  # fmt: skip


def _terms(name: str, opt: str, settings: Mapping[str, Any]) -> list[float]:
    """Return alpha and its range, kappa per alpha, the largest difference, and x at the end.

    Kappa is the law's; where there is none, that of a run, fitted as the readings are.
    """
    points, more = read(opt, settings), settings["tried"][name]
    lr = settings["lr"]
    one = config(opt, lr, settings, **more)
    form, setup = one.make_form(), build_setup(one)
    curve, x = online(opt, lr, points.t, settings, **more)
    if form is not None and why_no_terms(setup, form) is None:
        law = leading(setup, form, 1.0)
        limit, per_alpha = float(law.limit), float(law.kappa)
    else:
        limit = slopes(setup.problem).mean() * (round(x[-1]) + 1)
        per_alpha = fit_terms(points.t, curve, points.accuracy, limit).kappa.best / lr
    own = np.array(fit_terms(*points, limit).kappa) / per_alpha
    return [*own, per_alpha, off(opt, own[0], limit, settings, **more)[1], float(x[-1])]


def _together(name: str, lr: NDArray[np.float64], settings: Mapping[str, Any]) -> list[float]:
    """Return the one alpha that fits best, its differences, and when Adam arrives at its own."""
    room = settings["room"]
    more = settings["tried"][name]
    between = lr.min() * (1 - room), lr.max() * (1 + room)
    found = joint(settings, between, adam=more, amsgrad=more)
    return [*found, arrival(lr[0], settings["rise_until"], settings, **more)]


def _betas(lr: NDArray[np.float64], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many betas that both optimizers share have the levels, the rise and the curves.

    Args:
        lr: the ranges of alpha of Adam and of AMSGrad at the betas of the paper.
        settings: of the figure.
    """
    beta1, beta2 = (
        1 - 10 ** -np.linspace(*settings[name]) for name in ("beta1_decades", "beta2_decades")
    )
    # the rise begins near -1, where the first big slope has put x
    one = {opt: config(opt, 1.0, settings, x0=-1.0) for opt in OPTIMIZERS}
    setups = {opt: build_setup(one[opt]) for opt in OPTIMIZERS}
    forms: Any = {opt: one[opt].make_form() for opt in OPTIMIZERS}
    read_kappa = [
        float(leading(setups[opt], forms[opt], 1.0).kappa) * own
        for opt, own in zip(OPTIMIZERS, lr, strict=True)
    ]
    low, high = (read_kappa[0][i] / read_kappa[1][j] for i, j in ((1, 2), (2, 1)))
    ends, level, pairs = 0, 0, []
    for first in beta1:
        at = {
            opt: replace(forms[opt], beta1=float(first), beta2=beta2[:, None]) for opt in OPTIMIZERS
        }
        adam, amsgrad = (leading(setups[opt], at[opt], 1.0) for opt in OPTIMIZERS)
        own = read_kappa[0][0] / adam.kappa
        rise = leading(setups["adam"], at["adam"], own).arrival
        up, ratio = adam.limit > 0, adam.kappa / amsgrad.kappa
        fits = up & (low <= ratio) & (ratio <= high)
        ends, level = ends + int(up.sum()), level + int(fits.sum())
        earliest, latest = settings["rise_between"]
        both = np.sqrt(own * read_kappa[1][0] / amsgrad.kappa)
        pairs += [
            (float(first), float(beta2[i]), float(both[i]))
            for i in np.flatnonzero(fits & (earliest <= rise) & (rise <= latest))
        ]

    def largest(pair: tuple[float, float, float], opt: str) -> float:
        betas = {"beta1": pair[0], "beta2": pair[1]}
        limit = float(leading(setups[opt], forms[opt], 1.0).limit)
        return min(off(opt, pair[2], limit, settings, **betas, x0=x0)[1] for x0 in (0.0, 1.0))

    worst = on_grid(largest, pairs, OPTIMIZERS).max(axis=1)
    best = pairs[int(worst.argmin())]
    return {
        "ratio": variable("end", [low, high], "kappa of Adam over that of AMSGrad, as read"),
        "pairs": variable((), beta1.size * beta2.size, "betas that both share"),
        "pairs_up": variable((), ends, "of these Adam goes to +1"),
        "pairs_level": variable((), level, "of these one alpha has both levels"),
        "pairs_rise": variable((), len(pairs), "of these Adam rises as in the figure"),
        "pairs_off": variable((), worst.min(), "the least largest difference of these"),
        "pairs_best": variable("number", list(best), "beta1, beta2 and alpha of that"),
    }


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return the numbers of each trial; three numbers of alpha are the best one and its range."""
    found: dict[str, Any] = {
        "kappa of adam over that of amsgrad, as read": [round(float(r), 3) for r in data.ratio]
    }
    for name in data.tried.values:
        own = data.sel(tried=name)
        adam, amsgrad = (own.sel(optimizer=opt) for opt in OPTIMIZERS)
        found[str(name)] = {
            "alpha of adam": _digits(adam.lr, 4),
            "alpha of amsgrad": _digits(amsgrad.lr, 4),
            "kappa of adam over that of amsgrad": round(
                float(adam.per_alpha / amsgrad.per_alpha), 3
            ),
            "largest differences at these": _digits(own.off, 5),
            "one alpha, and its largest differences": [
                round(float(own.lr_joint), 4), *_digits(own.off_joint, 5)
            ],
            RISEN: about(float(own.arrival)),
        }  # fmt: skip
    return found | {
        BETAS: [int(data[name]) for name in ("pairs", "pairs_up", "pairs_level", "pairs_rise")],
        "of the last: least largest difference": round(float(data.pairs_off), 4),
        "at beta1, beta2, alpha": _digits(data.pairs_best, 5),
    }


def _digits(values: xarray.DataArray, digits: int) -> list[float | None]:
    """Round; None is a range that does not exist, or an end that is not reached."""
    return [round(float(value), digits) if np.isfinite(value) else None for value in values]


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw the alphas, the differences and the rise of every trial, one below the other."""
    left, middle, right = layout.panels(figure, 3, 3, 1.8, 2.5)
    wide = left.get_subplotspec().get_gridspec().ncols > 1  # type: ignore[union-attr]
    figure.set_figheight((1 if wide else 3) * (0.6 + 0.14 * data.tried.size))
    row = np.arange(data.tried.size)
    for opt, shift in zip(OPTIMIZERS, (-0.15, 0.15), strict=True):
        own, color = data.sel(optimizer=opt), style.COLORS[opt]
        best, least, most = own.lr.transpose("range", "tried").values
        left.errorbar(
            best, row + shift, xerr=np.abs([best - least, most - best]), fmt="|", color=color,
            markersize=4, markeredgewidth=0.6, elinewidth=2, label=style.LABELS[opt],
        )  # fmt: skip
        middle.plot(own.off_joint, row + shift, "o", color=color, markersize=2.5)
        accuracy = read(opt, SETTINGS).accuracy.max()
        middle.axvline(accuracy, color=color, linewidth=0.8, linestyle=DASHED)
    right.plot(data.arrival, row, "o", color=style.COLORS["adam"], markersize=2.5)
    right.axvline(SEEN, color=style.GREY, linewidth=0.8, linestyle=DASHED)
    left.set_xlabel(r"$\alpha$ by the level of each curve")
    middle.set_xlabel(r"largest difference, one $\alpha$")
    right.set_xlabel(rf"$t$ from which $x_t > {ARRIVED}$")
    left.set_title("Levels", loc="left")
    middle.set_title("Average regret", loc="left")
    right.set_title("Adam's rise", loc="left")
    for axes in (left, middle, right):
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(row.size - 0.5, -0.5)
        _rows(axes, data.tried.values if axes is left or not wide else [""] * row.size)
    left.set_xticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
    layout.letters((left, middle, right))
    layout.legend(figure, left)


def _rows(axes: Axes, names: Any) -> None:
    axes.set_yticks(range(len(names)), names, size=7)
    axes.tick_params("y", length=0)
    axes.grid(axis="y", color=style.GREY, linewidth=0.3, alpha=0.5)


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return what was tried, and what is left of it."""
    f, base = findings, settings["base"]
    low, high = f["kappa of adam over that of amsgrad, as read"]
    tried, up, level, rise = f[BETAS]
    beta1, beta2, lr = f["at beta1, beta2, alpha"]
    printed, plus = f["as printed"], f["as printed, from +1"]
    larger, stale, other = f["beta1 .95"], f["stale v"], f["betas .983, .9933, from +1"]
    ratio = "kappa of adam over that of amsgrad"
    single = "one alpha, and its largest differences"

    def both(trial: Mapping[str, Any]) -> str:
        lr, adam, amsgrad = trial[single]
        return rf"at $\alpha$ = {lr:.3f} within {adam:.4f} (Adam) and {amsgrad:.4f} (AMSGrad)"

    return Caption(
        "Tried against the online panels of Figure 1 of Reddi, Kale and Kumar (ICLR 2018); from"
        rf" $\beta_1 = {base['beta1']}$, $\beta_2 = {base['beta2']}$, $x_1 = {base['x0']:g}$ each"
        r" row changes what it names. (a) $\alpha$ by each curve, its range."
        r" (b) At one $\alpha$; right of its dashed line a curve misses points. (c) Dashed: the"
        f" paper's Adam, {SEEN:,}; no dot: not by {settings['rise_until']:,}.",
        "At the betas of the text no trial fits both levels and the rise; other betas come near.",
        r"Levels are the coefficients $\kappa$ of $1/\sqrt{t}$, by the law, or by a run;"
        r" the bars are the ranges in which all readings are met. The readings have"
        rf" $\kappa_{{Adam}}/\kappa_{{AMSGrad}}$ = {low} to {high}; Algorithms 1 and 2 as printed"
        f" {printed[ratio]}, and no $\\alpha$ fits both: from +1 they are {both(plus)}, and with"
        rf" $\beta_1$ = .95 {both(larger)}. The divisor of the step before (stale v) has"
        f" {stale[ratio]}, and is {both(stale)}. In all three Adam's rise is over too soon."
        f" With the betas .983, .9933, against the text, from +1, the curves are {both(other)},"
        rf" twice the accuracy of the points, and Adam arrives at $t$ = {other[RISEN]:,}. Of"
        rf" {tried:,} betas that both share, Adam goes to +1 with {up:,}, one $\alpha$ has both"
        rf" levels with {level:,}, and by the law Adam rises as slowly as in the figure with"
        rf" {rise:,} of these; on that grid {beta1:.3f}, {beta2:.4f}, $\alpha$ = {lr:.2f} come"
        f" nearest, within {f['of the last: least largest difference']:.4f}. Nothing is said about"
        " what the authors ran.",
    )
