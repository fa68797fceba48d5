"""Figure 1's problem (Reddi et al., ICLR 2018) for all T: limit, kappa, arrival over the betas."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from amsgrad.config.build import SEARCHED_DECAYING, build_setup
from amsgrad.config.run_config import Config
from amsgrad.laws.law import Law
from amsgrad.laws.memory import NoLaw
from amsgrad.laws.settle import settle
from experiments.figures import layout, maps, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import on_grid
from experiments.figures.words import Caption, step_size, two_digits
from experiments.sweeps.in_memory import compute_sweep

SETTINGS = {
    "base": {
        "problem": "online",
        "first_t": 1,
        "x0": 0.0,
        "dtype": "float64",
        "semantics": "paper",
        "eps": 0.0,
        "lr": 0.5,
        "schedule": "inverse_sqrt",
    },
    "axes": {
        "opt": ["adam", "amsgrad"],
        "beta1": maps.betas(3, 161),
        "beta2": maps.betas(5, 161),
    },
    "sample": 20,  # cells of each map whose exact law is looked for
}
QUANTITIES = {"kappa": r"$\kappa$", "arrival": "arrival (steps)"}


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Compute the maps without a run, and exact laws of some cells beside them."""
    axes = settings["axes"]
    sweep = {"base": settings["base"], "axes": axes, "keep": ["limit", "kappa", "arrival"]}
    data = compute_sweep(sweep).drop_vars("status")
    rng = np.random.default_rng(0)
    places = np.stack(
        [rng.integers(len(axes[n]), size=settings["sample"]) for n in axes if n != "opt"]
    )

    def differs(opt: str, cell: int) -> list[float]:
        betas = {n: axes[n][i] for n, i in zip(("beta1", "beta2"), places[:, cell], strict=True)}
        law = _law(Config(**settings["base"], opt=opt, **betas))
        if law is None:
            return [np.nan, np.nan]
        own = data.sel(opt=opt, **betas)
        return [abs(float(own.limit) - float(law.limit)), abs(float(own.kappa) / law.kappa - 1)]

    limits, kappas = np.moveaxis(on_grid(differs, axes["opt"], range(settings["sample"])), -1, 0)
    text = "beside the exact law of a cell; NaN where none was found"
    # the maps are of what is drawn; the comparison is in double precision
    return data.astype(np.float32).assign(
        limit_differs=variable(("opt", "cell"), limits, f"difference of limit {text}"),
        kappa_differs=variable(("opt", "cell"), kappas, f"relative difference of kappa {text}"),
    )


def _law(config: Config) -> Law | None:
    try:
        return settle(build_setup(config), config.make_rule(), SEARCHED_DECAYING)
    except NoLaw:
        return None


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return the ranges, and how well the maps agree with exact laws."""
    found: dict[str, Any] = {"cells per map": data.beta1.size * data.beta2.size}
    for opt in data.opt.values:
        own = data.sel(opt=opt)
        wrong = (own.limit > 0).values
        found[f"{opt}: cells whose average regret does not vanish"] = int(wrong.sum())
        for name in QUANTITIES:
            values = own[name].values
            found[f"{opt}: {name}, least and largest"] = [
                two_digits(v) for v in (values.min(), values.max())
            ]
        found[f"{opt}: cells without a law, since D is lost in rounding"] = int(
            np.isnan(own.kappa).sum()
        )
    known = np.isfinite(data.kappa_differs)
    found["exact laws found beside the maps"] = int(known.sum())
    found["largest relative difference of kappa"] = two_digits(data.kappa_differs.max())
    found["largest difference of limit"] = two_digits(data.limit_differs.max())
    return found


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw kappa and arrival of each optimizer; in black where Adam's limit changes."""
    panels = layout.panels(figure, 4, 2, 2.4, 2.3, sharex=True, sharey=True)
    across, up = style.decades(data.beta1), style.decades(data.beta2)
    for row, (name, label) in enumerate(QUANTITIES.items()):
        pair = panels[2 * row : 2 * row + 2]
        norm = LogNorm(float(data[name].min()), float(data[name].max()))
        for axes, opt in zip(pair, data.opt.values, strict=True):
            own = data.sel(opt=opt)
            look: Any = {"cmap": "viridis", "norm": norm, "rasterized": True}
            image = axes.pcolormesh(across, up, own[name].T, **look)
            if own.limit.max() > 0 == own.limit.min():
                half = float(own.limit.max()) / 2
                axes.contour(across, up, own.limit.T, [half], colors="white", linewidths=1.2)
            style.beta_axis(axes.xaxis, 1, float(across[-1]))
            style.beta_axis(axes.yaxis, 2, float(up[-1]))
            axes.label_outer()
            axes.set_title(f"{style.LABELS[opt]}: {name}", loc="left")
        layout.color_bar(figure, image, pair, label)
    layout.letters(panels)


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the settings, and what the maps show."""
    base, f = settings["base"], findings
    fails = f["adam: cells whose average regret does not vanish"] / f["cells per map"]
    return Caption(
        "Figure 1's problem (Reddi, Kale and Kumar, ICLR 2018) for all $T$ over the betas,"
        rf" {step_size(base)}: $R_T/T = $ limit $+\ \kappa/\sqrt{{T}} + O(1/T)$, and the steps"
        f" until $x$ arrives at its end, {f['cells per map']:,} cells per map, without a run.",
        f"White: between the lines ({fails:.0%} of the map) Adam goes to $+1$, and the limit is"
        " 20/101; elsewhere the limit is 0, as AMSGrad's is for all betas.",
        "Exact arithmetic, from the closed forms of the steps on the memory's cycle; the arrival is"
        f" to leading order, from $x_1 = {base['x0']:g}$, and both scale with the step size:"
        r" $\kappa$ as $\alpha$, the arrival as $\alpha^{-2}$. No bias correction, no eps. Beside"
        f" {f['exact laws found beside the maps']} exact laws of single cells, kappa differs by at"
        f" most {f['largest relative difference of kappa']:.1e} relative.",
    )
