"""Three slopes that fool Adam, and three for ADOPT (ours; beside Reddi et al., ICLR 2018).

For all betas there is a small S > 0 such that Adam goes to +1 on the slopes -2, -1, 3 + S, and
ADOPT on -3, 2, 1 + S, although x* = -1 (`amsgrad/theory/period3.py` has the proof). What is drawn
is the S up to which that holds; runs with half of it, and with twice as much, check it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from amsgrad.config.run_config import Config
from amsgrad.engines.driver import run_to
from amsgrad.theory.boundary import beta2_of
from amsgrad.theory.mean_step import mean_step
from amsgrad.theory.period3 import SLOPES, largest_sum, whole_slopes
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import compiled, on_grid
from experiments.figures.words import Caption, step_size, two_digits

SETTINGS = {
    "base": {
        "problem": "sequence",
        "eps": 0.0,
        "lr": 100.0,
        "schedule": "inverse_sqrt",
        "first_t": 1,
        "x0": 0.0,
        "dtype": "float64",
        "steps": 4_000_000,
    },
    "decades": 4.0,  # of 1 - beta1 and 1 - beta2
    "points": 161,
    "beta1": [0.0, 0.9, 0.99],  # of Adam's lines
    "run_every": 0.5,  # decades
    "whole": [  # betas at which whole slopes are stated
        ["adam", 0.9, 0.99],
        ["adam", 0.9, 0.999],
        ["adopt", 0.9, 0.9999],
    ],
}
POWERS, DARK = range(-9, 1), -5  # lines of 10^power; the map is dark below the latter
FACTORS = (0.5, 2.0)  # of the largest S, in the runs
TRAVEL = 4.0  # what the drift must move x by in a run, F being 2 wide
ARRIVED = 0.5  # a run with |x| above this at its end has gone to an end of F
LARGEST = 10.0  # S of the colours
LINES = {0.0: style.SKY, 0.9: style.BLUE, 0.99: style.PURPLE}  # Adam's, by beta1
EQUAL: Any = {"color": style.ORANGE, "linewidth": 1.2, "linestyle": (0, (4, 3))}
WHOLE = "whole slopes with the sum 1"
NAMES = {"adam": "Adam", "adopt": "ADOPT"}


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Compute the largest sums, and the runs beside them."""
    z = np.linspace(0, settings["decades"], settings["points"])
    beta2, betas1 = beta2_of(z), np.array(settings["beta1"])
    runs = _runs(settings)
    x = on_grid(lambda run: run_to(compiled(run), run.steps)[0].x, [run for run, _, _ in runs])
    return xarray.Dataset(
        {
            "adam": variable(
                ("w", "z"), largest_sum("adam", beta2[:, None], beta2), "largest S of Adam"
            ),
            "adam_line": variable(
                ("beta1", "z"), largest_sum("adam", betas1[:, None], beta2), "largest S of Adam"
            ),
            "adopt_line": variable("z", largest_sum("adopt", 0.0, beta2), "largest S of ADOPT"),
            "whole_slopes": variable(
                ("case", "slope"),
                [whole_slopes(*case) for case in settings["whole"]],
                "whole slopes with the sum 1 on which D < 0",
            ),
            "run_adopt": variable(
                "run", [int(run.opt == "adopt") for run, _, _ in runs], "whether the run is ADOPT's"
            ),
            "run_beta1": variable(
                "run", [run.rule_options["beta1"] for run, _, _ in runs], "beta1 of a run"
            ),
            "run_beta2": variable(
                "run", [run.rule_options["beta2"] for run, _, _ in runs], "beta2 of a run"
            ),
            "run_sum": variable("run", [total for _, total, _ in runs], "S of a run"),
            "run_goes_to": variable("run", [end for _, _, end in runs], "end by the mean step"),
            "run_x": variable("run", x, "x after the last step"),
        },
        {
            "beta1": variable("beta1", betas1, "beta1"),
            "w": variable("w", z, "-log10(1 - beta1)"),
            "z": variable("z", z, "-log10(1 - beta2)"),
            "case": variable("case", [" ".join(map(str, case)) for case in settings["whole"]],
                             "rule, beta1 and beta2"),
        },
    )  # fmt: skip


def _runs(settings: Mapping[str, Any]) -> list[tuple[Config, float, int]]:
    """Return runs with S and the end that D says, where the way is long enough in these steps."""
    base, found = settings["base"], []
    some = beta2_of(np.arange(0, settings["decades"] + 0.01, settings["run_every"])).tolist()
    way = 2 * base["lr"] * np.sqrt(base["steps"]) / 3
    cases = [("adam", beta1, beta2) for beta1 in some for beta2 in some]
    for opt, beta1, beta2 in [*cases, *(("adopt", 0.9, beta2) for beta2 in some)]:
        largest = float(largest_sum(opt, beta1, beta2))
        for factor in FACTORS if np.isfinite(largest) else FACTORS[:1]:
            first, second, third = SLOPES[opt]
            slopes = [first, second, third + factor * min(largest, LARGEST)]
            own = {"semantics": "paper"} if opt == "adam" else {}
            run = Config(**base, **own, opt=opt, slopes=slopes, beta1=beta1, beta2=beta2)
            step = mean_step(run.make_rule(), slopes, run.make_form())
            if way * abs(step.total) > TRAVEL:
                found.append((run, sum(slopes), step.goes_to))
    return found


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return sums at some betas, whole slopes, and where the runs went."""
    x, said = data.run_x.values, data.run_goes_to.values
    went = np.where(np.abs(x) > ARRIVED, np.sign(x), 0)
    wrong = said == 1
    found: dict[str, Any] = {
        "runs": x.size,
        "runs that went where D says": int((went == said).sum()),
        "of these to +1, with half of the largest S": int((wrong & (went == 1)).sum()),
        "of these to -1, with twice the largest S": int((~wrong & (went == -1)).sum()),
        "largest distance of x from the end after the last step": round(
            float(np.abs(x - said).max()), 3
        ),
    }
    for case, slopes in zip(data.case.values, data.whole_slopes.values.tolist(), strict=True):
        found[f"{case}: {WHOLE}"] = slopes
    least = data.adam.where(data.adam > 0).min()
    found["least S of the map"] = two_digits(least)
    return found


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw Adam's map over both betas, and the lines of both rules over beta2."""
    left, right = layout.panels(figure, 2, 2, 2.5, 3.4)
    last = float(data.z[-1])
    _draw_map(data, left)
    left.set_title("Adam, slopes $-2, -1, 3 + S$", loc="left")
    for beta1, line in zip(data.beta1.values, data.adam_line, strict=True):
        label = rf"Adam, $\beta_1 = {beta1:g}$"
        right.semilogy(data.z, line.clip(max=LARGEST), color=LINES[float(beta1)], label=label)
    right.semilogy(data.z, data.adopt_line, color=style.GREEN, label=r"ADOPT, any $\beta_1$")
    _draw_runs(data, right)
    right.set_title("Both, over $\\beta_2$", loc="left")
    right.set_ylabel("largest $S$")
    right.set_xlim(0, last)
    style.beta_axis(right.xaxis, 2, last)
    layout.letters((left, right))
    layout.legend(figure, right)


def _draw_map(data: xarray.Dataset, axes: Axes) -> None:
    norm = LogNorm(float(data.adam.min()), LARGEST)
    axes.pcolormesh(
        data.w, data.z, data.adam.T.clip(max=LARGEST), norm=norm, cmap="YlGnBu_r", rasterized=True
    )
    lines = axes.contour(
        data.w, data.z, np.log10(data.adam.T), POWERS,
        colors=["white" if power < DARK else style.BLACK for power in POWERS],
        linewidths=0.5, linestyles="solid",
    )  # fmt: skip
    axes.clabel(lines, fmt=lambda power: rf"$10^{{{power:.0f}}}$", fontsize=7)
    axes.plot(data.w, style.decades(beta2_of(data.w) ** 2), **EQUAL)
    runs = data.sel(run=data.run_adopt == 0)
    axes.plot(
        style.decades(runs.run_beta1), style.decades(runs.run_beta2), "o",
        color=style.BLACK, markersize=2, clip_on=False,
    )  # fmt: skip
    last = float(data.z[-1])
    style.beta_axis(axes.xaxis, 1, last)
    style.beta_axis(axes.yaxis, 2, last)
    axes.set_xlim(0, last)
    axes.set_ylim(0, last)


def _draw_runs(data: xarray.Dataset, axes: Axes) -> None:
    adam = data.run_adopt == 0
    lines = [(adam & (data.run_beta1 == beta1), color) for beta1, color in LINES.items()]
    for marker, end, what in (
        ("^", data.run_x > ARRIVED, "a run that ends at $x = +1$"),
        ("v", data.run_x < -ARRIVED, "a run that ends at $x = -1$"),
    ):
        look: Any = {"marker": marker, "markersize": 4, "linestyle": ""}
        axes.plot([], [], color=style.BLACK, label=what, **look)
        for of_line, color in [*lines, (~adam, style.GREEN)]:
            runs = data.sel(run=of_line & end)
            if runs.run.size:  # nothing that is not clipped breaks the layout
                at = style.decades(runs.run_beta2), runs.run_sum
                axes.plot(*at, color=color, clip_on=False, **look)


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the theorem, and what the runs say."""
    base, f = settings["base"], findings
    whole = "; ".join(
        f"{NAMES[opt]} with {beta1:g}, {beta2:g}: "
        + ", ".join(map(str, f[f"{opt} {beta1} {beta2}: {WHOLE}"]))
        for opt, beta1, beta2 in settings["whole"]
    )
    return Caption(
        "Three slopes fool Adam whatever its betas are, and others ADOPT (ours; Theorem 2 of Reddi,"
        r" Kale and Kumar, ICLR 2018, needs $\beta_1 < \sqrt{\beta_2}$, below the dashed line it"
        " says nothing). Drawn is the largest sum $S$ of the slopes at which $x$ goes to $+1$,"
        " although $x^* = -1$: (a) Adam on $-2, -1, 3 + S$; (b) also ADOPT on $-3, 2, 1 + S$."
        " Dots: runs.",
        f"{f['runs that went where D says']} of {f['runs']} runs end where $D$ says.",
        "A theorem for all betas in $[0, 1)$ without eps; the proof is in"
        " amsgrad/theory/period3.py. Its lines are computed, the runs (dots, triangles) check them:"
        f" {base['steps']:,} steps each, {step_size(base)}, $x_1 = {base['x0']:g}$, double"
        " precision, with half of the largest $S$ and with twice as much, where the drift is fast"
        f" enough to arrive. $S$ is cut at {LARGEST:g}: with betas of 0 Adam goes to $+1$ for every"
        f" $S$. Whole slopes with the sum 1 by this family: {whole}; smaller ones may exist."
        " ADOPT's convergence theorem (Taniguchi et al., NeurIPS 2024) assumes independent"
        " gradients, which cyclic ones are not, and is not contradicted. Not found in excerpts of"
        " papers, but for ADOPT at betas of 0 (OpenReview sJCIv4aUQu, an anonymous review).",
    )
