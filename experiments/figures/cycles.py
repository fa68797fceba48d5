"""The cycle x, -x of Adam on a parabola (Bock and Weiss, 2022), and of the rules beside it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amsgrad.config.build import build_setup
from amsgrad.config.run_config import Config
from amsgrad.cycles.certificate import state_of
from amsgrad.cycles.two_cycle import two_cycle as certify
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.rules import title_of
from amsgrad.rules.form import Form
from amsgrad.schedules import record_steps
from amsgrad.theory.two_cycle import stable_below, two_cycle
from amsgrad.verification import Disagreement
from experiments.figures import layout, style
from experiments.figures.netcdf import variable
from experiments.figures.runs import certified, compiled, on_grid
from experiments.figures.words import Caption, two_digits

SETTINGS = {
    "base": {
        "problem": "polynomial",
        "degree": 2,
        "semantics": "paper",
        "eps": 0.0,
        "x0": 1.0,
        "dtype": "float64",
    },
    "lr": 0.01,
    "factor": 3.0,
    "paths": [["adam", 0.1], ["adam", 0.9], ["amsgrad", 0.1]],
    "path_beta2": 0.9,
    "path_steps": 3000,
    "beta1s": [round(float(b), 4) for b in np.linspace(0, 0.5, 51)],
    "beta2s": [round(float(b), 4) for b in np.linspace(0.02, 0.98, 49)],
    "most_steps": 100_000,
    "rules": [
        "adam", "amsgrad", "adamx", "adamax", "padam", "yogi", "adashift", "adopt_unclipped",
        "adabelief", "nadam", "rmsprop", "signum", "ef_signum", "lion", "acprop",
    ],
    "exact_lrs": [0.75, 0.1],  # the first at which the rounded program has the cycle
    "exact": {"beta1": 0.5, "beta2": 0.5, "factor": 1.0},
    "stable": {"lr": 0.01, "beta1": 0.1, "beta2": 0.9, "factor": 3.0},
}  # fmt: skip
SAME = 1e-9  # relative: two amplitudes that differ by rounding alone
# that no first step divides by 0; and without bias correction, Yogi's v would miss g^2
BEGINS = {"adopt_unclipped": "v=1", "yogi": "m=0,v=0", "acprop": "s=1"}
TWO, OTHER, NONE = 2, 1, 0  # how a run ends: on x, -x; on another cycle; on none that was found


def compute(settings: Mapping[str, Any]) -> xarray.Dataset:
    """Run and certify Adam over its betas, and certify the cycle of every rule."""
    at = record_steps(settings["path_steps"], 1)

    def path(opt: str, beta1: float) -> Any:
        config = _config(settings, opt, beta1=beta1, beta2=settings["path_beta2"])
        return run_to(compiled(config), settings["path_steps"], at)[1].x

    def end(beta1: float, beta2: float) -> tuple[int, int]:
        config = _config(settings, "adam", beta1=beta1, beta2=beta2)
        return _ends(config, settings["most_steps"])

    def rule(opt: str) -> tuple[float, float, int]:
        for lr in settings["exact_lrs"]:
            own = {**settings["exact"], "lr": lr, "memory0": BEGINS.get(opt)}
            config = _config(settings, opt, **own)
            amplitude = _amplitude(config)
            found = certify(build_setup(config), config.make_rule(), amplitude)
            if found is not None:
                break
        certificate = np.nan if found is None else found.highest / config.lr
        run = _config(settings, opt, **settings["stable"])
        return amplitude / config.lr, certificate, _ends(run, settings["most_steps"])[0]

    paths = np.array([path(*own) for own in settings["paths"]])
    rules = on_grid(rule, settings["rules"])
    ends = on_grid(end, settings["beta1s"], settings["beta2s"])
    return xarray.Dataset(
        {
            "x": variable(("path", "step"), paths, "iterate x_t"),
            "end": variable(
                ("beta1", "beta2"),
                ends[..., 0],
                "how Adam's run ends: 2 on x, -x; 1 on another cycle; 0 on none that was found",
            ),
            "length": variable(("beta1", "beta2"), ends[..., 1], "length of that cycle", "steps"),
            "stable_below": variable(
                "beta2", [stable_below(b) for b in settings["beta2s"]],
                "beta1 below which Adam's cycle x, -x is stable",
            ),
            "amplitude": variable("rule", rules[:, 0], "|x| / alpha by the formula"),
            "certified": variable("rule", rules[:, 1], "|x| / alpha by the certificate"),
            "rule_end": variable("rule", rules[:, 2], "how a run of the rule ends, as end"),
            "from_the_cycle": variable((), _from_the_cycle(settings), "length of Adam's cycle from"
                                       " a start on it at betas where it is unstable", "steps"),
        },
        {
            "path": [f"{opt}, {beta1:g}" for opt, beta1 in settings["paths"]],
            "step": variable("step", at, "number of the step", "steps"),
            "beta1": variable("beta1", settings["beta1s"], "beta1"),
            "beta2": variable("beta2", settings["beta2s"], "beta2"),
            "rule": settings["rules"],
        },
    )  # fmt: skip


def _config(settings: Mapping[str, Any], opt: str, **own: Any) -> Config:
    shared = {
        "lr": settings["lr"],
        "factor": settings["factor"],
        "power": 0.5,
        "momentum_decay": 1.0,
    }
    return Config(**{**settings["base"], **shared, **own}, opt=opt)


def _amplitude(config: Config) -> float:
    """Return the formula's amplitude; Yogi's v rests where v = g^2, as in Adam's form."""
    own = config.rule_options
    form = Config(**{**config.settings(), "memory0": None}).make_form() or Form(
        "momentum", beta1=own["beta1"], beta2=own["beta2"], eps=own["eps"]
    )
    amplitude = two_cycle(form, config.lr, config.problem_options["factor"])
    assert amplitude is not None
    return amplitude


def _ends(config: Config, most_steps: int) -> tuple[int, int]:
    """Return how a run ends, and the length of its cycle, 0 where none was found.

    It ends on x, -x where every other x of the cycle is the amplitude within rounding, and every
    other one minus it: the state to the last bit comes back only after some turns.
    """
    found = certified(config, most_steps)
    if found is None:
        return NONE, 0
    amplitude = _amplitude(config)
    if not np.isclose(found.highest, amplitude, rtol=SAME, atol=0):
        return OTHER, found.length
    setup, rule = build_setup(config), config.make_rule()
    here, once = state_of(found, setup, rule), record_steps(found.length, 1) + found.start
    x = run_to(Compiled(setup, rule), found.start + found.length, once, here)[1].x
    turns = x * np.where(np.arange(x.size) % 2, -1, 1) * np.sign(x[0])
    alternates = found.length % 2 == 0 and np.allclose(turns, amplitude, rtol=SAME, atol=0)
    return TWO if alternates else OTHER, found.length


def _from_the_cycle(settings: Mapping[str, Any]) -> int:
    """Return how long the cycle of a run is that starts on x, -x where it is unstable."""
    config = _config(settings, "adam", **settings["exact"], lr=settings["exact_lrs"][0])
    cycle = certify(build_setup(config), config.make_rule(), _amplitude(config))
    if cycle is None:
        raise Disagreement("the cycle x, -x of Adam was not found at the exact settings")
    on_it = Config(**{**config.settings(), "x0": cycle.x, "memory0": cycle.memory})
    found = certified(on_it, settings["most_steps"])
    return 0 if found is None or found.highest != cycle.highest else found.length


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return the amplitudes, and how well the bound of beta1 tells where runs end on x, -x."""
    two, below = data.end == TWO, data.beta1 < data.stable_below
    found: dict[str, Any] = {
        "runs of Adam": int(data.end.size),
        "below the bound": int(below.sum()),
        "of them certified to end on x, -x": int((two & below).sum()),
        "of them certified to end on another cycle": int(((data.end == OTHER) & below).sum()),
        "of them with no cycle found": int(((data.end == NONE) & below).sum()),
        "steps after which a run on x, -x repeats to the bit: least and most": [
            int(data.length.where(two).min()),
            int(data.length.where(two).max()),
        ],
        "above the bound, and certified to end on x, -x": int((two & ~below).sum()),
        "length of the cycle from a start on it, where it is unstable": int(data.from_the_cycle),
    }
    for rule in data.rule.values:
        one = data.sel(rule=rule)
        found[f"{rule}: |x| / alpha by the formula, by the certificate, difference in ulps"] = [
            round(float(one.amplitude), 9),
            round(float(one.certified), 9),
            _ulps(one),
        ]
    found["rules whose run from x = 1 ends on x, -x"] = [
        str(r) for r in data.rule.values[data.rule_end == TWO]
    ]
    found["rules whose run ends on another cycle"] = [
        str(r) for r in data.rule.values[data.rule_end == OTHER]
    ]
    found["rules of whose run no cycle was found"] = [
        str(r) for r in data.rule.values[data.rule_end == NONE]
    ]
    last = np.abs(data.x.isel(step=slice(-100, None))).max("step")
    found["largest |x| of the last 100 steps of the paths"] = [two_digits(x) for x in last]
    return found


def _ulps(one: xarray.Dataset) -> float:
    size = float(one.amplitude)
    return round((float(one.certified) - size) / float(np.spacing(size)), 1)


def draw(data: xarray.Dataset, figure: Figure) -> None:
    """Draw three paths, how Adam's runs end over its betas, and the amplitudes of the rules."""
    left, middle, right = layout.panels(figure, 3, 3, 2.2, 2.7, width_ratios=(1, 1, 1.1))
    for path, color, dashes in zip(
        data.path.values, (style.BLUE, style.SKY, style.VERMILLION), ("-", "-", (0, (4, 2))),
        strict=False,
    ):  # fmt: skip
        opt, beta1 = str(path).split(", ")
        label = rf"{style.LABELS[opt]}, $\beta_1 = {beta1}$"
        size = np.abs(data.x.sel(path=path))
        left.loglog(data.step, size, color=color, linestyle=dashes, linewidth=0.9, label=label)
    left.set_ylim(1e-7, 3)
    left.set_xlim(1, float(data.step[-1]))
    left.set_xlabel("$t$ (steps)")
    left.set_ylabel("$|x_t|$")
    left.set_title("Three runs", loc="left")
    _map(middle, data)
    _amplitudes(right, data)
    left.legend(loc="lower left", fontsize=7, handlelength=1.5)
    layout.letters((left, middle, right))


def _map(axes: Axes, data: xarray.Dataset) -> None:
    for end, color, label in (
        (TWO, style.BLUE, "$x, -x$"),
        (OTHER, style.ORANGE, "another cycle"),
    ):
        beta2, beta1 = np.meshgrid(data.beta2, data.beta1)
        chosen = data.end.values == end
        axes.plot(beta2[chosen], beta1[chosen], "s", color=color, markersize=1.9, label=label)
    axes.plot([], [], "s", color="white", markeredgecolor=style.GREY, markersize=4,
              markeredgewidth=0.6, label="none found")  # fmt: skip
    axes.plot(data.beta2, data.stable_below, color=style.BLACK, linewidth=1, label="our bound")
    axes.set_xlim(0, 1)
    last = float(data.beta1[-1])
    axes.set_ylim(-0.01, 1.3 * last)  # with room for the key
    axes.set_yticks(np.linspace(0, last, 6))
    axes.legend(loc="upper center", ncols=2, fontsize=7, markerscale=1.5, columnspacing=1)
    axes.set_xlabel(r"$\beta_2$")
    axes.set_ylabel(r"$\beta_1$")
    axes.set_title("How Adam's runs end", loc="left")


def _amplitudes(axes: Axes, data: xarray.Dataset) -> None:
    places = np.arange(data.rule.size)[::-1]
    axes.plot(data.amplitude, places, "|", color=style.BLACK, markersize=11, label="formula")
    axes.plot(data.certified, places, "o", color=style.GREEN, markersize=3.5, label="certificate")
    axes.set_yticks(places, [_short(str(rule)) for rule in data.rule.values])
    axes.set_xlim(0, 1.15 * float(data.amplitude.max()))
    axes.set_xlabel(r"$|x| / \alpha$")
    axes.set_title("Amplitudes", loc="left")
    axes.legend(loc="center right")


def _short(rule: str) -> str:
    return title_of(rule).replace(" without clipping", "")


def caption(settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
    """Return the cycle, where it is reached, and what is exact."""
    exact, lrs = settings["exact"], " or ".join(f"{lr:g}" for lr in settings["exact_lrs"])
    runs, below = findings["runs of Adam"], findings["below the bound"]
    reached = findings["of them certified to end on x, -x"]
    above = findings["above the bound, and certified to end on x, -x"]
    other = findings["of them certified to end on another cycle"]
    none = findings["of them with no cycle found"]
    bits = findings["steps after which a run on x, -x repeats to the bit: least and most"]
    stable = settings["stable"]
    two = ", ".join(map(_short, findings["rules whose run from x = 1 ends on x, -x"]))
    others = ", ".join(map(_short, findings["rules whose run ends on another cycle"]))
    without = ", ".join(map(_short, findings["rules of whose run no cycle was found"]))
    return Caption(
        "Cycles of two steps (Bock and Weiss, 2022) on $f(x) = c x^2 / 2$ at a constant step."
        r" (b) Certified to end on $x, -x$ (to rounding), on another cycle; white: none found."
        rf" (c) $\beta_1 = \beta_2 = {exact['beta1']}$.",
        r"Adam's cycle $|x| = \alpha (1 - \beta_1) / (2 (1 + \beta_1))$ exists at all betas, but"
        r" runs reach it below the bound only, where $\beta_1 < 1/3$. AMSGrad tends to 0. Every"
        " certified amplitude is the formula's.",
        f"No bias correction, no eps, $x_1 = {settings['base']['x0']:g}$, $c ="
        rf" {settings['factor']:g}$, $\alpha = {settings['lr']:g}$, $\beta_2 ="
        f" {settings['path_beta2']:g}$ in (a). Of the {below} of {runs} runs below the bound"
        f" {reached} are certified to end on the cycle, within rounding: they repeat to the bit"
        f" after {bits[0]} to {bits[1]} steps. {other} are certified to end on another cycle, and"
        f" of {none} none was found that begins within {settings['most_steps']:,} steps. Above the"
        f" bound {above} end on $x, -x$. (c) The cycle of the float program"
        rf" itself, whether or not a run reaches it, at $\alpha$ = {lrs} (the first at which its"
        f" rounding has one), $c = {exact['factor']:g}$. The formula"
        " for all rules and the bound are ours; Adam's amplitude is known here from a summary of"
        " the paper. Padam has the power 1/2 of AMSGrad, and ADOPT does not clip."
        rf" At $\beta_1 = {stable['beta1']:g}$, $\beta_2 = {stable['beta2']:g}$ and the $c$ and"
        rf" $\alpha$ of (a) runs from $x_1$ end on $x, -x$ for {two}, on another cycle"
        f" for {others}; none was found for {without}.",
    )
