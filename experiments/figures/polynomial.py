"""Adam on x^k / k: it converges, has spikes or oscillates (Bai et al., ICML 2026)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from amsgrad.config.run_config import Config
from amsgrad.engines.driver import run_to
from amsgrad.problems.polynomial import Polynomial
from amsgrad.schedules import record_steps
from amsgrad.theory.regimes import Regimes, regimes
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import compiled, on_grid
from experiments.figures.words import Caption, two_digits

PUBLISHED = Polynomial.published[0].settings
SETTINGS = {
    "base": {
        "problem": "polynomial",
        "semantics": "paper",
        "dtype": "float64",
        **{name: PUBLISHED[name] for name in ("eps", "lr", "x0", "memory0", "steps")},
    },
    "degrees": [4, 6],
    "beta2s": [0.8, 0.93, 0.97],
    # of beta1 between the two bounds: 0 is the first, 1 the second
    "shares": [round(float(s), 2) for s in np.linspace(-1, 3, 41)],
    "path_degree": PUBLISHED["degree"],
    "path_beta2": PUBLISHED["beta2"],
    "path_shares": [-2.0, 0.3, 2.0],
    "path_steps": 4000,
}
HIGH, LOW = 1e-8, 1e-30  # |x| between which the rate is measured: v is far from its least number
LAST = 5  # the level is that of the last fifth of the steps
ROWS, ROW = 1e-6, 1.7  # where the rows of runs at rest begin in the picture, and their distance
AT_REST = 1e-20  # a level below it, in units of alpha / 2, means that x has converged


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run Adam on either side of both bounds."""
    steps = settings["base"]["steps"]
    shares = np.array(settings["shares"])

    def level(degree: int, beta2: float, share: float) -> tuple[float, float, float]:
        size = _sizes(settings, degree, beta2, share, steps)
        last = size[-steps // LAST :] / (settings["base"]["lr"] / 2)
        return float(np.median(last)), float(last.max()), _rate(size)

    axes = (settings["degrees"], settings["beta2s"])
    found = np.moveaxis(on_grid(level, *axes, shares), -1, 0)
    at = on_grid(lambda degree, beta2: regimes(beta2, degree), *axes)
    path = [
        _sizes(settings, settings["path_degree"], settings["path_beta2"], share, steps)
        for share in settings["path_shares"]
    ]
    dims = ("degree", "beta2")
    return xarray.Dataset(
        {
            "median": variable((*dims, "share"), found[0], "median of |x_t| 2 / alpha at the end"),
            "largest": variable(
                (*dims, "share"), found[1], "maximum of |x_t| 2 / alpha at the end"
            ),
            "measured": variable((*dims, "share"), found[2], "measured x_{t+1} / x_t"),
            "stable_below": variable(dims, at[..., 0], "beta1 below which x tends to 0"),
            "spikes_below": variable(dims, at[..., 1], "beta1 below which spikes come back"),
            "rate": variable(dims, at[..., 2], "x_{t+1} / x_t by the formula"),
            "path": variable(
                ("path_share", "step"), np.array(path)[:, : settings["path_steps"]], "|x_t|"
            ),
        },
        {
            "degree": variable("degree", settings["degrees"], "degree k"),
            "beta2": variable("beta2", settings["beta2s"], "beta2"),
            "share": variable("share", shares, "place of beta1 between the two bounds, 0 to 1"),
            "path_share": variable("path_share", settings["path_shares"], "share of a path"),
            "step": variable("step", np.arange(1, settings["path_steps"] + 1), "step", "steps"),
        },
    )


def beta1_at(at: Regimes, share: float) -> float:
    """Return the beta1 at this place between the bounds."""
    return at.stable_below + share * (at.spikes_below - at.stable_below)


def _sizes(
    settings: Mapping[str, Any], degree: int, beta2: float, share: float, steps: int
) -> NDArray[np.float64]:
    beta1 = beta1_at(regimes(beta2, degree), share)
    config = Config(**settings["base"], opt="adam", degree=degree, beta1=beta1, beta2=beta2)
    _, records = run_to(compiled(config), steps, record_steps(steps, 1))
    return np.abs(records.x)


def _rate(size: NDArray[np.float64]) -> float:
    """Return the mean factor per step between HIGH and LOW; NaN where x does not fall so far."""
    if size.min() > LOW:
        return np.nan
    first, last = int(np.argmax(size < HIGH)), int(np.argmax(size < LOW))
    return float((size[last] / size[first]) ** (1 / (last - first)))


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return where convergence ends, how exact the rate is, and the levels above."""
    found: dict[str, Any] = {"runs": int(data["median"].size)}
    for degree in data.degree.values:
        for beta2 in data.beta2.values:
            one = data.sel(degree=degree, beta2=beta2)
            rest = one.largest.values < AT_REST
            found[f"k = {degree}, beta2 = {beta2}: shares between which convergence ends"] = [
                float(one.share[rest].max()), float(one.share[~rest].min())
            ]  # fmt: skip
            off = (one.measured / one.rate - 1).where(one.share == -1)
            found[f"k = {degree}, beta2 = {beta2}: rate, relative error of the measured one"] = [
                round(float(one.rate), 6), two_digits(np.abs(off).max())
            ]  # fmt: skip
    above = data.sel(share=data.share > 1)
    found["largest |x| above the second bound, in alpha / 2: least and most"] = [
        round(float(above.largest.min()), 2), round(float(above.largest.max()), 2)
    ]  # fmt: skip
    found["median |x| above the second bound, in alpha / 2: least and most"] = [
        round(float(above["median"].min()), 3), round(float(above["median"].max()), 3)
    ]  # fmt: skip
    near = data["median"].interp(share=[0.7, 1.3])
    ratio = near.isel(share=1) / near.isel(share=0)
    found["median at share 1.3 over that at 0.7: least and most"] = [
        round(float(ratio.min()), 2), round(float(ratio.max()), 2)
    ]  # fmt: skip
    return found


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw a path of each regime, and the level over beta1."""
    left, right = layout.panels(figure, 2, 2, 2.8, 2.7)
    looks = (
        ("converges", style.BLUE, 3),
        ("spikes", style.ORANGE, 2),
        ("oscillates", style.VERMILLION, 1),
    )
    for i, (label, color, above) in enumerate(looks):
        path = data.path.isel(path_share=i)
        left.semilogy(data.step, path, color=color, linewidth=0.8, zorder=above, label=label)
    left.set_ylim(1e-16, 3)
    left.set_xlim(0, float(data.step[-1]))
    left.set_xlabel("$t$ (steps)")
    left.set_ylabel("$|x_t|$")
    left.set_title("A run of each regime", loc="left")
    left.legend(loc="lower left")
    _levels(right, data)
    layout.letters((left, right))


def _levels(axes: Axes, data: xarray.Dataset) -> None:
    marks = {4: "o", 6: "^"}
    colors = (style.SKY, style.GREEN, style.PURPLE)
    rest = ROWS  # runs at rest have no place on a logarithmic axis: each series has a row below it
    for degree in data.degree.values:
        for beta2, color in zip(data.beta2.values, colors, strict=False):
            one = data.sel(degree=degree, beta2=beta2)
            shown = one["median"].where(one["median"] > ROWS, rest)
            rest /= ROW
            label = rf"$k = {degree}$, $\beta_2 = {beta2:g}$"
            mark = marks.get(int(degree), "s")
            axes.semilogy(data.share, shown, mark, color=color, markersize=2.6, label=label)
    for bound in (0, 1):
        axes.axvline(bound, color=style.GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    axes.axhline(ROWS * ROW, color=style.GREY, linewidth=0.5)
    axes.set_ylim(rest, 2)
    axes.set_yticks([10.0**e for e in range(-5, 1)])
    axes.set_yticks([], minor=True)
    axes.text(0.98, ROWS / 2, "$x$ rests", transform=axes.get_yaxis_transform(),
              ha="right", va="center", fontsize=8)  # fmt: skip
    axes.set_xlim(float(data.share[0]), float(data.share[-1]))
    axes.set_xlabel(r"$\beta_1$: 0 at the first bound, 1 at the second")
    axes.set_ylabel(r"median $|x_t|$ in units of $\alpha / 2$")
    axes.set_title("Level at the end", loc="left")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.2), fontsize=7)


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the bounds, and which of them is seen."""
    base = settings["base"]
    degree, beta2 = settings["path_degree"], settings["path_beta2"]
    betas = ", ".join(
        f"{beta1_at(regimes(beta2, degree), share):.4g}" for share in settings["path_shares"]
    )
    shares = sorted({found[1] for name, found in findings.items() if "convergence ends" in name})
    first = " or ".join(f"{share:g}" for share in (shares[0], shares[-1]))
    largest = findings["largest |x| above the second bound, in alpha / 2: least and most"]
    median = findings["median |x| above the second bound, in alpha / 2: least and most"]
    ratio = findings["median at share 1.3 over that at 0.7: least and most"]
    return Caption(
        rf"Adam on $x^k / k$ (Bai et al., ICML 2026) at a constant step, $\alpha = {base['lr']:g}$."
        rf" (a) $k = {degree}$, $\beta_2 = {beta2:g}$, $\beta_1 = {betas}$. (b) Bounds"
        r" $\beta_2^{k/(2(k-2))}$ and $\beta_2^{(k-1)/(2(k-2))}$, dashed.",
        r"Below the first bound $x$ falls by $\beta_2^{1/(2(k-2))}$ per step. From"
        f" {first} of the way to the second bound on, spikes come back, and their level grows,"
        " without a jump at the second bound.",
        f"No bias correction, no eps, $x_1 = {base['x0']:g}$, {base['memory0']} at first,"
        f" {base['steps']:,} steps, double precision; the settings are known here from a summary of"
        " the paper. In floating point $v$ stays at its least number, and $x$ with it. Levels are"
        f" those of the last {base['steps'] // LAST:,} steps. Above the second bound the median of"
        rf" $|x|$ is {median[0]:g} to {median[1]:g} times $\alpha / 2$ and its maximum"
        rf" {largest[0]:g} to {largest[1]:g} times: the loss $f(\alpha / 2)$, around which it"
        " moves by the summary, is that of the highest peaks at most. From 0.3 below the second"
        f" bound to 0.3 above it the median grows {ratio[0]:g} to {ratio[1]:g} times.",
    )
